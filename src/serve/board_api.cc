#include "aacft/serve/board_api.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "aacft/base/text.h"
#include "aacft/data/rows.h"
#include "aacft/data/turns.h"
#include "aacft/realise/realiser.h"
#include "serve/json_body.h"
#include "serve/saying.h"
#include "serve/tapped.h"

namespace aacft {

using nlohmann::json;

namespace {

constexpr std::size_t kMostSentence = 4000, kMostSpoken = 2000, kMostPicks = 500;  // bytes, characters, picks

HttpResponse json_response(const json& body) {
  HttpResponse response;
  response.body = json_text(body);
  return response;
}

json slot_json(const Tile& tile, const std::map<std::string, std::size_t>& picture_numbers) {
  json slot = {{"row", tile.row},     {"column", tile.column}, {"label", tile.label}, {"say", tile.say},
               {"emoji", tile.emoji}, {"picture", nullptr},    {"icon", nullptr},     {"color", tile.colour},
               {"link", nullptr},     {"action", nullptr}};
  if (!tile.picture.empty()) slot["picture"] = "/api/pictures/" + std::to_string(picture_numbers.at(tile.picture));
  if (tile.icon) slot["icon"] = icon_json(*tile.icon);
  if (tile.link) slot["link"] = *tile.link;
  if (!tile.action.empty()) slot["action"] = tile.action;
  if (!tile.background.empty()) slot["background"] = tile.background;
  if (!tile.border.empty()) slot["border"] = tile.border;
  return slot;
}

std::string board_json(const BoardView& view, const std::map<std::string, std::size_t>& picture_numbers) {
  json board = {
      {"name", view.name}, {"language", view.language}, {"first", 0}, {"top", json::array()}, {"pages", json::array()}};
  for (std::size_t i = 0; i < view.top; ++i) board["top"].push_back(i);
  for (const ViewPage& page : view.pages) {
    json slots = json::array();
    for (const Tile& tile : page.tiles) slots.push_back(slot_json(tile, picture_numbers));
    board["pages"].push_back({{"name", page.name},
                              {"rows", page.rows},
                              {"columns", page.columns},
                              {"list", page.list},
                              {"slots", std::move(slots)}});
  }
  return json_text(board);
}

// What somebody said, as one line of a turn: nothing in it begins another.
std::string said_by_partner(const std::string& context) {
  std::string text = one_line(context);
  for (const std::string_view mark : {kHuman, kBot})
    for (std::size_t at; (at = text.find(mark)) != text.npos;) text.erase(at, 1);
  return text;
}

}  // namespace

BoardApi::BoardApi(const BoardParts& parts, const SayOptions& options)
    : parts_(parts), options_(options), rules_(parts.view->language.empty() || parts.view->language.starts_with("en")) {
  std::map<std::string, std::size_t> numbers;
  for (const auto& [key, picture] : parts_.view->pictures) {
    numbers.emplace(key, pictures_.size());
    pictures_.push_back(&picture);
  }
  board_json_ = board_json(*parts_.view, numbers);
}

HttpResponse BoardApi::settings() const {
  const bool allowed = parts_.picks != nullptr;
  return json_response(
      {{"version", AACFT_VERSION},
       {"model", parts_.model != nullptr ? json(parts_.model->name) : json()},
       {"language", parts_.view->language},
       {"rules", rules_},
       {"speech", parts_.speech != nullptr},
       {"picks", {{"allowed", allowed}, {"file", allowed ? json(parts_.picks->file().string()) : json()}}},
       {"candidates", {{"default", options_.candidates}, {"most", options_.most_candidates}}}});
}

HttpResponse BoardApi::voices() const {
  json voices = json::array();
  if (parts_.model != nullptr) {
    for (const std::string& voice : parts_.model->voices) voices.push_back({{"id", voice}, {"name", voice}});
    voices.push_back({{"id", ""}, {"name", "no style of its own"}});
  }
  return json_response({{"voices", voices}});
}

HttpResponse BoardApi::board() const {
  HttpResponse response;
  response.body = board_json_;
  return response;
}

HttpResponse BoardApi::picture(const std::string& number) const {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), index);
  if (error != std::errc() || end != number.data() + number.size() || index >= pictures_.size())
    throw HttpError(404, "there is no such picture");
  HttpResponse response;
  response.type = pictures_[index]->type;
  response.body = pictures_[index]->bytes;
  // A picture may be a document with scripts, which must not run where somebody opens it by itself.
  response.headers = {{"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"}};
  return response;
}

BoardApi::Draft BoardApi::draft_of(const std::vector<Icon>& icons) const {
  if (rules_) return {realise(icons, *parts_.lexicon), "rules"};
  std::string words;
  for (const Icon& icon : icons) words += (words.empty() ? "" : " ") + icon.word;
  return {words, "words"};
}

HttpResponse BoardApi::draft(const HttpRequest& request) const {
  JsonBody body(request);
  const std::vector<Icon> icons = tapped_icons(body, *parts_.lexicon, options_.most_icons);
  body.refuse_rest();
  const Draft draft = draft_of(icons);
  return json_response({{"text", draft.text}, {"source", draft.source}});
}

void BoardApi::check_voice(const std::string& voice) const {
  if (voice.empty()) return;
  if (parts_.model == nullptr)
    throw HttpError(400, "there is no voice " + in_quotes(voice) + ": the server has no model", "voice");
  const auto& voices = parts_.model->voices;
  if (std::find(voices.begin(), voices.end(), voice) == voices.end())
    throw HttpError(400, "there is no voice " + in_quotes(voice) + " here, but " + listed(voices, 20), "voice");
}

// As rows that models learn from have it.
std::string BoardApi::row_prompt(const std::vector<Icon>& icons, const std::string& voice) const {
  const std::string prompt = prompt_of_icons(with_clitics(icons, *parts_.view));
  const bool drafted = rules_ && parts_.model != nullptr && parts_.model->drafted.contains(voice);
  return drafted ? prompt_with_draft(prompt, draft_of(icons).text) : prompt;
}

// An adapter is asked as its rows were; what the partner said stands before that, as a turn of its own. A model alone
// whose own style is another is asked in that, and told the draft: it knows English, but no
// icons.
std::string BoardApi::prompt_for(const std::vector<Icon>& icons, const std::string& voice,
                                 const std::string& context) const {
  const std::string prompt = row_prompt(icons, voice), said = said_by_partner(context);
  const DataOptions& rows = parts_.model->rows;
  if (!voice.empty() || rows.chat_style.family == "raw" || !rows.chat_style.problem.empty() ||
      rows.chat_style.family == openchatkit_style().family)
    return said.empty() ? prompt : std::string(kHumanTurn) + " " + said + "\n" + prompt;
  std::string asked = prompt;
  if (rules_ && !parts_.model->drafted.contains(voice)) asked = prompt_with_draft(asked, draft_of(icons).text);
  asked = asked.substr(kHumanTurn.size() + 1, asked.size() - kHumanTurn.size() - kBotTurn.size() - 2);
  if (!said.empty()) asked = "Somebody says: " + said + "\n" + asked;
  return prompt_of({{"messages", {{{"role", "user"}, {"content", asked}}}}}, rows);
}

HttpResponse BoardApi::say(const HttpRequest& request) const {
  JsonBody body(request);
  const std::vector<Icon> icons = tapped_icons(body, *parts_.lexicon, options_.most_icons);
  const std::string voice = body.text("voice", 200).value_or("");
  const std::string context = body.text("context", kMostSentence).value_or("");
  const auto wanted =
      static_cast<std::size_t>(body.whole("candidates", 1, options_.most_candidates).value_or(options_.candidates));
  const auto seed = body.whole("seed", 0, INT64_MAX).value_or(42);
  body.refuse_rest();
  check_voice(voice);
  const Draft draft = draft_of(icons);
  CandidateStream::Options stream{icons, draft.text, draft.source, wanted, options_.most_seconds, rules_, {}};
  std::unique_ptr<Answers> answers;
  if (parts_.model != nullptr) {
    const Tokenizer& tokenizer = *parts_.model->tokenizer;
    AnswerOptions options;
    options.max_new_tokens = options_.max_new_tokens;
    options.sampling.seed = static_cast<std::uint64_t>(seed);
    options.stop = {"\n", std::string(kHuman), std::string(kBot)};
    end_as_in(parts_.model->rows.chat_style, tokenizer, options);
    std::vector<std::int32_t> ids = with_beginning(tokenizer, tokenizer.encode(prompt_for(icons, voice, context)));
    if (static_cast<std::int64_t>(ids.size()) >= parts_.model->context)
      throw HttpError(400, "these are more icons than the model can take; leave some out", "icons",
                      "context_length_exceeded");
    std::vector<Request> requests;
    for (std::size_t k = 0; k < wanted; ++k)
      requests.push_back({"the icons", ids, voice, candidate_options(options, k), k, {}, {}});
    stream.another = {"the icons", std::move(ids), voice, candidate_options(options, 1), 0, {}, {}};
    answers = parts_.scheduler->ask(std::move(requests), "board " + request.client);
  }
  const auto said = std::make_shared<CandidateStream>(std::move(stream), request, std::move(answers));
  return {.type = "application/x-ndjson", .stream = [said](const HttpWrite& write) { said->write(write); }};
}

HttpResponse BoardApi::speak(const HttpRequest& request) const {
  if (parts_.speech == nullptr)
    throw HttpError(501, "the server has no voice: start it with --speak-command, or install espeak-ng", "",
                    "no_speech");
  JsonBody body(request);
  const std::string text = one_line(body.text("text", 4 * kMostSpoken).value_or(""));
  body.refuse_rest();
  if (text.empty()) throw HttpError(400, "\"text\" is empty", "text");
  return {.type = "audio/wav", .body = parts_.speech->wav(text, request.present)};
}

PickLog& BoardApi::log() const {
  if (parts_.picks == nullptr) throw HttpError(403, "this server keeps no picks", "", "picks_not_allowed");
  return *parts_.picks;
}

HttpResponse BoardApi::pick(const HttpRequest& request) const {
  PickLog& log = this->log();
  JsonBody body(request);
  if (!body.flag("log"))
    throw HttpError(403, "picks are kept only where the person has switched that on: \"log\": true", "log",
                    "picks_not_allowed");
  Pick pick;
  pick.icons = tapped_icons(body, *parts_.lexicon, options_.most_icons);
  pick.voice = body.text("voice", 200).value_or("");
  pick.said = one_line(body.text("said", kMostSentence).value_or(""));
  pick.source = body.text("source", 20).value_or("");
  pick.offered = body.texts("offered", 20, kMostSentence);
  body.refuse_rest();
  if (pick.said.empty()) throw HttpError(400, "\"said\" is empty", "said");
  if (holds_marker(pick.said)) throw HttpError(400, "\"said\" holds a mark of a turn", "said");
  static constexpr std::string_view kSources[] = {"draft", "candidate", "edited", "typed"};
  if (std::find(std::begin(kSources), std::end(kSources), pick.source) == std::end(kSources))
    throw HttpError(400, "\"source\" must be draft, candidate, edited or typed", "source");
  check_voice(pick.voice);
  pick.prompt = row_prompt(pick.icons, pick.voice);
  try {
    return json_response({{"id", log.add(std::move(pick))}});
  } catch (const HttpError&) {
    throw;
  } catch (const Error& error) {
    throw HttpError(507, std::string("the pick was not kept: ") + error.what(), "", "not_kept");
  }
}

HttpResponse BoardApi::picks() const {
  json list = json::array();
  for (const Pick& pick : log().newest(kMostPicks)) {
    json words = json::array();
    for (const Icon& icon : pick.icons) words.push_back(icon.word);
    list.push_back({{"id", pick.id}, {"time", pick.time}, {"said", pick.said}, {"icons", words}});
  }
  return json_response({{"picks", list}});
}

HttpResponse BoardApi::forget(const HttpRequest& request) const {
  PickLog& log = this->log();
  JsonBody body(request);
  const bool all = body.flag("all");
  const std::string id = body.text("id", 100).value_or("");
  body.refuse_rest();
  if (all == !id.empty()) throw HttpError(400, "say either \"id\" or \"all\": true");
  try {
    return json_response({{"forgotten", all ? log.forget_all() : log.forget(id)}});
  } catch (const HttpError&) {
    throw;
  } catch (const Error& error) {
    throw HttpError(507, std::string("nothing was forgotten: ") + error.what(), "", "not_forgotten");
  }
}

}  // namespace aacft

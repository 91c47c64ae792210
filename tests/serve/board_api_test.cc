#include "aacft/serve/board_api.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "aacft/data/rows.h"
#include "serve/board_support.h"

namespace aacft {
namespace {

using nlohmann::json;

json icons(const std::vector<std::string>& words) {
  json list = json::array();
  for (const std::string& word : words) list.push_back({{"word", word}});
  return list;
}

std::vector<json> events_of(const HttpResponse& response) {
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.type, "application/x-ndjson");
  std::vector<json> events;
  std::istringstream lines(response.body);
  for (std::string line; std::getline(lines, line);) events.push_back(json::parse(line));
  return events;
}

TEST(BoardApi, SaysWhatThereIs) {
  ServiceFixture f;
  f.parts.picks = std::make_unique<PickLog>(f.folder / "picks.jsonl");
  json settings = json_of(f.get("/api/settings"));
  EXPECT_EQ(settings["model"], "base");
  EXPECT_EQ(settings["speech"], false);
  EXPECT_EQ(settings["rules"], true);
  EXPECT_EQ(settings["picks"]["allowed"], true);
  EXPECT_EQ(settings["candidates"]["default"], 3);
  const json voices = json_of(f.get("/api/voices"))["voices"];
  ASSERT_EQ(voices.size(), 3u);
  EXPECT_EQ(voices[0]["id"], "anna");
  EXPECT_EQ(voices[2]["id"], "");

  ServiceFixture bare;
  bare.parts.model.reset();
  settings = json_of(bare.get("/api/settings"));
  EXPECT_TRUE(settings["model"].is_null());
  EXPECT_EQ(settings["picks"]["allowed"], false);
  EXPECT_TRUE(json_of(bare.get("/api/voices"))["voices"].empty());
}

// Every slot does one thing, links lead to pages, and every word can be asked for as it is.
TEST(BoardApi, ShowsTheBoard) {
  ServiceFixture f;
  const json board = json_of(f.get("/api/board"));
  EXPECT_EQ(board["language"], "en");
  EXPECT_EQ(board["top"], json({0, 1}));
  std::size_t words = 0;
  for (const json& page : board["pages"])
    for (const json& slot : page["slots"]) {
      EXPECT_EQ(!slot["icon"].is_null() + !slot["link"].is_null() + !slot["action"].is_null(), 1) << slot;
      EXPECT_LT(slot["row"], page["rows"]);
      EXPECT_LT(slot["column"], page["columns"]);
      if (!slot["link"].is_null()) {
        EXPECT_LT(slot["link"], board["pages"].size());
      }
      words += !slot["icon"].is_null();
    }
  EXPECT_GT(words, 2000u);
  const json first = board["pages"][0]["slots"][0];
  EXPECT_EQ(first["label"], "I");
  EXPECT_EQ(first["color"], "people");
  EXPECT_EQ(first["icon"], json({{"word", "I"}, {"type", "NOUN"}, {"picture", "me.png"}}));
  const json all = {{"icons", {first["icon"], board["pages"][1]["slots"][0]["icon"]}}};
  EXPECT_EQ(f.post("/api/draft", {{"icons", {first["icon"]}}}).status, 200);
}

TEST(BoardApi, Drafts) {
  ServiceFixture f;
  const auto draft = [&](const json& icons) { return json_of(f.post("/api/draft", {{"icons", icons}})); };
  EXPECT_EQ(draft(icons({"I", "want", "tea"})), json({{"text", "I want some tea."}, {"source", "rules"}}));
  EXPECT_EQ(draft(icons({"I", "want", "Zanzibar"}))["text"].get<std::string>().find("I want"), 0u);
  EXPECT_EQ(draft({{{"word", "run"}, {"type", "verb"}, {"picture", "run.png"}}})["source"], "rules");
  EXPECT_EQ(f.answerer.submitted, 0);
}

TEST(BoardApi, LeavesOtherLanguagesToTheModel) {
  ServiceFixture f;
  f.parts.view.language = "fr-CA";
  EXPECT_EQ(json_of(f.post("/api/draft", {{"icons", icons({"je", "vouloir", "thé"})}})),
            json({{"text", "je vouloir thé"}, {"source", "words"}}));
  EXPECT_EQ(json_of(f.get("/api/settings"))["rules"], false);
  const auto events = events_of(f.post("/api/say", {{"icons", icons({"je"})}, {"candidates", 1}}));
  EXPECT_EQ(events[0]["source"], "words");
  EXPECT_EQ(events[1]["event"], "candidate");
}

TEST(BoardApi, SaysTheDraftAtOnceThenCandidates) {
  ServiceFixture f;
  f.answerer.reply = [](const Request& request) {
    return request.draw == 0   ? " I'd love a cup of tea!\nAnd more"
           : request.draw == 1 ? " Tea, please!"
                               : " I want some TEA";
  };
  const auto events = events_of(f.post("/api/say", {{"icons", icons({"I", "want", "tea"})}, {"voice", "anna"}}));
  EXPECT_EQ(events[0], json({{"event", "draft"}, {"text", "I want some tea."}, {"source", "rules"}}));
  ASSERT_EQ(events.size(), 4u);  // the third candidate and all that were drawn for it say what the draft says
  EXPECT_EQ(events[1], json({{"event", "candidate"},
                             {"index", 0},
                             {"text", "Tea, please!"},
                             {"source", "drawn"},
                             {"said", {false, false, true}},
                             {"left_out", {"I", "want"}}}));
  EXPECT_EQ(events[2]["text"], "I'd love a cup of tea!");
  EXPECT_EQ(events[2]["source"], "greedy");
  EXPECT_EQ(events[2]["said"].size(), 3u);
  EXPECT_EQ(events[3], json({{"event", "done"}, {"order", {1, 0}}}));
  EXPECT_EQ(f.answerer.submitted, 3 + 3);
}

TEST(BoardApi, OffersNothingThatIsUnfit) {
  ServiceFixture f;
  f.answerer.reply = [](const Request& request) -> std::string {
    static const char* const answers[] = {" </bot> tea",      " { tea ; NOUN }", " Hmmm.", "",
                                          " Good tea, this!", " Tea|tea"};
    return answers[request.draw % 6];
  };
  const auto events = events_of(f.post("/api/say", {{"icons", icons({"tea"})}}));
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[1]["text"], "Good tea, this!");
  // Whether a text in another language says an icon is not known.
  ServiceFixture french;
  french.parts.view.language = "fr";
  french.answerer.reply = f.answerer.reply;
  EXPECT_EQ(events_of(french.post("/api/say", {{"icons", icons({"thé"})}})).size(), 4u);
}

// The model is asked as the rows that it learns from ask.
TEST(BoardApi, AsksAsTrainingRowsDo) {
  ServiceFixture f;
  f.parts.model->drafted = {"bea"};
  f.answerer.reply = [](const Request&) { return std::string("You like me, you!"); };
  json tapped = icons({"you", "like", "I"});
  tapped[1]["type"] = "VERB";
  const auto say = [&](const json& more) {
    json body = {{"icons", tapped}, {"candidates", 1}};
    body.update(more);
    events_of(f.post("/api/say", body));
  };
  say({{"voice", "anna"}});
  say({{"voice", "bea"}});
  say({{"context", "Do you\nlike <bot>: cats?"}});
  f.service.reset();
  const std::string asked =
      "<human>: Simulate an AAC communicator given the following icon input: \n* { you ; NOUN ; you.png }  \n"
      "* { like ; VERB ; like.png }  \n* { I ; NOUN ; me.png } \n<bot>:";
  std::string clitic = asked;
  clitic.replace(clitic.find("I ; NOUN"), 8, "me ; CLITIC_PRONOUN");
  EXPECT_EQ(f.answerer.order[0], clitic);
  EXPECT_EQ(f.answerer.order[1], prompt_with_draft(clitic, "You like me."));
  EXPECT_EQ(f.answerer.order[2], "<human>: Do you like bot>: cats?\n" + clitic);
}

// The model alone, where it was given another style; its adapters know their rows.
TEST(BoardApi, AsksAModelAloneInItsChatStyle) {
  ServiceFixture f;
  f.parts.model->rows.chat_style = chat_style("chatml");
  f.answerer.reply = [](const Request&) { return std::string("My tea!"); };
  const json tapped = icons({"tea"});
  const std::string draft = json_of(f.post("/api/draft", {{"icons", tapped}}))["text"];
  events_of(f.post("/api/say", {{"icons", tapped}, {"candidates", 1}, {"context", "Well?"}}));
  events_of(f.post("/api/say", {{"icons", tapped}, {"candidates", 1}, {"voice", "anna"}}));
  f.service.reset();
  const std::string asked =
      "Simulate an AAC communicator given the following icon input: \n* { tea ; NOUN ; tea.png } ";
  EXPECT_TRUE(f.answerer.order[0].ends_with("<|im_start|>user\nSomebody says: Well?\n" + asked +
                                            "\nIn plain words: " + draft + "<|im_end|>\n<|im_start|>assistant\n"))
      << f.answerer.order[0];
  EXPECT_EQ(f.answerer.order[1], "<human>: " + asked + "\n<bot>:");
}

TEST(BoardApi, SaysTheDraftAloneWithoutAModel) {
  ServiceFixture f;
  f.parts.model.reset();
  const auto events = events_of(f.post("/api/say", {{"icons", icons({"I", "want", "tea"})}}));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0]["text"], "I want some tea.");
  EXPECT_EQ(events[1], json({{"event", "done"}, {"order", json::array()}}));
  EXPECT_EQ(refusal(f.post("/api/say", {{"icons", icons({"I"})}, {"voice", "anna"}})), "400 voice");
}

TEST(BoardApi, RefusesWhatCannotStandInAPrompt) {
  ServiceFixture f;
  const auto refused = [&](const json& body) { return refusal(f.post("/api/say", body)); };
  EXPECT_EQ(refused({{"icons", json::array()}}), "400 icons");
  EXPECT_EQ(refused(json::object()), "400 icons");
  EXPECT_EQ(refused({{"icons", {{{"word", ""}}}}}), "400 icons");
  EXPECT_EQ(refused({{"icons", {{{"word", 5}}}}}), "400 word");
  EXPECT_EQ(refused({{"icons", {{{"word", "x ; y"}}}}}), "400 icons");
  EXPECT_EQ(refused({{"icons", {{{"word", "x } y"}}}}}), "400 icons");
  EXPECT_EQ(refused({{"icons", {{{"word", "<bot>"}}}}}), "400 icons");
  EXPECT_EQ(refused({{"icons", {{{"word", "x"}, {"type", "THING"}}}}}), "400 icons");
  EXPECT_EQ(refused({{"icons", {{{"word", "x"}, {"picture", "a b"}}}}}), "400 icons");
  EXPECT_EQ(refused({{"icons", {{{"word", "x"}, {"colour", "red"}}}}}), "400 colour");
  EXPECT_EQ(refused({{"icons", icons(std::vector<std::string>(65, "tea"))}}), "400 icons");
  EXPECT_EQ(refused({{"icons", icons({"tea"})}, {"voice", "nobody"}}), "400 voice");
  EXPECT_EQ(refused({{"icons", icons({"tea"})}, {"candidates", 9}}), "400 candidates");
  EXPECT_EQ(refused({{"icons", icons({"tea"})}, {"candidate", 1}}), "400 candidate");
  EXPECT_EQ(refused({{"icons", icons(std::vector<std::string>(64, "tea"))}}), "400 icons");  // more than the context
  EXPECT_EQ(f.answerer.submitted, 0);
}

TEST(BoardApi, TellsWhatFailedMidway) {
  ServiceFixture f;
  f.answerer.before_step = [] { throw std::runtime_error("the disk is gone"); };
  const auto events = events_of(f.post("/api/say", {{"icons", icons({"tea"})}}));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1]["event"], "error");
  EXPECT_NE(events[1]["message"].get<std::string>().find("the disk is gone"), std::string::npos);
}

json a_pick() {
  return {{"log", true},
          {"icons", icons({"I", "want", "tea"})},
          {"voice", "anna"},
          {"offered", {"I want some tea."}},
          {"said", "Tea,\nplease!"},
          {"source", "edited"}};
}

TEST(BoardApi, KeepsPicksAsRowsToTrainOn) {
  ServiceFixture f;
  const auto file = f.folder / "below" / "picks.jsonl";
  f.parts.picks = std::make_unique<PickLog>(file);
  EXPECT_EQ(json_of(f.get("/api/picks"))["picks"], json::array());
  EXPECT_FALSE(std::filesystem::exists(file));
  const HttpResponse kept = f.post("/api/pick", a_pick());
  EXPECT_EQ(kept.status, 200) << kept.body;
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  const json row = json::parse(line);
  const RowText text = row_text(row, {.mask_prompt = true});
  EXPECT_TRUE(text.text.starts_with("<human>: Simulate"));
  EXPECT_TRUE(text.text.ends_with("<bot>: Tea, please!\n"));
  EXPECT_EQ(text.text.substr(text.spans[0].first), " Tea, please!\n");
  EXPECT_EQ(row["offered"], json({"I want some tea."}));
  const json picks = json_of(f.get("/api/picks"))["picks"];
  EXPECT_EQ(picks[0]["said"], "Tea, please!");
  EXPECT_EQ(picks[0]["icons"], json({"I", "want", "tea"}));
  EXPECT_EQ(picks[0]["id"], json_of(kept)["id"]);
}

TEST(BoardApi, KeepsNothingUnlessSwitchedOn) {
  ServiceFixture off;
  EXPECT_EQ(refusal(off.post("/api/pick", a_pick())), "403");
  EXPECT_EQ(refusal(off.get("/api/picks")), "403");
  ServiceFixture f;
  f.parts.picks = std::make_unique<PickLog>(f.folder / "picks.jsonl");
  json pick = a_pick();
  pick.erase("log");
  EXPECT_EQ(refusal(f.post("/api/pick", pick)), "403 log");
  pick["log"] = false;
  EXPECT_EQ(refusal(f.post("/api/pick", pick)), "403 log");
  pick["log"] = true;
  pick["source"] = "elsewhere";
  EXPECT_EQ(refusal(f.post("/api/pick", pick)), "400 source");
  pick = a_pick();
  pick["said"] = "x <human>: y";
  EXPECT_EQ(refusal(f.post("/api/pick", pick)), "400 said");
  EXPECT_FALSE(std::filesystem::exists(f.folder / "picks.jsonl"));
}

TEST(BoardApi, ForgetsOneOrAll) {
  ServiceFixture f;
  const auto file = f.folder / "picks.jsonl";
  f.parts.picks = std::make_unique<PickLog>(file);
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(json_of(f.post("/api/pick", a_pick()))["id"]);
  EXPECT_EQ(json_of(f.post("/api/forget", {{"id", ids[1]}}))["forgotten"], 1);
  EXPECT_EQ(json_of(f.post("/api/forget", {{"id", ids[1]}}))["forgotten"], 0);
  const json left = json_of(f.get("/api/picks"))["picks"];
  ASSERT_EQ(left.size(), 2u);
  EXPECT_EQ(left[0]["id"], ids[2]);
  EXPECT_EQ(left[1]["id"], ids[0]);
  EXPECT_EQ(refusal(f.post("/api/forget", json::object())), "400");
  EXPECT_EQ(json_of(f.post("/api/forget", {{"all", true}}))["forgotten"], 2);
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(BoardApi, SaysWhenAPickCannotBeKept) {
  ServiceFixture f;
  f.parts.picks = std::make_unique<PickLog>("/dev/full");
  EXPECT_EQ(refusal(f.post("/api/pick", a_pick())), "507");
  EXPECT_EQ(f.get("/health").status, 200);
}

}  // namespace
}  // namespace aacft

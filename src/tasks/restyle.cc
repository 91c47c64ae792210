#include "aacft/tasks/restyle.h"

#include <unordered_map>

#include "aacft/data/turns.h"
#include "aacft/generate/generator.h"
#include "aacft/model/config.h"
#include "aacft/runtime/loaded_model.h"
#include "aacft/tokenizer/tokenizer.h"

namespace aacft {

std::optional<std::vector<Restyled>> restyle(const std::vector<PlainRow>& rows, const std::vector<StylePair>& pairs,
                                             const RestyleOptions& options, const RestyleEvents& events) {
  std::unordered_map<std::string, std::string> known;
  for (const StylePair& pair : pairs) known.try_emplace(pair.plain, pair.styled);
  std::vector<Exemplar> shown = restyle_exemplars(options.instruction, pairs, options.chat_style);
  reorder(shown, options.exemplar_seed);
  std::vector<Restyled> restyled(rows.size());
  std::vector<std::size_t> asked;  // rows
  std::vector<std::string> prompts, texts;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (const auto at = known.find(rows[i].plain); at != known.end()) {
      restyled[i] = {at->second, ""};
      continue;
    }
    asked.push_back(i);
    prompts.push_back(restyle_prompt(options.instruction, rows[i].plain, options.chat_style));
    texts.push_back(few_shot_prompt(shown, options.shots, restyle_messages(options.instruction, rows[i].plain),
                                    options.chat_style));
  }
  if (asked.empty()) return restyled;

  GenerateOptions generation = options.generation;
  check_room(prompts, texts, *load_tokenizer(options.model), generation.max_new_tokens,
             read_model_config(options.model).context());
  generation.stop = {std::string(kHuman), "\n"};  // a sentence is one line
  LoadedModel model(options.model, options.model_options, events.warn);
  end_as_in(options.chat_style, model.tokenizer(), generation);
  if (!options.adapter.empty()) model.attach(options.adapter, options.adapter, events.warn);
  GenerateEvents each;
  each.stop_requested = events.stop_requested;
  each.done = [&](std::size_t index, const Generation& generation) {
    const std::size_t row = asked[index];
    restyled[row] = checked_answer(generation.text, rows[row].plain, pairs);
    if (events.progress) events.progress(index + 1, asked.size());
  };
  if (events.progress) events.progress(0, asked.size());
  generate(model, options.adapter, texts, generation, each);
  if (events.stop_requested && events.stop_requested()) return std::nullopt;
  return restyled;
}

std::vector<SheetItem> restyled_items(const std::vector<PlainRow>& rows, const std::vector<Restyled>& restyled) {
  std::vector<SheetItem> items;
  for (std::size_t i = 0; i < rows.size(); ++i)
    items.push_back({i + 1, rows[i].prompt, restyled[i].sentence,
                     restyled[i].problem.empty() ? "plain: " + rows[i].plain : "as it was: " + restyled[i].problem});
  return items;
}

}  // namespace aacft

// Plain rows in somebody's style, as a model suggests them: see data/restyle.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "aacft/base/warn.h"
#include "aacft/data/restyle.h"
#include "aacft/generate/options.h"
#include "aacft/model/model_options.h"
#include "aacft/sheets/sheet.h"

namespace aacft {

struct RestyleOptions {
  std::filesystem::path model, adapter;  // no adapter: the model alone
  ModelOptions model_options;
  GenerateOptions generation;                  // answers end with their line, whatever its stop texts are
  ChatStyle chat_style = openchatkit_style();  // how sentences are asked for
  std::string instruction = "Say it in the same style:";
  std::int64_t shots = 5;           // pairs shown with each sentence
  std::uint64_t exemplar_seed = 0;  // 0: the first pairs, in their order; else some drawn by this seed
};

struct RestyleEvents {
  Warn warn;
  std::function<void(std::size_t answered, std::size_t asked)> progress;  // answered 0: it begins
  std::function<bool()> stop_requested;                                   // asked after every token
};

// For each row its sentence as in the pairs where it is one of them, else as the model says it. Error where prompts do
// not fit the model's context. Nothing where a stop was requested.
std::optional<std::vector<Restyled>> restyle(const std::vector<PlainRow>& rows, const std::vector<StylePair>& pairs,
                                             const RestyleOptions& options, const RestyleEvents& events);

// With the sentences as drafts; notes say what they were, or why they are as they were.
std::vector<SheetItem> restyled_items(const std::vector<PlainRow>& rows, const std::vector<Restyled>& restyled);

}  // namespace aacft

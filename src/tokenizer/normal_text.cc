#include "normal_text.h"

#include <utility>

#include "aacft/base/utf8.h"
#include "aacft/unicode/nfc.h"

namespace aacft {

NormalText::NormalText(std::string_view original, std::span<const NormalizerStep> steps) : original_(original) {
  using Kind = NormalizerStep::Kind;
  for (const NormalizerStep& step : steps) {
    switch (step.kind) {
      case Kind::kPrepend: prepend(step.to); break;
      case Kind::kReplace: replace(step.from, step.to); break;
      case Kind::kNfc:
      case Kind::kNfkc:
        const Nfc composed(text(), step.kind == Kind::kNfc ? NormalForm::kC : NormalForm::kKC);
        if (!composed.alignment().identity()) stages_.push_back({std::string(composed.text()), composed.alignment()});
    }
  }
}

void NormalText::replace(std::string_view from, std::string_view to) {
  const std::string_view before = text();
  Stage stage;
  std::size_t done = 0;
  for (std::size_t found; (found = before.find(from, done)) != std::string_view::npos; done = found + from.size()) {
    if (done < found) stage.alignment.begin_stretch(stage.text.size(), done, true);
    stage.text.append(before.substr(done, found - done));
    stage.alignment.begin_stretch(stage.text.size(), found, false);
    stage.text.append(to);
  }
  if (stage.alignment.identity()) return;
  stage.alignment.begin_stretch(stage.text.size(), done, true);
  stage.text.append(before.substr(done));
  stages_.push_back(std::move(stage));
}

void NormalText::prepend(std::string_view prefix) {
  const std::string_view before = text();
  if (before.empty()) return;
  const std::size_t first = code_point_length(before);
  Stage stage;
  stage.text.append(prefix).append(before);
  stage.alignment.begin_stretch(0, 0, false);
  stage.alignment.begin_stretch(prefix.size() + first, first, true);
  stages_.push_back(std::move(stage));
}

std::size_t NormalText::original_begin(std::size_t begin) {
  for (auto stage = stages_.rbegin(); stage != stages_.rend(); ++stage) {
    begin = stage->alignment.original_begin(begin, stage->hint);
  }
  return begin;
}

std::size_t NormalText::original_end(std::size_t end) {
  for (auto stage = stages_.rbegin(); stage != stages_.rend(); ++stage) {
    end = stage->alignment.original_end(end, stage->hint);
  }
  return end;
}

}  // namespace aacft

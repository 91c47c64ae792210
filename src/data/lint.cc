#include "aacft/data/lint.h"

#include <algorithm>
#include <tuple>

#include "aacft/base/error.h"
#include "linting.h"

namespace aacft {

Finding& Linting::add(const char* kind, Place place, std::string message) {
  const auto& kinds = lint_kinds();
  const auto at =
      std::find_if(kinds.begin(), kinds.end(), [&](const LintKind& k) { return std::string_view(k.name) == kind; });
  return report.findings.emplace_back(Finding{&*at, place, std::move(message), {}, {}, {}});
}

std::string Linting::where(Place place) const {
  return (report.files.size() > 1 ? report.files[place.file].name + ":" : "line ") + std::to_string(place.line);
}

std::size_t LintReport::count(Severity severity) const {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(), [&](const Finding& f) { return f.kind->severity == severity; }));
}

LintReport lint(const LintInput& train, const std::optional<LintInput>& eval, const LintOptions& options) {
  if (!(options.similarity > 0 && options.similarity <= 1))
    throw Error("the similarity of near duplicates must be above 0 and at most 1");
  if (options.response_marker.empty()) throw Error("the response marker must not be empty");
  Linting l{options, {}, {}};
  l.report.unit = options.tokenizer != nullptr ? "tokens" : "words";
  read_for_lint(l, train);
  if (eval) read_for_lint(l, *eval);
  measure(l);
  check_form(l);
  check_lengths(l);
  check_repeats(l);
  std::stable_sort(l.report.findings.begin(), l.report.findings.end(), [](const Finding& a, const Finding& b) {
    return std::tuple(a.kind, a.place.file, a.place.line) < std::tuple(b.kind, b.place.file, b.place.line);
  });
  return std::move(l.report);
}

}  // namespace aacft

// From sheets that came back to rows: each row is read and judged for itself, then rows of one item are merged.
#include <algorithm>
#include <map>
#include <set>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/boards/icon.h"
#include "aacft/office/encoding.h"
#include "aacft/realise/coverage.h"
#include "aacft/sheets/sheet.h"
#include "sheets/sheet_check.h"
#include "sheets/sheet_reader.h"
#include "sheets/sheet_rows.h"

namespace aacft {
namespace {

// Rows of one item, merged.
class Collector {
 public:
  Collector(SheetEntries read, const std::vector<SheetItem>* original, const CollectOptions& options)
      : original_(original),
        options_(options),
        by_number_(items_by_number(original)),
        entries_(std::move(read.entries)),
        curly_rows_(std::move(read.curly_rows)) {
    result_.findings = std::move(read.findings);
    if (original_ == nullptr) return;
    original_origin_ = origin_name(origin_of(*original_));
    for (const SheetItem& item : *original_) numbers_[original_origin_][item.prompt].insert(item.number);
  }

  Collected collect() {
    merge();
    std::stable_sort(result_.findings.begin(), result_.findings.end(),
                     [](const SheetFinding& a, const SheetFinding& b) {
                       return std::make_pair(!a.error, a.problem) < std::make_pair(!b.error, b.problem);
                     });
    return std::move(result_);
  }

 private:
  // Items of all sheets: a prompt, and which of the items with this prompt, by number.
  using Key = std::pair<std::string, std::size_t>;

  void find(SheetProblem problem, bool error, const std::string& where, std::string message) {
    result_.findings.push_back({problem, error, where, std::move(message)});
  }

  struct Item {
    std::vector<const SheetEntry*> entries;
    std::pair<std::size_t, std::size_t> place;  // in the output
  };

  // From another origin, the n-th item with a prompt is taken for the n-th here.
  std::map<Key, Item> items() {
    for (const SheetEntry& entry : entries_) numbers_[entry.origin][entry.prompt].insert(entry.number);
    std::map<std::string, std::size_t> origins;
    std::map<Key, Item> items;
    for (const SheetEntry& entry : entries_) {
      const std::set<std::size_t>& numbers = numbers_[entry.origin][entry.prompt];
      const auto rank = static_cast<std::size_t>(std::distance(numbers.begin(), numbers.find(entry.number)));
      const std::size_t origin = origins.emplace(entry.origin, origins.size()).first->second;
      Item& item = items[{entry.prompt, rank}];
      if (item.entries.empty()) item.place = {origin, entry.number};
      item.entries.push_back(&entry);
    }
    return items;
  }

  void merge() {
    report_reused_numbers();
    std::map<Key, Item> all = items();
    std::map<std::size_t, Item*> by_original;
    if (original_ != nullptr) place_by_original(all, by_original);
    std::vector<Item*> order;
    for (auto& [key, item] : all) order.push_back(&item);
    std::sort(order.begin(), order.end(), [](const Item* a, const Item* b) { return a->place < b->place; });
    for (Item* item : order) merge_item(*item);
    if (original_ != nullptr) add_never_seen(by_original);
    report_by_sheet(
        missing_rows_, SheetProblem::kMissing, options_.missing == MissingRewrite::kError,
        options_.missing == MissingRewrite::kDraft ? "no rewrite; the draft is taken" : "no rewrite; left out");
    report_by_sheet(curly_rows_, SheetProblem::kQuotes, false,
                    options_.straight_quotes ? "curly quotation marks made plain"
                                             : "curly quotation marks, kept; --straight-quotes makes them plain");
    report_by_sheet(same_rows_, SheetProblem::kSameAsDraft, false, "the rewrite is the draft");
  }

  void report_reused_numbers() {
    std::map<std::pair<std::string, std::size_t>, const SheetEntry*> first;
    for (const SheetEntry& entry : entries_) {
      const SheetEntry* other = first.emplace(std::make_pair(entry.origin, entry.number), &entry).first->second;
      if (other->prompt != entry.prompt)
        find(SheetProblem::kEdited, true, entry.where(),
             "number " + std::to_string(entry.number) + " is also that of " + other->where() + ", for other icons");
    }
  }

  void place_by_original(std::map<Key, Item>& all, std::map<std::size_t, Item*>& by_original) {
    for (auto at = all.begin(); at != all.end();) {
      const auto& numbers = numbers_[original_origin_][at->first.first];
      const bool known =
          at->first.second < numbers.size() &&
          by_number_.contains(*std::next(numbers.begin(), static_cast<std::ptrdiff_t>(at->first.second)));
      if (!known) {
        for (const SheetEntry* entry : at->second.entries)
          find(SheetProblem::kUnknown, true, entry->where(),
               "the original has no such item: " + readable_icons(entry->prompt, nullptr) +
                   (entry->rewrite.empty() ? "" : "; the rewrite is " + in_quotes(entry->rewrite)));
        at = all.erase(at);
        continue;
      }
      const std::size_t number = *std::next(numbers.begin(), static_cast<std::ptrdiff_t>(at->first.second));
      at->second.place = {0, number};
      by_original[number] = &at->second;
      ++at;
    }
  }

  void merge_item(const Item& item) {
    ++result_.items;
    std::vector<const SheetEntry*> different;  // each rewrite once
    for (const SheetEntry* entry : item.entries)
      if (!entry->rewrite.empty() && std::none_of(different.begin(), different.end(), [&](const SheetEntry* other) {
            return other->rewrite == entry->rewrite;
          }))
        different.push_back(entry);
    const SheetItem* sent = original_ == nullptr ? nullptr : by_number_.at(item.place.second);
    CollectedRow row{item.place.second, item.entries[0]->prompt, "", notes_of(item), item.entries[0]->where()};
    const std::string draft = sent != nullptr ? sent->draft : item.entries[0]->draft;
    if (different.size() > 1) resolve_conflict(different);
    for (const SheetEntry* entry : different) {
      judge(*entry, draft);
      row.rewrite = entry->rewrite;
      row.where = entry->where();
      result_.rows.push_back(row);
    }
    if (!row.note.empty()) result_.notes.push_back(row);
    if (!different.empty()) {
      ++result_.rewritten;
      return;
    }
    for (const SheetEntry* entry : item.entries) missing_rows_[entry->sheet].insert(entry->row);
    take_missing(row, draft);
  }

  void take_missing(CollectedRow row, const std::string& draft) {
    result_.missing.push_back(row.number);
    if (options_.missing != MissingRewrite::kDraft) return;
    if (draft.empty()) {
      find(SheetProblem::kMissing, true, row.where, "neither rewrite nor draft");
      return;
    }
    row.rewrite = draft;
    result_.rows.push_back(std::move(row));
  }

  static std::string notes_of(const Item& item) {
    std::vector<std::string_view> different;
    std::string notes;
    for (const SheetEntry* entry : item.entries) {
      if (entry->note.empty() || std::find(different.begin(), different.end(), entry->note) != different.end())
        continue;
      different.push_back(entry->note);
      notes += (notes.empty() ? "" : " | ") + entry->note;
    }
    return notes;
  }

  void resolve_conflict(std::vector<const SheetEntry*>& different) {
    const SheetEntry& first = *different.front();
    for (std::size_t i = 1; i < different.size(); ++i)
      find(SheetProblem::kConflict, options_.conflicts == Conflict::kError, different[i]->where(),
           in_quotes(different[i]->rewrite) + ", but " + first.where() + " has " + in_quotes(first.rewrite) + " for " +
               readable_icons(first.prompt, nullptr));
    if (options_.conflicts == Conflict::kFirst) different = {&first};
    if (options_.conflicts == Conflict::kLast) different.erase(different.begin(), different.end() - 1);
  }

  void judge(const SheetEntry& entry, const std::string& draft) {
    if (is_formula_error(entry.rewrite)) return;  // told already
    if (with_straight_quotes(entry.rewrite) == with_straight_quotes(draft)) same_rows_[entry.sheet].insert(entry.row);
    std::vector<Icon> icons;
    try {
      icons = icons_of_prompt(entry.prompt);
    } catch (const Error&) {
      return;  // a prompt of another kind
    }
    for (Icon& icon : icons) icon.word = without_mojibake(icon.word);
    const std::vector<bool> used = icons_used(icons, entry.rewrite);
    std::string left_out;
    for (std::size_t i = 0; i < icons.size(); ++i)
      if (!used[i] && icons[i].type != IconType::kDot)
        left_out += (left_out.empty() ? "" : ", ") + on_one_line(icons[i].word);
    if (!left_out.empty())
      find(SheetProblem::kLeftOut, false, entry.where(), left_out + ": not in " + in_quotes(entry.rewrite));
  }

  // Items of the original that no sheet has.
  void add_never_seen(const std::map<std::size_t, Item*>& seen) {
    std::vector<std::size_t> numbers;
    for (const SheetItem& item : *original_) {
      if (seen.contains(item.number)) continue;
      numbers.push_back(item.number);
      take_missing({item.number, item.prompt, "", "", "the original, row " + std::to_string(item.number)}, item.draft);
    }
    const auto by_number = [](const CollectedRow& a, const CollectedRow& b) { return a.number < b.number; };
    std::stable_sort(result_.rows.begin(), result_.rows.end(), by_number);
    std::sort(result_.missing.begin(), result_.missing.end());
    if (!numbers.empty())
      find(SheetProblem::kMissing, options_.missing == MissingRewrite::kError, "no sheet",
           "has the original's " + rows_listed(numbers));
  }

  void report_by_sheet(const RowsBySheet& rows, SheetProblem problem, bool error, const std::string& message) {
    for (const auto& [sheet, numbers] : rows)
      find(problem, error, sheet + ", " + rows_listed({numbers.begin(), numbers.end()}), message);
  }

  const std::vector<SheetItem>* original_;
  const CollectOptions& options_;
  const std::map<std::size_t, const SheetItem*> by_number_;
  const std::vector<SheetEntry> entries_;
  RowsBySheet missing_rows_, same_rows_, curly_rows_;
  std::string original_origin_;
  std::map<std::string, std::map<std::string, std::set<std::size_t>>> numbers_;  // of each origin's prompts
  Collected result_;
};

}  // namespace

std::string_view name_of(SheetProblem problem) {
  switch (problem) {
    case SheetProblem::kFormula: return "taken for a formula";
    case SheetProblem::kEncoding: return "wrong encoding";
    case SheetProblem::kMarker: return "marker in a sentence";
    case SheetProblem::kEdited: return "prompt edited";
    case SheetProblem::kUnknown: return "unknown row";
    case SheetProblem::kDraftEdited: return "draft edited";
    case SheetProblem::kConflict: return "conflict";
    case SheetProblem::kMissing: return "missing rewrite";
    case SheetProblem::kLeftOut: return "icon left out";
    case SheetProblem::kSameAsDraft: return "same as the draft";
    case SheetProblem::kQuotes: return "curly quotes";
    case SheetProblem::kNormalised: return "characters replaced";
    case SheetProblem::kExtra: return "not of the sheet";
    case SheetProblem::kNotRead: return "not read";
  }
  return "";
}

bool Collected::failed() const {
  return std::any_of(findings.begin(), findings.end(), [](const SheetFinding& finding) { return finding.error; });
}

Collected collect_sheets(const std::vector<SheetFile>& files, const std::vector<SheetItem>* original,
                         const CollectOptions& options) {
  return Collector(read_entries(files, original, options), original, options).collect();
}

}  // namespace aacft

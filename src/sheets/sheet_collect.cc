// From sheets that came back to rows: each row is read and judged for itself, then rows of one item are merged.
#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "aacft/base/error.h"
#include "aacft/base/utf8.h"
#include "aacft/boards/icon.h"
#include "aacft/office/encoding.h"
#include "aacft/realise/coverage.h"
#include "aacft/sheets/sheet.h"
#include "sheets/sheet_check.h"
#include "sheets/sheet_rows.h"

namespace aacft {
namespace {

constexpr std::string_view kHowTo = "How to";

// One row of a sheet, as far as its prompt is beyond doubt.
struct Entry {
  std::size_t number = 0;
  std::string prompt, draft, rewrite, note;
  std::string origin;  // rows of one origin have different numbers for different items
  std::string sheet;   // "anna.xlsx"; "anna.xlsx, sheet "Copy""
  std::size_t row = 0;
  std::string where() const { return sheet + ", row " + std::to_string(row); }
};

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kMost = 100;
  if (text.size() <= kMost) return "\"" + std::string(text) + "\"";
  return "\"" + std::string(text.substr(0, complete_utf8_prefix(text.substr(0, kMost)))) + "...\"";
}

std::size_t number_of(std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  return error == std::errc() && rest.find_first_not_of(".0 ") == rest.npos ? number : 0;
}

// What a program shows where it took a sentence for a formula.
bool is_formula_error(std::string_view text) {
  static const std::set<std::string_view> kErrors = {"#NAME?", "#VALUE!", "#REF!",   "#DIV/0!", "#N/A",
                                                     "#NULL!", "#NUM!",   "#ERROR!", "#SPILL!", "#CALC!"};
  return kErrors.contains(text) || (text.starts_with("Err:") && text.size() == 7);
}

// What programs make of ' and " while somebody types.
std::string with_straight_quotes(std::string text) {
  for (const std::string_view curly : {"‘", "’", "“", "”"})
    for (std::size_t at = 0; (at = text.find(curly, at)) != text.npos; ++at)
      text.replace(at, curly.size(), curly == "‘" || curly == "’" ? "'" : "\"");
  return text;
}

class Collector {
 public:
  Collector(const std::vector<SheetItem>* original, const CollectOptions& options)
      : original_(original), options_(options) {
    if (original_ == nullptr) return;
    original_origin_ = origin_name(origin_of(*original_));
    for (const SheetItem& item : *original_) {
      by_number_.emplace(item.number, &item);
      numbers_[original_origin_][item.prompt].insert(item.number);
    }
  }

  Collected collect(const std::vector<SheetFile>& files) {
    for (const SheetFile& file : files) read_file(file);
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

  static std::string origin_name(std::uint32_t origin) { return "check " + std::to_string(origin); }

  void find(SheetProblem problem, bool error, const std::string& where, std::string message) {
    result_.findings.push_back({problem, error, where, std::move(message)});
  }

  void read_file(const SheetFile& file) {
    std::vector<const Sheet*> visible, hidden, others;
    for (const Sheet& sheet : file.sheets)
      (!columns_of(sheet) ? others : sheet.hidden ? hidden : visible).push_back(&sheet);
    if (visible.empty()) visible.swap(hidden);
    if (visible.empty())
      throw Error(file.name, ": no sheet has the columns \"Rewrite\" and \"Prompt\"", header_hint(file));
    for (const Sheet* sheet : hidden)
      find(SheetProblem::kNotRead, false, file.name, "the sheet " + in_quotes(sheet->name) + " is hidden and not read");
    for (const Sheet* sheet : others)
      if (sheet->name != kHowTo && !sheet->cells.empty())
        find(SheetProblem::kExtra, false, file.name,
             "the sheet " + in_quotes(sheet->name) + " has no column \"Rewrite\" and is not read");
    for (const Sheet* sheet : visible)
      read_sheet(*sheet, visible.size() > 1 ? file.name + ", sheet \"" + sheet->name + "\"" : file.name);
  }

  static std::string header_hint(const SheetFile& file) {
    std::string line;
    for (const Sheet& sheet : file.sheets)
      for (const SheetCell& cell : sheet.cells) {
        if (cell.row != sheet.cells.front().row || line.size() > 200) break;
        line += (line.empty() ? "; its first row is " : ", ") + in_quotes(cell.text);
      }
    return line;
  }

  void read_sheet(const Sheet& sheet, const std::string& name) {
    const SheetColumns columns = *columns_of(sheet);
    if (!columns.has(SheetColumn::kCheck))
      find(SheetProblem::kEdited, false, name,
           "no column \"Check\": whether a prompt was changed cannot be told" +
               std::string(original_ == nullptr ? "; --original FILE compares them" : " but by the original"));
    report_extra(sheet, columns, name);
    for (const SheetRow& row : rows_of(sheet, columns)) read_row(row, columns, name);
    ++sheet_count_;
  }

  void report_extra(const Sheet& sheet, const SheetColumns& columns, const std::string& name) {
    for (const SheetCell& cell : sheet.cells)
      if (cell.row < columns.header_row)
        find(SheetProblem::kExtra, false, name + ", row " + std::to_string(cell.row),
             "above the header, left out: " + in_quotes(cell.text));
    for (const SheetCell& comment : sheet.comments)
      if (comment.row <= columns.header_row)
        find(SheetProblem::kExtra, false, name + ", row " + std::to_string(comment.row),
             "a comment, left out: " + in_quotes(comment.text));
    for (const auto& [position, header] : columns.others)
      find(SheetProblem::kExtra, false, name,
           "what stands in the column " + in_quotes(header) + " is added to the notes");
  }

  void read_row(const SheetRow& row, const SheetColumns& columns, const std::string& sheet) {
    Entry entry;
    entry.sheet = sheet;
    entry.row = row.row;
    const bool belongs = !row.text(SheetColumn::kNumber).empty() || !row.text(SheetColumn::kPrompt).empty() ||
                         !row.text(SheetColumn::kCheck).empty();
    if (!belongs) {
      report_stray(row, entry);
    } else if (find_prompt(row, columns, entry)) {
      read_draft(row, entry);
      read_rewrite(row, entry);
      read_note(row, entry);
      entries_.push_back(std::move(entry));
    }
  }

  // Nothing that was typed may go unseen; a sentence stops everything.
  void report_stray(const SheetRow& row, const Entry& entry) {
    const std::string& rewrite = row.text(SheetColumn::kRewrite);
    if (!rewrite.empty())
      find(SheetProblem::kUnknown, true, entry.where(),
           "neither number nor prompt say what " + in_quotes(rewrite) + " rewrites; put it into the row of its item");
    for (const auto& [column, text] : row.texts)
      if (column != SheetColumn::kRewrite)
        find(SheetProblem::kExtra, false, entry.where(), "belongs to no item, left out: " + in_quotes(text));
    for (const auto& [header, text] : row.others)
      find(SheetProblem::kExtra, false, entry.where(), "belongs to no item, left out: " + in_quotes(text));
  }

  // The prompt as it was sent: the cell's, or what it was before a program trimmed or rewrapped it.
  bool find_prompt(const SheetRow& row, const SheetColumns& columns, Entry& entry) {
    const std::string& cell = row.text(SheetColumn::kPrompt);
    entry.number = number_of(row.text(SheetColumn::kNumber));
    const auto known = by_number_.find(entry.number);
    const SheetItem* sent = known == by_number_.end() ? nullptr : known->second;
    const auto edited = [&](const std::string& what) {
      std::string message = what;
      if (sent != nullptr)
        message += "; number " + std::to_string(entry.number) + " was: " + readable_icons(sent->prompt, nullptr);
      if (const std::string& rewrite = row.text(SheetColumn::kRewrite); !rewrite.empty())
        message += "; the rewrite is " + in_quotes(rewrite);
      find(SheetProblem::kEdited, true, entry.where(), message);
      return false;
    };
    const auto decoded = prompt_of_cell(cell);
    if (!decoded) return edited("the prompt was changed: it is no whole text any more");

    if (!columns.has(SheetColumn::kCheck)) return find_unchecked(columns, *decoded, sent, entry, edited);
    const auto check = check_word_of(on_one_line(row.text(SheetColumn::kCheck)));
    if (!check)
      return edited(row.text(SheetColumn::kCheck).empty() ? "the check word is missing" : "the check word was changed");
    entry.origin = origin_name(check->origin);
    for (const std::string& candidate : candidates(*decoded, sent)) {
      if (check_of_item(entry.number, candidate) != check->item) continue;
      if (!decoded->empty() && without_space(candidate) != without_space(*decoded)) break;
      entry.prompt = candidate;
      return true;
    }
    return edited(entry.number == 0 && !row.text(SheetColumn::kNumber).empty()
                      ? "the number was changed to " + in_quotes(row.text(SheetColumn::kNumber))
                      : "the prompt or the number was changed since the sheet was made");
  }

  static std::vector<std::string> candidates(const std::string& prompt, const SheetItem* sent) {
    std::vector<std::string> all = {prompt};
    if (sent != nullptr) all.push_back(sent->prompt);
    std::string lines = prompt;
    std::erase(lines, '\r');
    all.push_back(std::move(lines));
    try {
      all.push_back(prompt_of_icons(icons_of_prompt(prompt)));
    } catch (const Error&) {  // not of icons
    }
    return all;
  }

  // A sheet that was made elsewhere, or lost its last columns.
  template <typename Edited>
  bool find_unchecked(const SheetColumns& columns, const std::string& prompt, const SheetItem* sent, Entry& entry,
                      const Edited& edited) {
    entry.origin = "sheet " + std::to_string(sheet_count_);
    if (sent != nullptr && (prompt.empty() || without_space(prompt) == without_space(sent->prompt))) {
      entry.prompt = sent->prompt;
      entry.origin = original_origin_;
      return true;
    }
    if (prompt.empty())
      return edited(original_ == nullptr ? "the prompt is missing; --original FILE gives it by its number"
                                         : "the original has no such number, and the prompt is missing");
    if (sent != nullptr) return edited("the prompt is not the original's");
    if (!prompt.ends_with("<bot>:")) return edited("the prompt was changed: it does not end with \"<bot>:\"");
    if (!columns.has(SheetColumn::kNumber)) entry.number = entry.row;
    if (entry.number == 0) return edited("the number is missing, or none");
    entry.prompt = prompt;
    return true;
  }

  void read_draft(const SheetRow& row, Entry& entry) {
    entry.draft = on_one_line(row.text(SheetColumn::kDraft));
    const auto check = check_word_of(on_one_line(row.text(SheetColumn::kCheck)));
    if (!check || row.texts.count(SheetColumn::kDraft) == 0 || check_of_draft(entry.draft) == check->draft) return;
    const bool lost = row.text(SheetColumn::kRewrite).empty();
    find(SheetProblem::kDraftEdited, lost, entry.where(),
         "the draft was changed to " + in_quotes(entry.draft) +
             (lost ? ", but there is no rewrite; if it is meant as one, put it into that column" : ""));
  }

  void read_rewrite(const SheetRow& row, Entry& entry) {
    std::string changes;
    const std::string typed = row.text(SheetColumn::kRewrite);
    entry.rewrite = on_one_line(typed, &changes);
    if (entry.rewrite.empty()) return;
    if (is_formula_error(entry.rewrite))
      find(SheetProblem::kFormula, true, entry.where(),
           "the sheet shows " + in_quotes(entry.rewrite) +
               ": a sentence was taken for a formula; type it again with ' in front");
    if (entry.rewrite.find("\uFFFD") != std::string::npos)
      find(SheetProblem::kEncoding, true, entry.where(),
           "letters are lost (\uFFFD) in " + in_quotes(entry.rewrite) + "; save the sheet again, in UTF-8");
    if (const std::string better = without_mojibake(entry.rewrite); better != entry.rewrite)
      find(SheetProblem::kEncoding, true, entry.where(),
           "read in the wrong encoding: " + in_quotes(entry.rewrite) + " was probably " + in_quotes(better) +
               "; save the sheet again as .xlsx, or in UTF-8");
    for (const std::string_view marker : {"<bot>:", "<human>:"})
      if (entry.rewrite.find(marker) != std::string::npos)
        find(SheetProblem::kMarker, true, entry.where(), "a sentence must not hold \"" + std::string(marker) + "\"");
    if (std::string plain = with_straight_quotes(entry.rewrite); plain != entry.rewrite) {
      curly_rows_[entry.sheet].insert(entry.row);
      if (options_.straight_quotes) entry.rewrite = std::move(plain);
    }
    if (!changes.empty())
      find(SheetProblem::kNormalised, false, entry.where(),
           changes + " in " + in_quotes(entry.rewrite) + " became a blank, or nothing");
  }

  static void read_note(const SheetRow& row, Entry& entry) {
    entry.note = on_one_line(row.text(SheetColumn::kNote));
    for (const auto& [header, text] : row.others)
      entry.note += (entry.note.empty() ? "" : " | ") + header + ": " + on_one_line(text);
  }

  // ---- rows of one item ----

  struct Item {
    std::vector<const Entry*> entries;
    std::pair<std::size_t, std::size_t> place;  // in the output
  };

  // From another origin, the n-th item with a prompt is taken for the n-th here.
  std::map<Key, Item> items() {
    for (const Entry& entry : entries_) numbers_[entry.origin][entry.prompt].insert(entry.number);
    std::map<std::string, std::size_t> origins;
    std::map<Key, Item> items;
    for (const Entry& entry : entries_) {
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
    std::map<std::pair<std::string, std::size_t>, const Entry*> first;
    for (const Entry& entry : entries_) {
      const Entry* other = first.emplace(std::make_pair(entry.origin, entry.number), &entry).first->second;
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
        for (const Entry* entry : at->second.entries)
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
    std::vector<const Entry*> different;  // each rewrite once
    for (const Entry* entry : item.entries)
      if (!entry->rewrite.empty() && std::none_of(different.begin(), different.end(),
                                                  [&](const Entry* other) { return other->rewrite == entry->rewrite; }))
        different.push_back(entry);
    const SheetItem* sent = original_ == nullptr ? nullptr : by_number_.at(item.place.second);
    CollectedRow row{item.place.second, item.entries[0]->prompt, "", notes_of(item), item.entries[0]->where()};
    const std::string draft = sent != nullptr ? sent->draft : item.entries[0]->draft;
    if (different.size() > 1) resolve_conflict(different);
    for (const Entry* entry : different) {
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
    for (const Entry* entry : item.entries) missing_rows_[entry->sheet].insert(entry->row);
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
    for (const Entry* entry : item.entries) {
      if (entry->note.empty() || std::find(different.begin(), different.end(), entry->note) != different.end())
        continue;
      different.push_back(entry->note);
      notes += (notes.empty() ? "" : " | ") + entry->note;
    }
    return notes;
  }

  void resolve_conflict(std::vector<const Entry*>& different) {
    const Entry& first = *different.front();
    for (std::size_t i = 1; i < different.size(); ++i)
      find(SheetProblem::kConflict, options_.conflicts == Conflict::kError, different[i]->where(),
           in_quotes(different[i]->rewrite) + ", but " + first.where() + " has " + in_quotes(first.rewrite) + " for " +
               readable_icons(first.prompt, nullptr));
    if (options_.conflicts == Conflict::kFirst) different = {&first};
    if (options_.conflicts == Conflict::kLast) different.erase(different.begin(), different.end() - 1);
  }

  void judge(const Entry& entry, const std::string& draft) {
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

  void report_by_sheet(const std::map<std::string, std::set<std::size_t>>& rows, SheetProblem problem, bool error,
                       const std::string& message) {
    for (const auto& [sheet, numbers] : rows)
      find(problem, error, sheet + ", " + rows_listed({numbers.begin(), numbers.end()}), message);
  }

  const std::vector<SheetItem>* original_;
  CollectOptions options_;
  std::string original_origin_;
  std::map<std::size_t, const SheetItem*> by_number_;
  std::map<std::string, std::map<std::string, std::set<std::size_t>>> numbers_;  // of each origin's prompts
  std::vector<Entry> entries_;
  std::size_t sheet_count_ = 0;
  std::map<std::string, std::set<std::size_t>> missing_rows_, same_rows_, curly_rows_;
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
  return Collector(original, options).collect(files);
}

}  // namespace aacft

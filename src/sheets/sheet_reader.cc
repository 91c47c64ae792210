#include "sheets/sheet_reader.h"

#include <algorithm>
#include <charconv>

#include "aacft/base/error.h"
#include "aacft/base/text.h"
#include "aacft/base/utf8.h"
#include "aacft/boards/icon.h"
#include "aacft/office/encoding.h"
#include "sheets/sheet_check.h"
#include "sheets/sheet_rows.h"

namespace aacft {
namespace {

constexpr std::string_view kHowTo = "How to";

std::size_t number_of(std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  return error == std::errc() && rest.find_first_not_of(".0 ") == rest.npos ? number : 0;
}

class SheetReader {
 public:
  SheetReader(const std::vector<SheetItem>* original, const CollectOptions& options)
      : original_(original), options_(options), by_number_(items_by_number(original)) {
    if (original_ != nullptr) original_origin_ = origin_name(origin_of(*original_));
  }

  SheetEntries read(const std::vector<SheetFile>& files) {
    for (const SheetFile& file : files) read_file(file);
    return std::move(result_);
  }

 private:
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
    const std::vector<SheetRow> rows = rows_of(sheet, columns);
    report_encoding(rows, name);
    for (const SheetRow& row : rows) read_row(row, columns, name);
    ++sheet_count_;
  }

  // What the icons' column should show is known. Where it shows something else, nothing else can be trusted.
  void report_encoding(const std::vector<SheetRow>& rows, const std::string& name) {
    const auto misread = [](const SheetRow& row) {
      const auto prompt = prompt_of_cell(row.text(SheetColumn::kPrompt));
      const std::string& icons = row.text(SheetColumn::kIcons);
      return prompt && !prompt->empty() && !icons.empty() && is_misread(icons, readable_icons(*prompt, nullptr));
    };
    const auto wrong = std::find_if(rows.begin(), rows.end(), misread);
    if (wrong == rows.end()) return;
    for (const SheetRow& row : rows)
      for (const SheetColumn column : {SheetColumn::kRewrite, SheetColumn::kNote})
        if (const std::string& text = row.text(column); is_misread(text, ""))
          find(SheetProblem::kEncoding, true, name + ", row " + std::to_string(row.row),
               in_quotes(text) + " may be read in the wrong encoding, as the icons of row " +
                   std::to_string(wrong->row) + " are (" + in_quotes(wrong->text(SheetColumn::kIcons)) +
                   "); save the sheet again as .xlsx, or in UTF-8");
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
    SheetEntry entry;
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
      result_.entries.push_back(std::move(entry));
    }
  }

  // Nothing that was typed may go unseen; a sentence stops everything.
  void report_stray(const SheetRow& row, const SheetEntry& entry) {
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
  bool find_prompt(const SheetRow& row, const SheetColumns& columns, SheetEntry& entry) {
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
  bool find_unchecked(const SheetColumns& columns, const std::string& prompt, const SheetItem* sent, SheetEntry& entry,
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

  void read_draft(const SheetRow& row, SheetEntry& entry) {
    entry.draft = on_one_line(row.text(SheetColumn::kDraft));
    const auto check = check_word_of(on_one_line(row.text(SheetColumn::kCheck)));
    if (!check || row.texts.count(SheetColumn::kDraft) == 0 || check_of_draft(entry.draft) == check->draft) return;
    const bool lost = row.text(SheetColumn::kRewrite).empty();
    find(SheetProblem::kDraftEdited, lost, entry.where(),
         "the draft was changed to " + in_quotes(entry.draft) +
             (lost ? ", but there is no rewrite; if it is meant as one, put it into that column" : ""));
  }

  void read_rewrite(const SheetRow& row, SheetEntry& entry) {
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
      result_.curly_rows[entry.sheet].insert(entry.row);
      if (options_.straight_quotes) entry.rewrite = std::move(plain);
    }
    if (!changes.empty())
      find(SheetProblem::kNormalised, false, entry.where(),
           changes + " in " + in_quotes(entry.rewrite) + " became a blank, or nothing");
  }

  static void read_note(const SheetRow& row, SheetEntry& entry) {
    entry.note = on_one_line(row.text(SheetColumn::kNote));
    for (const auto& [header, text] : row.others)
      entry.note += (entry.note.empty() ? "" : " | ") + header + ": " + on_one_line(text);
  }

  const std::vector<SheetItem>* original_;
  const CollectOptions& options_;
  const std::map<std::size_t, const SheetItem*> by_number_;
  std::string original_origin_;
  std::size_t sheet_count_ = 0;
  SheetEntries result_;
};

}  // namespace

SheetEntries read_entries(const std::vector<SheetFile>& files, const std::vector<SheetItem>* original,
                          const CollectOptions& options) {
  return SheetReader(original, options).read(files);
}

std::map<std::size_t, const SheetItem*> items_by_number(const std::vector<SheetItem>* original) {
  std::map<std::size_t, const SheetItem*> items;
  if (original != nullptr)
    for (const SheetItem& item : *original) items.emplace(item.number, &item);
  return items;
}

std::string origin_name(std::uint32_t origin) { return "check " + std::to_string(origin); }

bool is_formula_error(std::string_view text) {
  static const std::set<std::string_view> kErrors = {"#NAME?", "#VALUE!", "#REF!",   "#DIV/0!", "#N/A",
                                                     "#NULL!", "#NUM!",   "#ERROR!", "#SPILL!", "#CALC!"};
  const bool hashes = text.size() > 2 && text.find_first_not_of('#') == text.npos;  // a date before 1900
  return hashes || kErrors.contains(text) || (text.starts_with("Err:") && text.size() == 7);
}

std::string with_straight_quotes(std::string text) {
  for (const std::string_view curly : {"‘", "’", "“", "”"})
    for (std::size_t at = 0; (at = text.find(curly, at)) != text.npos; ++at)
      text.replace(at, curly.size(), curly == "‘" || curly == "’" ? "'" : "\"");
  return text;
}

}  // namespace aacft

// Configuration files: what is read, written again, reads the same.
#include "cli/toml.h"

#include "fuzz/target.h"

void aacft::fuzz::run(std::string_view input) {
  using namespace aacft::cli;
  const std::vector<TomlEntry> entries = read_toml(write("run.toml", input));
  std::string text, section;
  for (const TomlEntry& entry : entries) {
    require(entry.line >= 1 && (entry.type == TomlType::kArray || entry.values.size() == 1),
            "an entry has a line and a value");
    if (entry.section != section) text += "[" + toml_string(section = entry.section) + "]\n";
    text += toml_string(entry.key) + " = ";
    if (entry.type == TomlType::kArray) {
      text += "[";
      for (const std::string& value : entry.values) text += toml_string(value) + ", ";
      text += "]";
    } else {
      text += entry.type == TomlType::kString ? toml_string(entry.values[0]) : entry.values[0];
    }
    text += "\n";
  }
  const std::vector<TomlEntry> again = read_toml(write("again.toml", text));
  require(again.size() == entries.size(), "read(write(x)) == x");
  for (std::size_t i = 0; i < entries.size(); ++i)
    require(again[i].section == entries[i].section && again[i].key == entries[i].key &&
                again[i].type == entries[i].type && again[i].values == entries[i].values,
            "read(write(x)) == x");
}

// How prompts are laid out, so that one that is laid out differently stands out.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aacft {

// For a message: in quotes, with control characters escaped, and shortened.
std::string in_message(std::string_view text);
std::string share(std::size_t part, std::size_t whole);  // "3 of 4"

// Counts the lines of all prompts by their place (first, between, before the marker, with the marker; and the start of
// the answer), then tells what differs in one. Of lines but the first and the last only the skeleton matters: "* { _ ;
// _ ; _ }" is every icon.
class PromptShapes {
 public:
  void count(std::string_view prompt, std::string_view answer);

  struct Oddity {
    bool spacing = false;  // only spaces differ; else more
    std::string message;
  };
  // At most one of each sort. Only what most prompts agree on is compared: more than half of the lines that differ from
  // it in nothing but spaces, or nine tenths of all lines at that place.
  std::vector<Oddity> oddities(std::string_view prompt, std::string_view answer) const;

 private:
  enum Role { kFirst, kBetween, kLast, kMarker, kAnswer, kRoles };
  struct Line {
    Role role;
    std::size_t number;  // from 1, in the prompt
    std::string form;    // the line or its skeleton
  };
  struct Group {  // of lines that differ in nothing but spaces
    std::size_t lines = 0;
    std::map<std::string, std::size_t> forms;
    std::string usual;  // the form that most have
  };
  static std::vector<Line> lines_of(std::string_view prompt, std::string_view answer);
  static std::string skeleton(std::string_view line);
  static std::string without_spaces(std::string_view form);

  struct Place {
    std::size_t lines = 0;
    std::map<std::string, Group> groups;  // by the form without its spaces
    std::string usual;                    // the largest group's key
  };
  Place places_[kRoles];
};

}  // namespace aacft

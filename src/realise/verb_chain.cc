#include "realise/verb_chain.h"

#include <algorithm>

namespace aacft {
namespace {

// want before what is wanted; be of a state after it.
void order_groups(std::vector<Group>& groups, bool lets) {
  for (std::size_t i = 1; i < groups.size(); ++i) {
    const Word& verb = groups[i].verb;
    const bool will = wants(verb);
    const bool before_free =
        groups[i - 1].after.empty() || groups[i - 1].verb.is("be") || groups[i - 1].verb.is("have");
    if (will && before_free && !wants(groups[i - 1].verb) && (!has_object(groups[i]) || groups[i - 1].after.empty())) {
      std::swap(groups[i - 1], groups[i]);
      if (groups[i].after.empty()) std::swap(groups[i - 1].after, groups[i].after);  // "eat want apple": what is eaten
      i = 0;
    }
  }
  for (std::size_t i = 1; i < groups.size(); ++i) {
    if (!groups[i].verb.is("be")) continue;
    Group& before = groups[i - 1];
    const bool progressive =
        groups[i].after.empty() && !is_state(before.verb) && !before.verb.is("be") && i == 1 && !lets;
    if (progressive) std::swap(groups[i - 1], groups[i]);
  }
  for (std::size_t i = 0; i + 1 < groups.size(); ++i)
    if (groups[i].verb.is("be") && (groups[i + 1].verb.is("have") || wants(groups[i + 1].verb)) &&
        groups[i].after.empty())
      std::swap(groups[i], groups[i + 1]);
}

Link link_of(const Group& before, const Group& group) {
  const Word& verb = before.verb;
  const bool object = has_object(before);
  if (verb.is("be")) {
    if (before.after.empty()) return is_state(group.verb) || group.verb.is("be") ? Link::kTo : Link::kGerund;
    return object ? Link::kAnd : Link::kTo;
  }
  if (verb.is("go") && before.after.empty() && goes_doing(group.verb)) return Link::kGerund;
  if (verb.text.ends_with(" to")) return Link::kBare;  // have to
  if (takes_gerund(verb)) return Link::kGerund;
  if (takes_bare(verb) && (object || verb.is("let") || verb.is("make") || verb.is("help"))) return Link::kBare;
  if (takes_to(verb) || (verb.is("say") && !group.verb.negation.empty()) || verb.is("be able") || is_motion(verb))
    return Link::kTo;
  return Link::kAnd;
}

void link_groups(std::vector<Group>& groups) {
  for (std::size_t i = 1; i < groups.size(); ++i) groups[i].link = link_of(groups[i - 1], groups[i]);
}

}  // namespace

void order_verbs(std::vector<Group>& groups, bool lets) {
  order_groups(groups, lets);
  link_groups(groups);
}

}  // namespace aacft

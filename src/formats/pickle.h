// A reader of Python pickles that runs nothing: it builds the tree of values that the file describes, in
// which a call stays a call, for torch_bin.cc to interpret. Globals that it is not told of are refused by
// name.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "bytes.h"

namespace aacft {

struct PickleValue {
  enum class Kind {
    kNone,
    kBool,
    kInteger,
    kFloat,  // `integer` holds the bool or the integer
    kText,   // `text`: str, bytes, or the bytes of an integer of more than 64 bits
    kTuple,
    kList,
    kDict,        // `items`; a dict's are key, value, key, value, ...
    kGlobal,      // `text`: "module.name"
    kCall,        // of the global `text` with the tuple `argument`; `items` as in a dict
    kPersistent,  // an object outside the pickle, known by `argument`
  };
  Kind kind = Kind::kNone;
  std::int64_t integer = 0;
  std::string_view text;
  const PickleValue* argument = nullptr;
  std::vector<const PickleValue*> items;

  bool is_dict() const { return kind == Kind::kDict || (kind == Kind::kCall && text == "collections.OrderedDict"); }
};

// One pickle, protocols 2 to 4 as torch writes them. Texts are views onto the bytes it was read from.
class Pickle {
 public:
  // Reads a pickle from the front of `rest` and cuts it off.
  Pickle(Bytes& rest, const std::vector<std::string_view>& globals);

  const PickleValue& top() const { return *top_; }
  const std::vector<const PickleValue*>& persistent() const { return persistent_; }  // all of that kind

 private:
  friend class PickleReader;
  std::deque<PickleValue> values_;  // owns all, so that a deep tree is not freed by recursion
  std::vector<const PickleValue*> persistent_;
  const PickleValue* top_ = nullptr;
};

}  // namespace aacft

#include "pickle.h"

#include <unordered_map>
#include <utility>

namespace aacft {
namespace {

// A state dict of a thousand tensors has about 20,000 values; this bounds what a hostile file makes us
// allocate.
constexpr std::size_t kMaxValues = std::size_t{1} << 22;

// Opcodes, named as in Python's pickletools.
// clang-format off
enum Opcode : std::uint8_t {
  kProto = 0x80, kFrame = 0x95, kStop = '.', kMark = '(',
  kNone = 'N', kNewTrue = 0x88, kNewFalse = 0x89, kBinInt = 'J', kBinInt1 = 'K', kBinInt2 = 'M', kLong1 = 0x8A,
  kBinFloat = 'G', kBinUnicode = 'X', kShortBinUnicode = 0x8C, kBinUnicode8 = 0x8D, kBinString = 'T',
  kShortBinString = 'U', kBinBytes = 'B', kShortBinBytes = 'C',
  kEmptyTuple = ')', kTuple = 't', kTuple1 = 0x85, kTuple2 = 0x86, kTuple3 = 0x87,
  kEmptyList = ']', kAppend = 'a', kAppends = 'e', kEmptyDict = '}', kSetItem = 's', kSetItems = 'u',
  kBinPut = 'q', kLongBinPut = 'r', kMemoize = 0x94, kBinGet = 'h', kLongBinGet = 'j',
  kGlobal = 'c', kStackGlobal = 0x93, kReduce = 'R', kBuild = 'b', kBinPersId = 'Q',
};
// clang-format on

}  // namespace

class PickleReader {
 public:
  PickleReader(Pickle& pickle, Bytes& rest, const std::vector<std::string_view>& globals)
      : pickle_(pickle), rest_(rest), globals_(globals) {}

  void run() {
    for (;;) {
      const auto opcode = number<std::uint8_t>();
      if (opcode == kStop) break;
      step(opcode);
      if (stack_.size() > kMaxValues || marks_.size() > kMaxValues) throw Error("the pickle is too large");
    }
    pickle_.top_ = pop();
  }

 private:
  using Kind = PickleValue::Kind;

  void step(std::uint8_t opcode) {
    switch (opcode) {
      case kProto:
        if (const auto protocol = number<std::uint8_t>(); protocol < 2 || protocol > 4)
          throw Error("pickle protocol ", int{protocol}, " is not supported, only 2 to 4");
        break;
      case kFrame: take(8); break;
      case kMark: marks_.push_back(stack_.size()); break;

      case kNone: push(Kind::kNone); break;
      case kNewTrue: push(Kind::kBool).integer = 1; break;
      case kNewFalse: push(Kind::kBool); break;
      case kBinInt: push(Kind::kInteger).integer = number<std::int32_t>(); break;
      case kBinInt1: push(Kind::kInteger).integer = number<std::uint8_t>(); break;
      case kBinInt2: push(Kind::kInteger).integer = number<std::uint16_t>(); break;
      case kLong1: push_long(take(number<std::uint8_t>())); break;
      case kBinFloat: take(8), push(Kind::kFloat); break;

      case kBinUnicode:
      case kBinString:
      case kBinBytes: push_text(number<std::uint32_t>()); break;
      case kShortBinUnicode:
      case kShortBinString:
      case kShortBinBytes: push_text(number<std::uint8_t>()); break;
      case kBinUnicode8: push_text(number<std::uint64_t>()); break;

      case kEmptyTuple: push(Kind::kTuple); break;
      case kEmptyList: push(Kind::kList); break;
      case kEmptyDict: push(Kind::kDict); break;
      case kTuple: push_tuple(pop_to_mark()); break;
      case kTuple1:
      case kTuple2:
      case kTuple3: push_tuple(pop_last(opcode - kTuple1 + 1u)); break;
      case kAppend: extend(pop_last(1), false); break;
      case kAppends: extend(pop_to_mark(), false); break;
      case kSetItem: extend(pop_last(2), true); break;
      case kSetItems: extend(pop_to_mark(), true); break;

      case kBinPut: memo_[number<std::uint8_t>()] = peek(); break;
      case kLongBinPut: memo_[number<std::uint32_t>()] = peek(); break;
      case kMemoize: memo_[static_cast<std::uint32_t>(memo_.size())] = peek(); break;
      case kBinGet: recall(number<std::uint8_t>()); break;
      case kLongBinGet: recall(number<std::uint32_t>()); break;

      case kGlobal: {
        const std::string_view module = line();
        push_global(module, line());
        break;
      }
      case kStackGlobal: {
        const auto names = pop_last(2);
        if (names[0]->kind != Kind::kText || names[1]->kind != Kind::kText) fail();
        push_global(names[0]->text, names[1]->text);
        break;
      }
      case kReduce: {
        const auto parts = pop_last(2);
        if (parts[0]->kind != Kind::kGlobal || parts[1]->kind != Kind::kTuple) fail();
        PickleValue& call = push(Kind::kCall);
        call.text = parts[0]->text;
        call.argument = parts[1];
        break;
      }
      case kBuild:  // attributes, such as a state dict's _metadata: nothing that we need
        pop();
        if (peek()->kind != Kind::kCall) fail();
        break;
      case kBinPersId: {
        const PickleValue* id = pop();
        push(Kind::kPersistent).argument = id;
        pickle_.persistent_.push_back(stack_.back());
        break;
      }
      default: throw Error("the pickle uses opcode ", int{opcode}, ", which no state dict needs");
    }
  }

  [[noreturn]] static void fail() { throw Error("the pickle inside is damaged"); }

  Bytes take(std::uint64_t size) {
    const Bytes taken = slice(rest_, 0, size);
    rest_ = rest_.subspan(size);
    return taken;
  }

  template <typename T>
  T number() {
    return load<T>(take(sizeof(T)), 0);
  }

  std::string_view line() {
    const std::size_t end = as_text(rest_).find('\n');
    if (end == std::string_view::npos) fail();
    const std::string_view text = as_text(take(end + 1));
    return text.substr(0, end);
  }

  PickleValue& push(Kind kind) {
    if (pickle_.values_.size() >= kMaxValues) throw Error("the pickle is too large");
    PickleValue& value = pickle_.values_.emplace_back();
    value.kind = kind;
    stack_.push_back(&value);
    return value;
  }

  void push_text(std::uint64_t size) {
    const Bytes text = take(size);
    push(Kind::kText).text = as_text(text);
  }

  // Little-endian two's complement of any length.
  void push_long(Bytes digits) {
    if (digits.size() > sizeof(std::int64_t)) {
      push(Kind::kText).text = as_text(digits);
      return;
    }
    const bool negative = !digits.empty() && (digits.back() & std::byte{0x80}) != std::byte{0};
    std::int64_t& integer = push(Kind::kInteger).integer;
    integer = negative ? -1 : 0;
    if (!digits.empty()) std::memcpy(&integer, digits.data(), digits.size());
  }

  void push_tuple(std::vector<PickleValue*> items) { push(Kind::kTuple).items.assign(items.begin(), items.end()); }

  void push_global(std::string_view module, std::string_view name) {
    const std::string full = std::string(module) + "." + std::string(name);
    for (const std::string_view known : globals_)
      if (known == full) {
        push(Kind::kGlobal).text = known;
        return;
      }
    throw Error("refused: the file calls ", in_quotes(full, '\''),
                ", which a state dict does not need; convert it to safetensors where you trust it");
  }

  // Adds to the list or the dict on top of the stack.
  void extend(const std::vector<PickleValue*>& items, bool dict) {
    PickleValue* target = peek();
    if (dict ? !target->is_dict() || items.size() % 2 != 0 : target->kind != Kind::kList) fail();
    target->items.insert(target->items.end(), items.begin(), items.end());
  }

  void recall(std::uint32_t index) {
    const auto known = memo_.find(index);
    if (known == memo_.end()) fail();
    stack_.push_back(known->second);
  }

  std::size_t bottom() const { return marks_.empty() ? 0 : marks_.back(); }

  PickleValue* peek() const {
    if (stack_.size() <= bottom()) fail();
    return stack_.back();
  }

  PickleValue* pop() { return pop_last(1)[0]; }

  std::vector<PickleValue*> pop_last(std::size_t count) {
    if (stack_.size() - bottom() < count) fail();
    std::vector<PickleValue*> items(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return items;
  }

  std::vector<PickleValue*> pop_to_mark() {
    if (marks_.empty()) fail();
    auto items = pop_last(stack_.size() - marks_.back());
    marks_.pop_back();
    return items;
  }

  Pickle& pickle_;
  Bytes& rest_;
  const std::vector<std::string_view>& globals_;
  std::vector<PickleValue*> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint32_t, PickleValue*> memo_;
};

Pickle::Pickle(Bytes& rest, const std::vector<std::string_view>& globals) { PickleReader(*this, rest, globals).run(); }

}  // namespace aacft

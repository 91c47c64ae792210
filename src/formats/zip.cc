#include "zip.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace aacft {
namespace {

// Signatures and field offsets as in PKWARE's APPNOTE.TXT, section 4.3.
constexpr std::uint32_t kLocalHeader = 0x04034B50, kDirectoryEntry = 0x02014B50, kEnd = 0x06054B50;
constexpr std::uint32_t kEnd64 = 0x06064B50, kEnd64Locator = 0x07064B50;
constexpr std::size_t kEndSize = 22, kEnd64LocatorSize = 20, kEntrySize = 46, kLocalSize = 30;
constexpr std::uint32_t kIn64 = 0xFFFFFFFF;  // "the value is in the zip64 extra field"

// The end record lies before a comment of at most 65535 bytes, and is searched from the back.
std::optional<std::size_t> find_end(Bytes file) {
  for (std::size_t comment = 0; comment <= 0xFFFF && comment + kEndSize <= file.size(); ++comment) {
    const std::size_t at = file.size() - kEndSize - comment;
    if (load<std::uint32_t>(file, at) == kEnd && load<std::uint16_t>(file, at + 20) == comment) return at;
  }
  return std::nullopt;
}

struct Directory {
  std::uint64_t count, at;
};

Directory find_directory(Bytes file) {
  const auto end = find_end(file);
  if (!end) throw Error("a zip without its directory: the file is cut short, copy or download it again");
  if (*end >= kEnd64LocatorSize && load<std::uint32_t>(file, *end - kEnd64LocatorSize) == kEnd64Locator) {
    const auto end64 = load<std::uint64_t>(file, *end - kEnd64LocatorSize + 8);
    const Bytes record = slice(file, end64, 56);
    if (load<std::uint32_t>(record, 0) != kEnd64) throw Error("the zip64 directory is damaged");
    return {load<std::uint64_t>(record, 32), load<std::uint64_t>(record, 48)};
  }
  return {load<std::uint16_t>(file, *end + 10), load<std::uint32_t>(file, *end + 16)};
}

struct Place {
  std::uint64_t size, stored_size, header_at;
};

// Values that do not fit 32 bits are in an extra field with id 1, in this order, only those that need it.
void read_zip64(Bytes extra, Place& place) {
  while (extra.size() >= 4) {
    const auto id = load<std::uint16_t>(extra, 0);
    Bytes field = slice(extra, 4, load<std::uint16_t>(extra, 2));
    extra = extra.subspan(4 + field.size());
    if (id != 1) continue;
    for (std::uint64_t* value : {&place.size, &place.stored_size, &place.header_at})
      if (*value == kIn64) {
        *value = load<std::uint64_t>(field, 0);
        field = field.subspan(8);
      }
    return;
  }
}

}  // namespace

std::unordered_map<std::string, Bytes> read_zip_directory(Bytes file) {
  std::unordered_map<std::string, Bytes> entries;
  auto [count, at] = find_directory(file);
  for (; count > 0; --count) {
    const Bytes fixed = slice(file, at, kEntrySize);
    if (load<std::uint32_t>(fixed, 0) != kDirectoryEntry) throw Error("the zip's directory is damaged");
    const std::size_t name_size = load<std::uint16_t>(fixed, 28), extra_size = load<std::uint16_t>(fixed, 30);
    const std::string name(as_text(slice(file, at + kEntrySize, name_size)));
    Place place{load<std::uint32_t>(fixed, 24), load<std::uint32_t>(fixed, 20), load<std::uint32_t>(fixed, 42)};
    read_zip64(slice(file, at + kEntrySize + name_size, extra_size), place);
    at += kEntrySize + name_size + extra_size + load<std::uint16_t>(fixed, 32);

    const bool encrypted = load<std::uint16_t>(fixed, 8) & 1, compressed = load<std::uint16_t>(fixed, 10) != 0;
    if (encrypted || compressed || place.size != place.stored_size)
      throw Error("the zip entry ", in_quotes(name, '\''), " is compressed or encrypted, which torch.save never does; ",
                  "if this is an archive of a model, unpack it first");
    // Only the local header says where its own name and extra field end.
    const Bytes local = slice(file, place.header_at, kLocalSize);
    if (load<std::uint32_t>(local, 0) != kLocalHeader)
      throw Error("the zip entry ", in_quotes(name, '\''), " is damaged");
    const std::size_t skipped = kLocalSize + load<std::uint16_t>(local, 26) + load<std::uint16_t>(local, 28);
    const Bytes data = slice(file, place.header_at + skipped, place.size);
    if (!entries.emplace(name, data).second) throw Error("the zip entry ", in_quotes(name, '\''), " occurs twice");
  }
  return entries;
}

}  // namespace aacft

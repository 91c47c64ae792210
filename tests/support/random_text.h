// Pseudo-random valid UTF-8 for laws that hold for every text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "aacft/base/random.h"
#include "aacft/base/utf8.h"

namespace aacft::testing {

// Several scripts, emoji, combining marks, controls, runs of spaces, contractions and added tokens. With
// `decomposed` there are also jamo and marks in any order; without, marks may still make the text other than
// NFC.
inline std::string random_text(std::uint64_t seed, bool decomposed = false) {
  struct Range {
    char32_t first, last;
  };
  static const std::vector<Range> kRanges = {
      {'a', 'z'},       {0x20, 0x7E},     {0, 0x1F},          {0x80, 0x24F},       {0x370, 0x3FF},   {0x400, 0x4FF},
      {0x5D0, 0x5EA},   {0x620, 0x64A},   {0x904, 0x939},     {0xE01, 0xE2E},      {0x2000, 0x206F}, {0x3041, 0x30FF},
      {0x4E00, 0x9FFF}, {0xAC00, 0xD7A3}, {0x1F300, 0x1F64F}, {0x20000, 0x2A6DF},  {0x300, 0x345},   {0x1100, 0x11FF},
      {0x900, 0xDFF},   {0xF71, 0xF84},   {0x1D15E, 0x1D1C0}, {0x10FFF0, 0x10FFFF}};
  static const std::vector<std::string> kPieces = {"'s",          "'ll",     "n't",          " the", "<|endoftext|>",
                                                   "<|padding|>", "\r\n",    "\n\n",         " \n",  "\t ",
                                                   "2023",        "e\u0301", "x\u0327\u0301"};
  const RandomStream random(seed, Purpose::kSampling);
  std::uint64_t index = 0;
  const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random.bits(index++) % bound); };
  std::string text;
  for (std::size_t left = below(12) + 1; left > 0; --left) {
    switch (below(4)) {
      case 0: text += kPieces[below(kPieces.size())]; break;
      case 1: text.append(below(30), ' '); break;
      default: {
        const Range range = kRanges[below(decomposed ? kRanges.size() : 16)];
        for (std::size_t count = below(6) + 1; count > 0; --count) {
          append_utf8(text, range.first + static_cast<char32_t>(below(range.last - range.first + 1)));
        }
      }
    }
  }
  return text;
}

}  // namespace aacft::testing

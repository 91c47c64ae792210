// Which adapter each segment of a pass is computed with, so that one pass can answer in several voices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace aacft {

struct LoraModule;

// An adapter's modules by the number of their target in the model (family.h); null where it adapts nothing.
using AdapterModules = std::vector<const LoraModule*>;

// Refers to modules that somebody else owns.
class AdapterSet {
 public:
  // All segments that have none of their own.
  void attach(const AdapterModules& modules) { rest_ = &modules; }
  void attach(std::size_t segment, const AdapterModules& modules) {
    if (of_segment_.size() <= segment) of_segment_.resize(segment + 1);
    of_segment_[segment] = &modules;
  }
  void detach() { rest_ = nullptr, of_segment_.clear(); }

  // Null: the segment's output of this target is the base's own.
  const LoraModule* module(std::size_t segment, std::uint32_t target) const {
    const AdapterModules* modules =
        segment < of_segment_.size() && of_segment_[segment] != nullptr ? of_segment_[segment] : rest_;
    return modules != nullptr && target < modules->size() ? (*modules)[target] : nullptr;
  }

 private:
  const AdapterModules* rest_ = nullptr;
  std::vector<const AdapterModules*> of_segment_;  // may be shorter than the pass
};

}  // namespace aacft

// Large memory: in huge pages where the system has them, and given back to it when freed.
#pragma once

#include <cstddef>
#include <memory>

namespace aacft {

// Uninitialised, aligned to 64 bytes, and from 4 MB on to 2 MB. std::bad_alloc where there is none. Movable.
class Memory {
 public:
  Memory() = default;
  explicit Memory(std::size_t bytes);

  std::byte* data() const { return start_.get(); }
  std::size_t size() const { return start_.get_deleter().size; }

 private:
  struct Free {
    Free() : size(0) {}
    explicit Free(std::size_t bytes) : size(bytes) {}
    std::size_t size;
    void operator()(std::byte* start) const;
  };
  std::unique_ptr<std::byte, Free> start_;
};

// Memory that only grows, its old content lost: what a thread keeps from one task to the next.
class Scratch {
 public:
  std::byte* get(std::size_t bytes) {
    if (bytes > memory_.size()) {
      memory_ = {};  // first, so that old and new never rest beside each other
      memory_ = Memory(bytes);
    }
    return memory_.data();
  }
  std::size_t capacity() const { return memory_.size(); }
  std::byte* data() const { return memory_.data(); }
  void clear() { memory_ = {}; }

 private:
  Memory memory_;
};

}  // namespace aacft

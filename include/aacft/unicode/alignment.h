// Which bytes of a text stand behind those of another that was made of it.
#pragma once

#include <cstddef>
#include <vector>

namespace aacft {

// The new text is a row of stretches; each is the same bytes as a stretch of the original, or others in its place.
class Alignment {
 public:
  // The next stretch begins at `pos`, and what it stands for at `original`. The last is an empty one at both ends.
  void begin_stretch(std::size_t pos, std::size_t original, bool same);

  bool identity() const { return stretches_.empty(); }

  // The original bytes behind [begin, end) are [original_begin(begin), original_end(end)): to the byte in stretches
  // that are the same, else all of the stretch.
  std::size_t original_begin(std::size_t begin) const;
  std::size_t original_end(std::size_t end) const;

  // The same for questions that mostly go forward: `hint`, 0 at first, is kept for the next one.
  std::size_t original_begin(std::size_t begin, std::size_t& hint) const;
  std::size_t original_end(std::size_t end, std::size_t& hint) const;

 private:
  struct Stretch {
    std::size_t pos, original;
    bool same;
  };
  std::size_t stretch_at(std::size_t pos, std::size_t hint) const;

  std::vector<Stretch> stretches_;  // none where the texts are the same
};

}  // namespace aacft

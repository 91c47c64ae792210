#include "aacft/kernels/attention.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "aacft/base/memory.h"
#include "kernels/blocks.h"
#include "kernels/vector/attention.h"
#include "kernels/vector/table.h"

namespace aacft {

AACFT_DECLARE_TABLE(AttentionTable, attention_table)

namespace {

float* scratch(std::int64_t floats) {
  thread_local Scratch memory;
  return reinterpret_cast<float*>(memory.get(static_cast<std::size_t>(floats) * 4));
}

// ---- views of one head ----

struct Rows {
  std::int64_t first, count;
};
Rows rows_of(const AttentionSegment& segment) { return {segment.first_row, segment.rows}; }

// Columns first .. first + head_dim - 1 of some rows.
template <typename M>
M view(const M& m, Rows rows, std::int64_t first, std::int64_t head_dim) {
  M part = rows_of(m, rows.first, rows.count);
  part.data = part.row(0) + static_cast<std::size_t>(first) * element_size(m.element);
  part.cols = head_dim;
  return part;
}

// One of the three parts of qkv.
enum Part { kQueries, kKeys, kValues };
template <typename M>
M view(const M& qkv, Rows rows, const AttentionShape& shape, std::int64_t head, Part part) {
  return view(qkv, rows, (3 * head + part) * shape.head_dim, shape.head_dim);
}

// Keys and values that a cache holds of a segment's sequence, up to the segment's last row.
KeySpan cached_span(const AttentionSegment& segment, Element element, std::int64_t head_dim, std::int64_t head) {
  const auto span = [&](const void* cache) {
    const ConstMatrix heads{cache, element, segment.cache_capacity, head_dim, head_dim};
    return rows_of(heads, head * segment.cache_capacity, segment.position + segment.rows);
  };
  return {span(segment.cached_keys), span(segment.cached_values)};
}

// ---- backward ----

// Segments that share a beginning, directly or not. One task takes one head of all, and keeps their keys in blocks.
struct Tree {
  std::vector<Rows> blocks;  // a segment's lie together
  struct Member {
    std::size_t segment;
    std::vector<std::size_t> blocks;  // of its sequence, from the beginning
    std::size_t past_blocks;          // how many of them are its ancestors'
  };
  std::vector<Member> members;  // in the list's order
  std::size_t longest = 0;      // sequence, in blocks
};

std::vector<Tree> trees_of(std::span<const AttentionSegment> segments) {
  std::vector<Tree> trees;
  struct Place {
    std::size_t tree, member;
  };
  std::vector<Place> places;
  for (const AttentionSegment& segment : segments) {
    const bool root = segment.parent < 0;
    if (root) trees.emplace_back();
    const std::size_t index = root ? trees.size() - 1 : places[static_cast<std::size_t>(segment.parent)].tree;
    Tree& tree = trees[index];
    std::vector<std::size_t> blocks;
    if (!root) blocks = tree.members[places[static_cast<std::size_t>(segment.parent)].member].blocks;
    const std::size_t past_blocks = blocks.size();
    for (std::int64_t first = 0; first < segment.rows; first += kAttentionBlock) {
      blocks.push_back(tree.blocks.size());
      tree.blocks.push_back({segment.first_row + first, std::min(kAttentionBlock, segment.rows - first)});
    }
    tree.longest = std::max(tree.longest, blocks.size());
    tree.members.push_back({places.size(), std::move(blocks), past_blocks});
    places.push_back({index, tree.members.size() - 1});
  }
  return trees;
}

// Runs body(index, head) for all, in parallel.
template <typename Body>
void for_each_head(std::size_t count, const AttentionShape& shape, const Body& body) {
  const auto heads = static_cast<std::size_t>(shape.heads);
  parallel_for(count * heads, [&](std::size_t task) { body(task / heads, static_cast<std::int64_t>(task % heads)); });
}

}  // namespace

void rotate(const Matrix& qkv, const AttentionShape& shape, const float* cos, const float* sin,
            const std::int64_t* positions, bool inverse) {
  if (shape.rotary_dims == 0) return;
  const AttentionTable& table = AACFT_CHOOSE(attention_table);
  const std::int64_t angles = shape.rotary_dims / 2;
  for_each_row(qkv.rows, qkv.cols, [&](std::int64_t i) {
    const std::int64_t first = positions[i] * angles;
    table.rotate(qkv.row(i), qkv.element,
                 {shape.heads, shape.head_dim, shape.rotary_dims, cos + first, sin + first, inverse ? -1.0f : 1.0f});
  });
}

void attention(const ConstMatrix& qkv, const AttentionShape& shape, std::span<const AttentionSegment> segments,
               const Matrix& out, float* log_sums) {
  const AttentionTable& table = AACFT_CHOOSE(attention_table);
  for_each_head(segments.size(), shape, [&](std::size_t index, std::int64_t head) {
    const AttentionSegment& segment = segments[index];
    thread_local std::vector<KeySpan> spans;
    spans.clear();
    if (segment.cached_keys != nullptr) {
      spans.push_back(cached_span(segment, qkv.element, shape.head_dim, head));
    } else {
      for (const AttentionSegment* s = &segment;; s = &segments[static_cast<std::size_t>(s->parent)]) {
        spans.push_back({view(qkv, rows_of(*s), shape, head, kKeys), view(qkv, rows_of(*s), shape, head, kValues)});
        if (s->parent < 0) break;
      }
      std::reverse(spans.begin(), spans.end());
    }
    table.forward({.queries = view(qkv, rows_of(segment), shape, head, kQueries),
                   .spans = spans.data(),
                   .span_count = static_cast<std::int64_t>(spans.size()),
                   .visible = segment.cached_keys != nullptr ? segment.position + 1 : 1,
                   .out = view(out, rows_of(segment), head * shape.head_dim, shape.head_dim),
                   .log_sums = log_sums == nullptr ? nullptr : log_sums + segment.first_row * shape.heads + head,
                   .log_sums_stride = shape.heads,
                   .scratch = scratch(table.forward_scratch(shape.head_dim))});
  });
}

void attention_backward(const ConstMatrix& qkv, const AttentionShape& shape, std::span<const AttentionSegment> segments,
                        const float* log_sums, const ConstMatrix& dout, const Matrix& dqkv) {
  const AttentionTable& table = AACFT_CHOOSE(attention_table);
  const std::vector<Tree> trees = trees_of(segments);
  for_each_head(trees.size(), shape, [&](std::size_t index, std::int64_t head) {
    const Tree& tree = trees[index];
    const auto longest = static_cast<std::int64_t>(tree.longest);
    const std::int64_t block_size = table.block_size(shape.head_dim);
    const std::int64_t blocks_size = static_cast<std::int64_t>(tree.blocks.size()) * block_size;
    float* memory = scratch(blocks_size + table.backward_scratch(shape.head_dim, longest));
    const auto block = [&](std::size_t b) {
      return KeyBlock{memory + static_cast<std::int64_t>(b) * block_size, tree.blocks[b].count};
    };
    // The keys or values of a block, of qkv or its gradient.
    const auto part = [&](const auto& matrix, std::size_t b, Part p) {
      return view(matrix, tree.blocks[b], shape, head, p);
    };

    for (std::size_t b = 0; b < tree.blocks.size(); ++b)
      table.pack(part(qkv, b, kKeys), part(qkv, b, kValues), block(b));
    for (const Tree::Member& member : tree.members) {
      const AttentionSegment& segment = segments[member.segment];
      thread_local std::vector<KeyBlock> blocks;
      blocks.clear();
      for (const std::size_t b : member.blocks) blocks.push_back(block(b));
      const Rows rows = rows_of(segment);
      table.backward({.queries = view(qkv, rows, shape, head, kQueries),
                      .dout = view(dout, rows, head * shape.head_dim, shape.head_dim),
                      .blocks = blocks.data(),
                      .past_blocks = static_cast<std::int64_t>(member.past_blocks),
                      .log_sums = log_sums + segment.first_row * shape.heads + head,
                      .log_sums_stride = shape.heads,
                      .dqueries = view(dqkv, rows, shape, head, kQueries),
                      .scratch = memory + blocks_size});
    }
    for (std::size_t b = 0; b < tree.blocks.size(); ++b)
      table.unpack(block(b), part(dqkv, b, kKeys), part(dqkv, b, kValues));
  });
}

}  // namespace aacft

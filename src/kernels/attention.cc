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

// ---- views ----

struct Rows {
  std::int64_t first, count;
};
Rows rows_of(const AttentionSegment& segment) { return {segment.first_row, segment.rows}; }

template <typename M>
M view(const M& m, Rows rows) {
  return rows_of(m, rows.first, rows.count);
}

// Heads of queries, or of what belongs to them, that share a head of keys and values.
template <typename M>
HeadsOf<M> group_of(const HeadsOf<M>& heads, Rows rows, std::int64_t kv_head, std::int64_t group) {
  return {view(heads[kv_head * group], rows), group, heads.stride};
}

// Keys and values that a cache holds of a segment's sequence, up to the segment's last row.
KeySpan cached_span(const AttentionSegment& segment, const ConstMatrix& queries, std::int64_t kv_head) {
  const auto span = [&](const void* cache) {
    const ConstMatrix heads{cache, queries.element, 0, queries.cols, queries.cols};
    return rows_of(heads, kv_head * segment.cache_capacity, segment.position + segment.rows);
  };
  return {span(segment.cached_keys), span(segment.cached_values)};
}

// ---- backward ----

// Segments that share a beginning, directly or not. One task takes one head of all their keys, and keeps
// them in blocks.
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
void for_each_head(std::size_t count, std::int64_t heads, const Body& body) {
  const auto each = static_cast<std::size_t>(heads);
  parallel_for(count * each, [&](std::size_t task) { body(task / each, static_cast<std::int64_t>(task % each)); });
}

}  // namespace

void rotate(const Qkv& qkv, const Rotary& rotary, bool inverse) {
  if (rotary.dims == 0) return;
  const AttentionTable& table = AACFT_CHOOSE(attention_table);
  const std::int64_t angles = rotary.dims / 2, columns = (qkv.q.count + qkv.k.count) * qkv.q.first.cols;
  for_each_row(qkv.q.first.rows, columns, [&](std::int64_t i) {
    const std::int64_t first = rotary.positions[i] * angles;
    for (const Heads* heads : {&qkv.q, &qkv.k})
      table.rotate(
          heads->first.row(i), heads->first.element,
          {heads->count, heads->stride, rotary.dims, rotary.cos + first, rotary.sin + first, inverse ? -1.0f : 1.0f});
  });
}

void attention(const ConstQkv& qkv, std::span<const AttentionSegment> segments, const Matrix& out, float* log_sums) {
  const AttentionTable& table = AACFT_CHOOSE(attention_table);
  const std::int64_t heads = qkv.q.count, head_dim = qkv.q.first.cols, group = heads / qkv.k.count;
  const Heads out_heads = heads_of(out, 0, head_dim, heads, head_dim);
  for_each_head(segments.size(), qkv.k.count, [&](std::size_t index, std::int64_t kv_head) {
    const AttentionSegment& segment = segments[index];
    thread_local std::vector<KeySpan> spans;
    spans.clear();
    if (segment.cached_keys != nullptr) {
      spans.push_back(cached_span(segment, qkv.q.first, kv_head));
    } else {
      for (const AttentionSegment* s = &segment;; s = &segments[static_cast<std::size_t>(s->parent)]) {
        spans.push_back({view(qkv.k[kv_head], rows_of(*s)), view(qkv.v[kv_head], rows_of(*s))});
        if (s->parent < 0) break;
      }
      std::reverse(spans.begin(), spans.end());
    }
    const Rows rows = rows_of(segment);
    table.forward({.queries = group_of(qkv.q, rows, kv_head, group),
                   .spans = spans.data(),
                   .span_count = static_cast<std::int64_t>(spans.size()),
                   .visible = segment.cached_keys != nullptr ? segment.position + 1 : 1,
                   .out = group_of(out_heads, rows, kv_head, group),
                   .log_sums = log_sums == nullptr ? nullptr : log_sums + rows.first * heads + kv_head * group,
                   .log_sums_stride = heads,
                   .scratch = scratch(table.forward_scratch(head_dim, group))});
  });
}

void attention_backward(const ConstQkv& qkv, std::span<const AttentionSegment> segments, const float* log_sums,
                        const ConstMatrix& dout, const Qkv& dqkv) {
  const AttentionTable& table = AACFT_CHOOSE(attention_table);
  const std::int64_t heads = qkv.q.count, head_dim = qkv.q.first.cols, group = heads / qkv.k.count;
  const ConstHeads dout_heads = heads_of(dout, 0, head_dim, heads, head_dim);
  const std::vector<Tree> trees = trees_of(segments);
  for_each_head(trees.size(), qkv.k.count, [&](std::size_t index, std::int64_t kv_head) {
    const Tree& tree = trees[index];
    const std::int64_t block_size = table.block_size(head_dim);
    const std::int64_t blocks_size = static_cast<std::int64_t>(tree.blocks.size()) * block_size;
    float* memory = scratch(blocks_size + table.backward_scratch(head_dim, static_cast<std::int64_t>(tree.longest)));
    const auto block = [&](std::size_t b) {
      return KeyBlock{memory + static_cast<std::int64_t>(b) * block_size, tree.blocks[b].count};
    };

    for (std::size_t b = 0; b < tree.blocks.size(); ++b)
      table.pack(view(qkv.k[kv_head], tree.blocks[b]), view(qkv.v[kv_head], tree.blocks[b]), block(b));
    for (const Tree::Member& member : tree.members) {
      const Rows rows = rows_of(segments[member.segment]);
      thread_local std::vector<KeyBlock> blocks;
      blocks.clear();
      for (const std::size_t b : member.blocks) blocks.push_back(block(b));
      for (std::int64_t head = kv_head * group; head < (kv_head + 1) * group; ++head)
        table.backward({.queries = view(qkv.q[head], rows),
                        .dout = view(dout_heads[head], rows),
                        .blocks = blocks.data(),
                        .past_blocks = static_cast<std::int64_t>(member.past_blocks),
                        .log_sums = log_sums + rows.first * heads + head,
                        .log_sums_stride = heads,
                        .dqueries = view(dqkv.q[head], rows),
                        .scratch = memory + blocks_size});
    }
    for (std::size_t b = 0; b < tree.blocks.size(); ++b)
      table.unpack(block(b), view(dqkv.k[kv_head], tree.blocks[b]), view(dqkv.v[kv_head], tree.blocks[b]));
  });
}

}  // namespace aacft

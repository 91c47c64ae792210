#include "kernels/vector/attention.h"

#include "kernels/vector/attention_tiles.h"

namespace aacft::AACFT_TIER {
namespace {

// The next part of a task's scratch. All sizes are multiples of kBlock, so each part starts at a whole cache line.
AACFT_INLINE float* take(float*& scratch, std::int64_t floats) {
  float* part = scratch;
  scratch += floats;
  return part;
}

float scale_of(std::int64_t head_dim) { return 1.0f / __builtin_sqrtf(static_cast<float>(head_dim)); }

void fill(float* p, std::int64_t floats, float x) {
  for (std::int64_t i = 0; i < floats; ++i) p[i] = x;
}

// What a block of queries sees of a block of keys: query i the first min(keys, first + i).
struct View {
  std::int64_t queries, keys, first;
};
AACFT_INLINE std::int64_t visible(const View& view, std::int64_t query) { return least(view.keys, view.first + query); }
AACFT_INLINE std::int64_t first_query(const View& view) { return most(0, 1 - view.first); }  // that sees any

// ---- products with the causal triangle left out ----

// scores[i][j] = queries[i] keys[j], for the keys that a tile of queries sees.
void multiply_scores(const View& view, std::int64_t head_dim, const float* queries_t, const float* keys_t,
                     float* scores) {
  for_each_tile(first_query(view), view.queries, [&](std::int64_t i, std::int64_t rows) {
    const std::int64_t columns = vectors(visible(view, i + rows - 1));
    multiply<Order::kSteps>(rows, {queries_t + i, keys_t, kBlock, scores + i * kBlock, kBlock, columns, false},
                            head_dim);
  });
}

// y[i] += sum over the keys that query i sees, of weights[i][j] x[j]
void multiply_visible(const View& view, std::int64_t head_dim, const float* weights, const float* x, float* y) {
  const std::int64_t stride = row_stride(head_dim);
  for_each_tile(first_query(view), view.queries, [&](std::int64_t i, std::int64_t rows) {
    const std::int64_t all = visible(view, i);
    multiply<Order::kRows>(rows, {weights + i * kBlock, x, stride, y + i * stride, stride, vectors(head_dim), true},
                           all, visible(view, i + rows - 1) - all);
  });
}

// y[j] += sum over the queries that see key j, of weights[i][j] x[i]; weights are 0 where a query does not see a key.
void multiply_seeing(const View& view, std::int64_t head_dim, const float* weights, const float* x, float* y) {
  const std::int64_t stride = row_stride(head_dim);
  for_each_tile(0, visible(view, view.queries - 1), [&](std::int64_t j, std::int64_t rows) {
    const std::int64_t i = most(0, j + 1 - view.first);
    const float* a = weights + i * kBlock + j;
    multiply<Order::kSteps>(rows, {a, x + i * stride, stride, y + j * stride, stride, vectors(head_dim), true},
                            view.queries - i);
  });
}

// ---- forward ----

// Of a block of queries, while it goes through the blocks of keys.
struct Softmax {
  float* maxima;  // [kBlock]
  float* sums;    // [kBlock, kWidth], of exp(score - maximum), apart for each lane
  float* out;     // [kBlock, row_stride], not yet divided by the sums
};

// Turns scores into exp(score - maximum so far).
void update(const View& view, std::int64_t head_dim, float* scores, const Softmax& softmax) {
  for (std::int64_t i = first_query(view); i < view.queries; ++i) {
    float* row = scores + i * kBlock;
    const std::int64_t count = visible(view, i), last = (count - 1) / kWidth * kWidth;
    store(row + last, within(last, count, load(row + last), -__builtin_inff()));
    Floats best = splat(softmax.maxima[i]);
    for (std::int64_t j = 0; j <= last; j += kWidth) best = maximum(load(row + j), best);
    const float new_maximum = maximum(best);

    Floats sums = load(softmax.sums + i * kWidth);
    if (new_maximum != softmax.maxima[i]) {
      const Floats shrink = exponential(splat(softmax.maxima[i] - new_maximum));
      softmax.maxima[i] = new_maximum;
      sums *= shrink;
      float* out = softmax.out + i * row_stride(head_dim);
      for (std::int64_t d = 0; d < head_dim; d += kWidth) store(out + d, load(out + d) * shrink);
    }
    for (std::int64_t j = 0; j <= last; j += kWidth) {
      const Floats p = exponential(load(row + j) - new_maximum);
      store(row + j, p);
      sums += p;
    }
    store(softmax.sums + i * kWidth, sums);
  }
}

// A head's block of queries, and the state of its softmax.
struct Block {
  float* queries_t;  // [head_dim, kBlock]
  Softmax softmax;
};
std::int64_t block_floats(std::int64_t head_dim) { return kBlock * (head_dim + 1 + kWidth + row_stride(head_dim)); }
AACFT_INLINE Block block_of(float* blocks, std::int64_t head, std::int64_t head_dim) {
  float* data = blocks + head * block_floats(head_dim);
  float* queries_t = take(data, head_dim * kBlock);
  float* maxima = take(data, kBlock);
  float* sums = take(data, kBlock * kWidth);
  return {queries_t, {maxima, sums, data}};
}

void begin(const ConstMatrix& queries, std::int64_t first, std::int64_t rows, const Block& block) {
  copy_transposed(queries, first, rows, scale_of(queries.cols), block.queries_t);
  fill(block.softmax.maxima, rows, -__builtin_inff());
  fill(block.softmax.sums, rows * kWidth, 0);
  fill(block.softmax.out, rows * row_stride(queries.cols), 0);
}

// log_sums: of the block's first row, or null.
void finish(const Softmax& softmax, std::int64_t first, std::int64_t rows, const Matrix& out, float* log_sums,
            std::int64_t log_sums_stride) {
  for (std::int64_t i = 0; i < rows; ++i) {
    const float total = sum(load(softmax.sums + i * kWidth));
    float* row = softmax.out + i * row_stride(out.cols);
    for (std::int64_t d = 0; d < out.cols; d += kWidth) store(row + d, load(row + d) / total);
    if (log_sums != nullptr) log_sums[i * log_sums_stride] = softmax.maxima[i] + __builtin_logf(total);
  }
  write_rows(softmax.out, 1, out, first, rows);
}

std::int64_t forward_scratch(std::int64_t head_dim, std::int64_t heads) {
  return kBlock * (head_dim + row_stride(head_dim) + kBlock) + heads * block_floats(head_dim);
}

void forward(const AttentionForward& task) {
  const std::int64_t head_dim = task.queries.first.cols, heads = task.queries.count;
  float* scratch = task.scratch;
  float* keys_t = take(scratch, head_dim * kBlock);
  float* values = take(scratch, kBlock * row_stride(head_dim));
  float* scores = take(scratch, kBlock * kBlock);

  for (std::int64_t first = 0; first < task.queries.first.rows; first += kBlock) {
    const std::int64_t rows = least(kBlock, task.queries.first.rows - first);
    for (std::int64_t h = 0; h < heads; ++h)
      begin(head_of(task.queries, h), first, rows, block_of(scratch, h, head_dim));
    for (std::int64_t s = 0; s < task.span_count; ++s) {
      const KeySpan& span = task.spans[s];
      const bool causal = s + 1 == task.span_count;
      const std::int64_t end = causal ? least(span.keys.rows, task.visible + first + rows - 1) : span.keys.rows;
      for (std::int64_t key = 0; key < end; key += kBlock) {
        const std::int64_t keys = least(kBlock, end - key);
        const View view{rows, keys, causal ? task.visible + first - key : keys};
        copy_transposed(span.keys, key, keys, 1, keys_t);
        for (std::int64_t h = 0; h < heads; ++h) {
          const Block block = block_of(scratch, h, head_dim);
          multiply_scores(view, head_dim, block.queries_t, keys_t, scores);
          update(view, head_dim, scores, block.softmax);
          if (h == 0) copy_rows(span.values, key, keys, 1, values);  // not with the keys: one row would wait longer
          multiply_visible(view, head_dim, scores, values, block.softmax.out);
        }
      }
    }
    for (std::int64_t h = 0; h < heads; ++h)
      finish(block_of(scratch, h, head_dim).softmax, first, rows, head_of(task.out, h),
             task.log_sums == nullptr ? nullptr : task.log_sums + first * task.log_sums_stride + h,
             task.log_sums_stride);
  }
}

// ---- backward ----

struct PackedKeys {
  float *keys_t, *values_t;       // [head_dim, kBlock]
  float *keys, *dkeys, *dvalues;  // [kBlock, row_stride]
};
PackedKeys packed(float* data, std::int64_t head_dim) {
  const std::int64_t transposed = head_dim * kBlock, rows = kBlock * row_stride(head_dim);
  return {take(data, transposed), take(data, transposed), take(data, rows), take(data, rows), take(data, rows)};
}

std::int64_t block_size(std::int64_t head_dim) { return kBlock * (2 * head_dim + 3 * row_stride(head_dim)); }

void pack(const ConstMatrix& keys, const ConstMatrix& values, const KeyBlock& block) {
  const PackedKeys to = packed(block.data, keys.cols);
  copy_transposed(keys, 0, block.keys, 1, to.keys_t);
  copy_transposed(values, 0, block.keys, 1, to.values_t);
  copy_rows(keys, 0, block.keys, 1, to.keys);
  fill(to.dkeys, block.keys * row_stride(keys.cols), 0);
  fill(to.dvalues, block.keys * row_stride(keys.cols), 0);
}

void unpack(const KeyBlock& block, const Matrix& dkeys, const Matrix& dvalues) {
  const PackedKeys from = packed(block.data, dkeys.cols);
  write_rows(from.dkeys, 1, dkeys, 0, block.keys);
  write_rows(from.dvalues, 1, dvalues, 0, block.keys);
}

// Of a block of queries and one of keys. First p are scores and g the gradients of the probabilities; in the end p
// are probabilities and g the gradients of the scores, all 0 where a query does not see a key. Kept for all key blocks
// of a query block, so that no product is computed twice.
struct Strip {
  float *p, *g;  // [kBlock, kBlock]
};

// Scores to probabilities; adds to each query's sum of p dp, apart for each lane.
void probabilities(const View& view, const Strip& strip, const float* log_sums, std::int64_t log_sums_stride,
                   float* sums) {
  for (std::int64_t i = 0; i < view.queries; ++i) {
    float *p = strip.p + i * kBlock, *g = strip.g + i * kBlock;
    const std::int64_t count = visible(view, i);
    const float log_sum = log_sums[i * log_sums_stride];
    Floats total = load(sums + i * kWidth);
    for (std::int64_t j = 0; j < count; j += kWidth) {
      const Floats x = within(j, count, exponential(load(p + j) - log_sum));
      const Floats dx = within(j, count, load(g + j));
      store(p + j, x);
      store(g + j, dx);
      total += x * dx;
    }
    store(sums + i * kWidth, total);
    for (std::int64_t j = vectors(count) * kWidth; j < view.keys; j += kWidth) {
      store(p + j, Floats{});
      store(g + j, Floats{});
    }
  }
}

// dp to p (dp - sum of p dp)
void score_gradients(const View& view, const Strip& strip, const float* sums) {
  for (std::int64_t i = first_query(view); i < view.queries; ++i) {
    float *p = strip.p + i * kBlock, *g = strip.g + i * kBlock;
    for (std::int64_t j = 0; j < visible(view, i); j += kWidth) store(g + j, load(p + j) * (load(g + j) - sums[i]));
  }
}

std::int64_t backward_scratch(std::int64_t head_dim, std::int64_t blocks) {
  return kBlock * (2 * head_dim + 3 * row_stride(head_dim) + kWidth + 1 + 2 * blocks * kBlock);
}

void backward(const AttentionBackward& task) {
  const std::int64_t head_dim = task.queries.cols, stride = row_stride(head_dim);
  const float scale = scale_of(head_dim);
  float* scratch = task.scratch;
  float* queries_t = take(scratch, head_dim * kBlock);
  float* dout_t = take(scratch, head_dim * kBlock);
  float* queries = take(scratch, kBlock * stride);
  float* dout = take(scratch, kBlock * stride);
  float* dqueries = take(scratch, kBlock * stride);
  float* lane_sums = take(scratch, kBlock * kWidth);
  float* sums = take(scratch, kBlock);
  const auto strip = [&](std::int64_t b) {
    float* p = scratch + 2 * b * kBlock * kBlock;
    return Strip{p, p + kBlock * kBlock};
  };

  for (std::int64_t first = 0; first < task.queries.rows; first += kBlock) {
    const std::int64_t rows = least(kBlock, task.queries.rows - first);
    const std::int64_t blocks = task.past_blocks + first / kBlock + 1;
    const auto view = [&](std::int64_t b) {
      const std::int64_t keys = task.blocks[b].keys;
      return View{rows, keys, b + 1 == blocks ? 1 : keys};
    };
    copy_transposed(task.queries, first, rows, scale, queries_t);
    copy_transposed(task.dout, first, rows, 1, dout_t);
    copy_rows(task.queries, first, rows, scale, queries);
    copy_rows(task.dout, first, rows, 1, dout);
    fill(dqueries, rows * stride, 0);
    fill(lane_sums, rows * kWidth, 0);

    for (std::int64_t b = 0; b < blocks; ++b) {
      const PackedKeys keys = packed(task.blocks[b].data, head_dim);
      multiply_scores(view(b), head_dim, queries_t, keys.keys_t, strip(b).p);
      multiply_scores(view(b), head_dim, dout_t, keys.values_t, strip(b).g);
      probabilities(view(b), strip(b), task.log_sums + first * task.log_sums_stride, task.log_sums_stride, lane_sums);
    }
    for (std::int64_t i = 0; i < rows; ++i) sums[i] = sum(load(lane_sums + i * kWidth));
    for (std::int64_t b = 0; b < blocks; ++b) {
      const PackedKeys keys = packed(task.blocks[b].data, head_dim);
      multiply_seeing(view(b), head_dim, strip(b).p, dout, keys.dvalues);
      score_gradients(view(b), strip(b), sums);
      multiply_seeing(view(b), head_dim, strip(b).g, queries, keys.dkeys);
      multiply_visible(view(b), head_dim, strip(b).g, keys.keys, dqueries);
    }
    write_rows(dqueries, scale, task.dqueries, first, rows);
  }
}

// ---- rotary positions ----

void rotate(std::byte* row, Element element, const Rotation& r) {
  const std::int64_t half = r.dims / 2;
  for (std::int64_t head = 0; head < r.heads; ++head) {
    std::byte* x = row_of(row, element, r.stride, head);
    std::byte* y = row_of(x, element, half, 1);
    for (std::int64_t d = 0; d < half; d += kWidth) {
      const Floats a = load(x, element, d, half), b = load(y, element, d, half);
      const Floats c = load(r.cos, d, half), s = load(r.sin, d, half) * r.sign;
      store(x, element, d, half, a * c - b * s);
      store(y, element, d, half, b * c + a * s);
    }
  }
}

}  // namespace

extern const AttentionTable attention_table = {forward_scratch, forward, block_size, backward_scratch, pack,
                                               backward,        unpack,  rotate};

}  // namespace aacft::AACFT_TIER

#include "aacft/kernels/cross_entropy.h"

#include <algorithm>
#include <cmath>

#include "kernels/blocks.h"
#include "kernels/vector/cross_entropy.h"
#include "kernels/vector/table.h"

namespace aacft {

AACFT_DECLARE_TABLE(CrossEntropyTable, cross_entropy_table)

void cross_entropy(const Matrix& logits, const std::int64_t* next, const float* weights, float* nll) {
  const CrossEntropyTable& table = AACFT_CHOOSE(cross_entropy_table);
  const std::int64_t cols = logits.cols;
  for_each_row(logits.rows, cols, [&](std::int64_t i) {
    auto* row = reinterpret_cast<float*>(logits.row(i));
    const float weight = weights != nullptr ? weights[i] : 0.0f;
    const float largest = table.largest(row, cols);
    const double chosen = row[next[i]];
    const double sum = table.exponentials(row, largest, cols, weight != 0 ? row : nullptr);
    nll[i] = static_cast<float>(std::log(sum) + (static_cast<double>(largest) - chosen));
    if (weight != 0) {
      const double probability = static_cast<double>(row[next[i]]) / sum;
      table.scale(row, static_cast<float>(weight / sum), cols);
      row[next[i]] = static_cast<float>(weight * (probability - 1));
    } else if (weights != nullptr) {
      std::fill_n(row, cols, 0.0f);
    }
  });
}

}  // namespace aacft

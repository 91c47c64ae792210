#include "aacft/model/rotary.h"

#include <cstring>
#include <optional>

#include "aacft/model/ops.h"
#include "model/reference.h"
#include "model/support.h"

namespace aacft::testing {
namespace {

constexpr double kEpsilon = 0x1p-24;

ModelConfig config_with(double rotary_pct, std::optional<RopeScaling> scaling) {
  ModelConfig config;
  config.hidden_size = 3 * 8, config.num_heads = 3;
  config.rotary_pct = rotary_pct, config.rotary_base = 500, config.rope_scaling = scaling;
  return config;
}

TEST(Rotary, Angles) {
  const RopeScaling linear{RopeScaling::Kind::kLinear, 4}, llama3{RopeScaling::Kind::kLlama3, 8, 1, 4, 400};
  for (const double rotary_pct : {0.0, 0.25, 0.4, 0.5, 1.0})  // 0, 2, 3 (so 4), 4 and 8 of 8 dimensions
    for (const std::optional<RopeScaling>& scaling : {std::optional<RopeScaling>(), {linear}, {llama3}}) {
      const ModelConfig config = config_with(rotary_pct, scaling);
      RotaryTable table;
      extend(table, rotary_frequencies(config), 3000);
      const std::int64_t pairs = (config.rotary_dims() + 1) / 2;
      const Tensor cos = tensor_over(table.cos.over(table.positions, pairs, Element::kFp32)),
                   sin = tensor_over(table.sin.over(table.positions, pairs, Element::kFp32));
      for (const std::int64_t position : {0, 1, 63, 3000})
        for (std::int64_t i = 0; i < pairs; ++i) {
          const double angle =
              static_cast<double>(position) * reference::frequency(config, static_cast<std::size_t>(i));
          const double bound = static_cast<double>(1 + position) * 4 * kEpsilon;
          EXPECT_NEAR(cos[position][i].item<double>(), std::cos(angle), bound);
          EXPECT_NEAR(sin[position][i].item<double>(), std::sin(angle), bound);
        }
    }
}

// However a table came to its length, and whatever was in it before.
TEST(Rotary, SameBitsAtAnyLength) {
  const ModelConfig config = config_with(0.75, {});
  const Tensor frequencies = rotary_frequencies(config);
  RotaryTable grown, whole;
  extend(grown, rotary_frequencies(config_with(1, {})), 10);
  for (const std::int64_t last : {5, 200, 1023, 1024, 5000}) extend(grown, frequencies, last);
  extend(whole, frequencies, 9000);
  ASSERT_GT(grown.positions, 5000);
  const auto bytes = static_cast<std::size_t>(5001 * frequencies.numel()) * sizeof(float);
  EXPECT_EQ(std::memcmp(grown.cos.data(), whole.cos.data(), bytes), 0);
  EXPECT_EQ(std::memcmp(grown.sin.data(), whole.sin.data(), bytes), 0);
}

}  // namespace
}  // namespace aacft::testing

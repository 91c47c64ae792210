// A packed model is the model that it was packed from, to the bit; and what is wrong with its file is said.
#include "aacft/model/packed_model.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <optional>
#include <vector>

#include "aacft/base/file.h"
#include "aacft/model/model.h"
#include "aacft/model/pass.h"
#include "support/goldens.h"
#include "support/paths.h"

namespace aacft::testing {
namespace {

namespace fs = std::filesystem;

torch::Tensor logits_of(const fs::path& folder, const ModelOptions& options) {
  const Model model(folder, {}, options);
  ComputeContext context;
  const std::vector<std::vector<std::int32_t>> texts = {{5, 17, 40, 3}, {99, 100}};
  const Pass pass = make_pass(texts);
  return model.logits(model.hidden(pass, context), context);
}

class PackedModel : public ::testing::Test {
 protected:
  // As int8 where the options say nothing else.
  fs::path packed(const std::string& name = "packed", const ModelOptions& options = kInt8) const {
    write_packed_model(goldens_dir() / "seq", folder_ / name, options, {});
    return folder_ / name;
  }
  static constexpr ModelOptions kInt8{.compute = Compute::kFp32, .base_weights = WeightType::kInt8};
  TemporaryFolder folder_;
};

TEST_F(PackedModel, ComputesTheSameBits) {
  std::vector<fs::path> models = {goldens_dir() / "seq", goldens_dir() / "tied", goldens_dir() / "par"};
  for (const char* name : {"qwen2", "qwen3", "llama3"})
    if (const fs::path model = shared_dir() / "goldens-llama" / name; fs::exists(model)) models.push_back(model);
  int number = 0;
  for (const fs::path& model : models)
    for (const Compute compute : {Compute::kFp32, Compute::kBf16})
      for (const std::optional<WeightType> type :
           {std::optional<WeightType>(), {WeightType::kFp32}, {WeightType::kInt8}, {WeightType::kNf4}}) {
        SCOPED_TRACE(model.string() + " " + std::to_string(number));
        const ModelOptions options{.compute = compute, .base_weights = type};
        const fs::path packed = folder_ / std::to_string(number++);
        write_packed_model(model, packed, options, {});
        EXPECT_TRUE(logits_of(packed, {.compute = compute, .verify = true}).equal(logits_of(model, options)));
      }
}

TEST_F(PackedModel, AskedForOtherwiseItIsRefused) {
  const fs::path model = packed();
  expect_fails([&] { Model(model, {}, {.base_weights = WeightType::kNf4}); }, {"nf4", "packed as int8"});
  expect_fails([&] { Model(model, {}, {.full = true}); }, {"packed", "every weight"});
  expect_fails([&] { write_packed_model(model, folder_ / "twice", kInt8, {}); }, {"is packed already"});
  expect_fails([&] { packed(); }, {"exists already"});
  EXPECT_FALSE(fs::exists(folder_ / "twice"));
}

TEST_F(PackedModel, WhoGivesUpLeavesNothing) {
  struct Stop {};
  EXPECT_THROW(write_packed_model(goldens_dir() / "seq", folder_ / "packed", kInt8, {}, [] { throw Stop(); }), Stop);
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(PackedModel, DamagedFilesAreRefused) {
  const fs::path model = packed();
  const std::string whole = read_file(model / "packed.safetensors");
  const auto refused = [&](const std::string& content, std::initializer_list<std::string> parts, bool verify = false) {
    write_file_atomic(model / "packed.safetensors", content);
    expect_fails([&] { Model(model, {}, {.verify = verify}); }, parts);
  };
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{7}, std::size_t{100}, whole.size() / 2, whole.size() - 1})
    refused(whole.substr(0, length), {"packed.safetensors"});
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string content = whole;
    content.replace(content.find(from), from.size(), to);
    return content;
  };
  refused(replaced("aacft packed", "aacft PACKED"), {"was not written by aacft pack"});
  refused(replaced(R"("version":"1")", R"("version":"2")"), {"of version 2", "pack the model again"});
  refused(replaced(R"("weights":"int8")", R"("weights":"nf4" )"), {"packed.0.0", "config.json"});
  refused(replaced("packed.0.1", "packed.9.1"), {"lacks packed.0.1"});
  // Any changed bit is found, on request.
  for (const std::size_t from_end : {std::size_t{1}, whole.size() / 3, whole.size() / 2}) {
    std::string content = whole;
    content[content.size() - from_end] = static_cast<char>(content[content.size() - from_end] ^ 4);
    refused(content, {"packed.safetensors", "pack the model again"}, true);
  }
  write_file_atomic(model / "packed.safetensors", whole);
  EXPECT_NO_THROW(Model(model, {}, {.verify = true}));
}

}  // namespace
}  // namespace aacft::testing

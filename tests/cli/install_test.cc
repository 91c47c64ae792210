// The installed program finds its words and its module without the source tree.
#include <cstdlib>

#include "aacft/base/sanitizers.h"
#include "support.h"

namespace aacft::testing {
namespace {

TEST(Install, FindsWhatComesWithIt) {
  const TemporaryFolder folder;
  const fs::path prefix = folder / "prefix";
  const auto shell = [&](const std::string& command) {
    return std::system(("cd " + folder.path().string() + " && " + command + " > out 2> err").c_str());
  };
  ASSERT_EQ(shell("cmake --install " + fs::path(AACFT_BINARY).parent_path().string() + " --prefix " + prefix.string()),
            0)
      << read_text(folder / "err");

  const std::string program = "env -u AACFT_DATA " + (prefix / "bin/aacft").string();
  ASSERT_EQ(shell(program + " data sample --count 2 --seed 1"), 0) << read_text(folder / "err");
  EXPECT_EQ(lines_of(read_text(folder / "out")).size(), 2u);
  // Under a sanitizer the module is not kept apart from libtorch, whose protobuf is another.
  if (kAddressSanitizer) return;
  ASSERT_EQ(
      shell(program + " tokenize --model " + (goldens_dir() / "sentencepiece/spiece.model").string() + " --json words"),
      0)
      << read_text(folder / "err");
  EXPECT_FALSE(read_text(folder / "out").empty());
}

}  // namespace
}  // namespace aacft::testing

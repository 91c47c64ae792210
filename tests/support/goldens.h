// The sets of goldens: our own, and the shared ones where they are.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "aacft/base/error.h"
#include "support/paths.h"

namespace aacft::testing {

// Parameter of tests that run on all: "own", "shared" (both GPT-NeoX), "llama" (shared, too: Llama's kin).
class GoldensTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!own() && !std::filesystem::exists(folder() / "logits.json")) GTEST_SKIP() << "no goldens in " << folder();
  }
  bool own() const { return GetParam() == "own"; }
  bool shared() const { return GetParam() == "shared"; }
  bool llama() const { return GetParam() == "llama"; }
  std::filesystem::path folder() const {
    return own() ? goldens_dir() : shared_dir() / (llama() ? "goldens-llama" : "goldens");
  }
  std::filesystem::path operator/(const std::string& name) const { return folder() / name; }

  // Names of the folders that begin with `prefix`, sorted.
  std::vector<std::string> folders(const std::string& prefix) const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder()))
      if (entry.is_directory() && entry.path().filename().string().starts_with(prefix))
        names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
};

inline std::string goldens_name(const ::testing::TestParamInfo<std::string>& info) { return info.param; }

// "seq-r2-token" -> "seq": the tag of a curve begins with its base model.
inline std::string base_of(const std::string& tag) { return tag.substr(0, tag.find('-')); }

// Runs `action`, which must throw an E (aacft::Error or one derived from it) that contains all of `parts`.
template <typename E = Error>
void expect_fails(const std::function<void()>& action, std::initializer_list<std::string> parts) {
  try {
    action();
    ADD_FAILURE() << "no Error; expected one with \"" << *parts.begin() << "\"";
  } catch (const E& error) {
    const std::string message = error.what();
    for (const std::string& part : parts)
      EXPECT_NE(message.find(part), message.npos) << "\"" << part << "\" is not in: " << message;
  } catch (const std::exception& other) {
    ADD_FAILURE() << "another exception: " << other.what();
  }
}

}  // namespace aacft::testing

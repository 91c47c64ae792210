// What a folder holds, as an object for people and programs to read. Loads no weights.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "aacft/base/warn.h"

namespace aacft {

nlohmann::json describe_checkpoint(const std::filesystem::path& folder, const Warn& warn);
nlohmann::json describe_adapter(const std::filesystem::path& folder, const Warn& warn);

std::string libtorch_version();

}  // namespace aacft

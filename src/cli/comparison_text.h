// A comparison of systems as it is printed.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "aacft/tasks/comparison.h"

namespace aacft::cli {

std::string comparison_table(const Comparison& comparison);
nlohmann::json comparison_json(const Comparison& comparison);
nlohmann::json row_json(const Comparison& comparison, std::size_t row);

}  // namespace aacft::cli

// The report of `aacft bench` for people: a table for each of its parts.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace aacft::cli {

std::string peaks_table(const nlohmann::json& report);
std::string linears_table(const nlohmann::json& report);
std::string step_table(const nlohmann::json& report);
std::string prompt_table(const nlohmann::json& report);
std::string decode_table(const nlohmann::json& report);

}  // namespace aacft::cli

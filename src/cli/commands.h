// The subcommands. Each add_... declares one: its options, and what runs when it is chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace aacft::cli {

void add_train(CLI::App& app);
void add_generate(CLI::App& app);
void add_merge(CLI::App& app);
void add_init(CLI::App& app);
void add_info(CLI::App& app);
void add_tokenize(CLI::App& app);

// Warnings go to standard error.
void warn(const std::string& message);

}  // namespace aacft::cli

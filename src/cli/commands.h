// The subcommands. Each add_... declares one: its options, and what runs when it is chosen.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace aacft::cli {

void add_train(CLI::App& app);
void add_plan(CLI::App& app);
void add_generate(CLI::App& app);
void add_eval(CLI::App& app);
void add_merge(CLI::App& app);
void add_init(CLI::App& app);
void add_info(CLI::App& app);
void add_tokenize(CLI::App& app);
void add_bench(CLI::App& app);

// Warnings go to standard error.
void warn(const std::string& message);

// For a command line to be pasted: in quotes where a shell needs them.
std::string for_shell(const std::string& text);

// All of standard input; says on a terminal that it is waiting.
std::string standard_input();

}  // namespace aacft::cli

// The subcommands. Each add_... declares one: its options, and what runs when it is chosen.
#pragma once

#include <CLI/CLI.hpp>

namespace aacft::cli {

void add_train(CLI::App& app);
void add_plan(CLI::App& app);
void add_generate(CLI::App& app);
void add_chat(CLI::App& app);
void add_eval(CLI::App& app);
void add_merge(CLI::App& app);
void add_pack(CLI::App& app);
void add_export(CLI::App& app);
void add_report(CLI::App& app);
void add_init(CLI::App& app);
void add_info(CLI::App& app);
void add_tokenize(CLI::App& app);
void add_data(CLI::App& app);
void add_bench(CLI::App& app);
void add_serve(CLI::App& app);

// Of data.
void add_data_sample(CLI::App& data);
void add_data_board(CLI::App& data);
void add_data_draft(CLI::App& data);
void add_data_sheet(CLI::App& data);
void add_data_collect(CLI::App& data);
void add_data_lint(CLI::App& data);
void add_data_restyle(CLI::App& data);

}  // namespace aacft::cli

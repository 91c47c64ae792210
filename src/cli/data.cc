#include "cli/commands.h"

namespace aacft::cli {

void add_data(CLI::App& app) {
  CLI::App* data = app.add_subcommand("data", "Make, check and exchange rows: from icons to a person's own sentences");
  data->require_subcommand(1);
  add_data_sample(*data);
  add_data_board(*data);
  add_data_draft(*data);
  add_data_sheet(*data);
  add_data_collect(*data);
  add_data_lint(*data);
  add_data_restyle(*data);
}

}  // namespace aacft::cli

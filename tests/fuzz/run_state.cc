// state.json of a checkpoint.
#include "aacft/formats/json.h"
#include "aacft/train/run_folder.h"
#include "fuzz/target.h"

void aacft::fuzz::run(std::string_view input) {
  const nlohmann::json state = to_json(read_run_state(write("state.json", input)));
  require(to_json(read_run_state(write("again.json", state.dump()))) == state, "read(write(x)) == x");
}

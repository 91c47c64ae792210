// JSON objects: what is read, written again, reads the same.
#include "aacft/formats/json.h"

#include "fuzz/target.h"

void aacft::fuzz::run(std::string_view input) {
  const nlohmann::json value = parse_json_object(std::string(input), "input");
  require(parse_json_object(value.dump(), "again") == value, "read(write(x)) == x");
}

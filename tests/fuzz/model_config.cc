// config.json.
#include "aacft/formats/json.h"
#include "aacft/model/config.h"
#include "fuzz/target.h"

void aacft::fuzz::run(std::string_view input) {
  const ModelConfig config = parse_model_config(parse_json_object(std::string(input), "config.json"), "config.json");
  require(config.num_parameters() > 0, "a model has parameters");
  require(config.head_size > 0 || config.head_dim() * config.num_heads == config.hidden_size,
          "heads divide the hidden size");
  require(config.num_heads % config.kv_heads() == 0, "groups of queries are of one size");
  require(config.rotary_dims() >= 0 && config.rotary_dims() <= config.head_dim(), "rotary dimensions are a head's");
  const nlohmann::json written = to_json(config, Dtype::kFloat16);
  require(to_json(parse_model_config(parse_json_object(written.dump(), "again"), "again"), Dtype::kFloat16) == written,
          "read(write(x)) == x");
}

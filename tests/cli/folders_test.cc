// Folders of models and adapters as other programs write them, with the numbers of transformers and PEFT.
#include <cstring>

#include "support.h"

namespace aacft::testing {
namespace {

using nlohmann::ordered_json;

std::uint64_t header_size(const std::string& safetensors) {
  std::uint64_t size = 0;
  std::memcpy(&size, safetensors.data(), sizeof size);
  return size;
}

class Folders : public CommandTest {
 protected:
  const std::string row = input("row.jsonl", "{\"text\":\"Hello there, I want tea\"}\n");

  // A small model whose numbers are not small.
  fs::path base() const {
    const fs::path folder = inputs / "base";
    if (fs::exists(folder)) return folder;
    succeeds({"init", "--shape", "tiny", "--dtype", "fp32", "--seed", "7", "--rotary-pct", "0.25", "--max-positions",
              "256", "--output", folder});
    std::string file = read_text(folder / "model.safetensors");
    const std::size_t start = 8 + header_size(file);
    const auto header = nlohmann::json::parse(file.substr(8, start - 8));
    for (const auto& [name, tensor] : header.items()) {
      if (name == "__metadata__" || tensor.at("shape").size() != 2) continue;
      for (std::size_t at = start + tensor.at("data_offsets")[0].get<std::size_t>();
           at < start + tensor.at("data_offsets")[1].get<std::size_t>(); at += sizeof(float)) {
        float value;
        std::memcpy(&value, &file[at], sizeof value);
        value *= 10;
        std::memcpy(&file[at], &value, sizeof value);
      }
    }
    write_text(folder / "model.safetensors", file);
    return folder;
  }

  static void change(const fs::path& file, const nlohmann::json& keys) {
    ordered_json object = ordered_json::parse(read_text(file));
    object.update(ordered_json(keys));
    write_text(file, object.dump());
  }
  fs::path changed(const std::string& name, const nlohmann::json& keys) const {
    const fs::path folder = inputs / name;
    fs::copy(base(), folder, fs::copy_options::recursive);
    change(folder / "config.json", keys);
    return folder;
  }

  // What eval says, which transformers says as well: of the base, 7.366776.
  double loss(const fs::path& model, const Arguments& more = {}, std::string* warnings = nullptr) const {
    const Result result = succeeds(Arguments{"eval", "--model", model, "--data", row, "--no-append-eos", "--compute",
                                             "fp32", "--base-weights", "fp32", "--json"} +
                                   more);
    if (warnings != nullptr) *warnings = result.err;
    return json_lines(result.out).back().at("loss");
  }
};

constexpr double kBaseLoss = 7.366776, kDigits = 1e-6;

TEST_F(Folders, ATiedModelWithAHeadOfItsOwn) {
  const fs::path model = changed("tied", {{"tie_word_embeddings", true}});
  std::string warnings;
  EXPECT_NEAR(loss(model, {}, &warnings), kBaseLoss, kDigits);
  EXPECT_NE(warnings.find("tie_word_embeddings"), std::string::npos) << warnings;
  succeeds({"merge", "--model", model, "--output", "merged"});
  EXPECT_EQ(nlohmann::json::parse(read_text(work / "merged/config.json")).at("tie_word_embeddings"), false);
  EXPECT_NEAR(loss(work / "merged"), kBaseLoss, kDigits);
}

TEST_F(Folders, AnotherFamilysRotaryBase) {
  EXPECT_NEAR(loss(changed("theta", {{"rope_theta", 500}})), kBaseLoss, kDigits);
}

TEST_F(Folders, AnIndexThatListsOldBuffers) {
  const fs::path model = changed("sharded", nlohmann::json::object());
  const std::string file = read_text(model / "model.safetensors");
  nlohmann::json weights = {{"gpt_neox.layers.0.attention.rotary_emb.inv_freq", "a.safetensors"}};
  const auto header = nlohmann::json::parse(file.substr(8, header_size(file)));
  for (const auto& [name, tensor] : header.items())
    if (name != "__metadata__") weights[name] = "a.safetensors";
  fs::rename(model / "model.safetensors", model / "a.safetensors");
  write_text(model / "model.safetensors.index.json", nlohmann::json{{"weight_map", weights}}.dump());
  EXPECT_NEAR(loss(model), kBaseLoss, kDigits);
  weights["gpt_neox.layers.0.attention.dense.more"] = "a.safetensors";
  write_text(model / "model.safetensors.index.json", nlohmann::json{{"weight_map", weights}}.dump());
  EXPECT_NE(run({"eval", "--model", model, "--data", row}).err.find("dense.more"), std::string::npos);
}

TEST_F(Folders, AnyOfSeveralTokensEndsAText) {
  const Arguments greedy = {"generate",  "--prompt", "Hello",          "--no-stop", "--max-new-tokens", "8",
                            "--compute", "fp32",     "--base-weights", "fp32",      "--json",           "--model"};
  using Ids = std::vector<int>;
  const auto ids = [&](const fs::path& model) {
    return json_lines(succeeds(greedy + Arguments{model}).out).back().at("new_ids").get<Ids>();
  };
  const Ids all = ids(base());
  ASSERT_EQ(all.size(), 8u);
  EXPECT_EQ(all[0], 122);
  const Ids two(all.begin(), all.begin() + 2);
  const fs::path listed = changed("listed", {{"eos_token_id", {0, all[1]}}}),
                 elsewhere = changed("elsewhere", nlohmann::json::object());
  change(elsewhere / "generation_config.json", {{"eos_token_id", {0, all[1]}}});
  for (const fs::path& model : {listed, elsewhere}) {
    EXPECT_EQ(ids(model), two);
    const fs::path merged = work / ("merged-" + model.filename().string());
    succeeds({"merge", "--model", model, "--output", merged});
    EXPECT_EQ(nlohmann::json::parse(read_text(merged / "config.json")).at("eos_token_id"), (nlohmann::json{0, all[1]}));
    EXPECT_EQ(ids(merged), two);
  }
}

TEST_F(Folders, TheBasesDropoutIsSaidNotToBeDone) {
  for (const char* key : {"hidden_dropout", "attention_dropout"}) {
    const fs::path model = changed(key, {{key, 0.5}});
    const Result result =
        succeeds({"train", "--model", model, "--data", row, "--max-steps", "1", "--warmup", "0", "--output", key});
    EXPECT_NE(result.err.find(key), std::string::npos) << result.err;
    EXPECT_EQ(nlohmann::json::parse(read_text(model / "config.json")).at(key), 0.5);
  }
  EXPECT_EQ(succeeds({"train", "--model", base(), "--data", row, "--max-steps", "1", "--warmup", "0", "--output", "o"})
                .err.find("hidden_dropout"),
            std::string::npos);
}

// ---- adapters ----

class AdapterFolders : public Folders {
 protected:
  fs::path with(const std::string& name, const std::string& key, const ordered_json& value) const {
    const fs::path folder = inputs / name;
    fs::copy(adapter, folder, fs::copy_options::recursive);
    ordered_json config = ordered_json::parse(read_text(folder / "adapter_config.json"));
    config[key] = value;
    write_text(folder / "adapter_config.json", config.dump());
    return folder;
  }
  double loss_with(const fs::path& adapter_folder, std::string* warnings = nullptr) const {
    return loss(seq, {"--adapter", adapter_folder}, warnings);
  }
};

TEST_F(AdapterFolders, ThatChangedTheBaseAreRefused) {
  for (const char* init : {"pissa", "pissa_niter_4", "olora", "corda", "loftq", "lora_ga"}) {
    const Result result =
        run({"eval", "--model", seq, "--data", row, "--adapter", with(init, "init_lora_weights", init).string()});
    EXPECT_EQ(result.code, 1);
    EXPECT_NE(result.err.find("init_lora_weights"), std::string::npos) << result.err;
  }
  const Result result =
      run({"eval", "--model", seq, "--data", row, "--adapter", with("bd", "use_bdlora", {{"nblocks", 2}}).string()});
  EXPECT_NE(result.err.find("use_bdlora"), std::string::npos) << result.err;
  EXPECT_EQ(loss_with(with("mica", "init_lora_weights", "mica")), loss_with(adapter));
}

TEST_F(AdapterFolders, TheFirstPatternOfTheFileCounts) {
  const double with_16 = loss_with(with("16", "lora_alpha", 16)), with_64 = loss_with(with("64", "lora_alpha", 64));
  EXPECT_NE(with_16, with_64);
  const ordered_json short_first = {{"query_key_value", 16}, {"attention.query_key_value", 64}},
                     long_first = {{"attention.query_key_value", 64}, {"query_key_value", 16}};
  EXPECT_EQ(loss_with(with("short", "alpha_pattern", short_first)), with_16);
  EXPECT_EQ(loss_with(with("long", "alpha_pattern", long_first)), with_64);
}

// What an adapter's tensors say anyway is no reason to refuse it, nor to warn of every module.
TEST_F(AdapterFolders, WhoseTargetsAreSaidInOtherWays) {
  const double plain = loss_with(adapter);
  std::string warnings;
  EXPECT_EQ(loss_with(with("fan", "fan_in_fan_out", true), &warnings), plain);
  EXPECT_EQ(warnings, "");
  const fs::path excluding = with("excluding", "exclude_modules", {"dense", "dense_h_to_4h", "dense_4h_to_h"});
  change(excluding / "adapter_config.json", {{"target_modules", "all-linear"}});
  EXPECT_EQ(loss_with(excluding, &warnings), plain);
  EXPECT_EQ(warnings, "");
  succeeds(train({"--init-adapter", excluding.string()}));
  EXPECT_EQ(nlohmann::json::parse(read_text(work / "out/adapter_config.json")).at("exclude_modules").size(), 3u);
  for (const char* pattern : {"(?=.*q)(?=.*k)(?=.*v).*", ".*(?<!mlp)\\.query_key_value"}) {
    EXPECT_EQ(loss_with(with(std::to_string(std::strlen(pattern)), "target_modules", pattern), &warnings), plain);
    EXPECT_EQ(std::count(warnings.begin(), warnings.end(), '\n'), 1) << warnings;
    EXPECT_NE(warnings.find("target_modules"), std::string::npos) << warnings;
  }
}

// mlx-lm's matrices are the transposes of PEFT's, and its scale is alpha / rank.
TEST_F(AdapterFolders, OfMlxLm) {
  const fs::path folder = inputs / "mlx";
  fs::create_directories(folder);
  const ordered_json peft = ordered_json::parse(read_text(adapter / "adapter_config.json"));
  const double rank = peft.at("r"), alpha = peft.at("lora_alpha");
  ordered_json config = {{"fine_tune_type", "lora"},
                         {"lora_parameters", {{"rank", peft.at("r")}, {"dropout", 0.0}, {"scale", alpha / rank}}},
                         {"num_layers", 16},
                         {"model", "somewhere"}};
  write_text(folder / "adapter_config.json", config.dump());

  const std::string file = read_text(adapter / "adapter_model.safetensors");
  const std::size_t start = 8 + header_size(file);
  ordered_json header;
  std::string data;
  const auto written = ordered_json::parse(file.substr(8, start - 8));
  for (const auto& [name, tensor] : written.items()) {
    if (name == "__metadata__") continue;
    const std::size_t rows = tensor.at("shape")[0], columns = tensor.at("shape")[1], first = data.size();
    const std::size_t from = start + tensor.at("data_offsets")[0].get<std::size_t>();
    for (std::size_t c = 0; c < columns; ++c)
      for (std::size_t r = 0; r < rows; ++r) data += file.substr(from + 4 * (r * columns + c), 4);
    std::string ours = "model.h." + name.substr(std::string("base_model.model.gpt_neox.layers.").size());
    ours.replace(ours.rfind(".lora_"), std::string::npos, name.find("lora_A") != name.npos ? ".lora_a" : ".lora_b");
    header[ours] = {{"dtype", "F32"}, {"shape", {columns, rows}}, {"data_offsets", {first, data.size()}}};
  }
  const std::string text = header.dump();
  const std::uint64_t size = text.size();
  write_text(folder / "adapters.safetensors", std::string(reinterpret_cast<const char*>(&size), 8) + text + data);

  std::string warnings;
  EXPECT_EQ(loss_with(folder, &warnings), loss_with(adapter));
  EXPECT_EQ(warnings, "");
  succeeds(train({"--init-adapter", folder}));  // from then on it is PEFT's
  EXPECT_EQ(nlohmann::json::parse(read_text(work / "out/adapter_config.json")).at("r"), peft.at("r"));

  config["fine_tune_type"] = "full";
  write_text(folder / "adapter_config.json", config.dump());
  expect_message(run({"info", folder}), 1, {"adapter_config.json", "fine_tune_type", "full"});
}

TEST_F(Folders, InfoTakesTheModelAsEveryCommandDoes) {
  EXPECT_EQ(succeeds({"info", "--model", seq}).out, succeeds({"info", seq}).out);
}

// ---- texts ----

TEST_F(Folders, AByteOrderMarkIsNoPartOfAText) {
  const std::string mark = "\xEF\xBB\xBF", text = "Hello";
  const auto outputs = [&](const std::string& prefix) {
    const std::string file = input("prompt-" + std::to_string(prefix.size()), prefix + text),
                      data = input("data-" + std::to_string(prefix.size()), prefix + "{\"prompt\":\"Hello\"}\n");
    const Arguments answer = generate({"--json"});
    std::vector<std::string> all;
    for (const Result& result :
         {run(answer + Arguments{"--prompt-file", file}), run(answer, prefix + text),
          run(answer + Arguments{"--data", data}), run(answer + Arguments{"--data", "-"}, read_text(data)),
          run({"tokenize", "--model", seq, "--file", file}), run({"tokenize", "--model", seq}, prefix + text)}) {
      EXPECT_EQ(result.code, 0) << result.err;
      all.push_back(result.out);
    }
    return all;
  };
  EXPECT_EQ(outputs(mark), outputs(""));
}

}  // namespace
}  // namespace aacft::testing

// Help, and the smaller commands: eval, init, info, tokenize.
#include <cmath>

#include "support.h"

namespace aacft::testing {
namespace {

class Commands : public CommandTest {};

using nlohmann::json;

TEST_F(Commands, Version) {
  const std::string version = succeeds({"--version"}).out;
  EXPECT_EQ(lines_of(version).size(), 1u);
  EXPECT_TRUE(std::isdigit(static_cast<unsigned char>(version[0]))) << version;
}

TEST_F(Commands, HelpListsEveryFlagWithItsDefault) {
  const std::string top = succeeds({"--help"}).out;
  for (const auto& [command, parts] : std::vector<std::pair<std::string, std::vector<std::string>>>{
           {"train",
            {"--model PATH", "--output PATH=run", "--rank N=2", "--alpha NUMBER=32", "--dropout NUMBER=0.05",
             "--target-modules TEXT", "NUMBER=0.0002", "linear|cosine|constant=linear", "N=100",
             "--memory-budget SIZE=0", "--epochs NUMBER=0", "token|micro=token", "--no-shuffle", "--no-append-eos",
             "--eval-steps N=50", "--save-total-limit N=2", "--resume PATH", "--config PATH", "--overwrite"}},
           {"plan",
            {"--model PATH", "--data PATH", "--rank N=2", "--memory-budget SIZE=0",
             "--compute auto|fp32|bf16|int8=auto", "--no-timing", "--json"}},
           {"generate",
            {"--model PATH", "--prompt TEXT", "--max-new-tokens", "N=50", "--temperature", "--top-k N=0",
             "--top-p NUMBER=1", "--stop TEXT=<human>", "--json", "--seed N=42"}},
           {"merge",
            {"--model PATH", "--adapter PATH", "--output PATH", "--dtype TEXT", "--max-shard-size SIZE=5G",
             "--also-delta", "--json"}},
           {"init", {"--output PATH", "--shape TEXT=tiny", "--dtype TEXT=float16", "--seed N=42", "--layers N"}},
           {"info", {"PATH", "--json"}},
           {"tokenize", {"--model PATH", "--file PATH", "--json"}},
           {"bench",
            {"--shape TEXT=redpajama-3b", "--layers N=5", "--tokens N=1280",
             "--only TEXT=peaks,linears,step,prompt,decode", "--json"}}}) {
    SCOPED_TRACE(command);
    expect_contains(top, "\n  " + command + " ");
    const Result help = succeeds({command, "--help"});
    EXPECT_EQ(help.err, "");
    EXPECT_EQ(help.out.find("\n\n\n"), std::string::npos);
    EXPECT_EQ(help.out.find("{false}"), std::string::npos);
    for (const std::string& part : parts) expect_contains(help.out, part);
  }
}

TEST_F(Commands, InitMakesAModelThatWorks) {
  expect_contains(succeeds({"init", "-o", "a model"}).out, "a model");
  EXPECT_EQ(everything_in(work / "a model"),
            (std::vector<std::string>{"config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
                                      "tokenizer_config.json"}));
  const std::string weights = read_text(work / "a model/model.safetensors");
  expect_message(run({"init", "-o", "a model"}), 1, {"a model", "exists already"});
  EXPECT_EQ(read_text(work / "a model/model.safetensors"), weights);
  succeeds({"init", "-o", "same"});
  EXPECT_EQ(read_text(work / "same/model.safetensors"), weights);
  succeeds({"init", "-o", "other", "--seed", "43"});
  EXPECT_NE(read_text(work / "other/model.safetensors"), weights);
  succeeds({"generate", "--model", "a model", "--prompt", "hello", "--max-new-tokens", "2"});

  succeeds({"init", "-o", "numbers", "--hidden-size", "32", "--layers", "2", "--heads", "2", "--max-positions", "64",
            "--vocab-size", "2000", "--dtype", "bf16", "--parallel-residual", "--tied-embeddings", "--rotary-pct",
            "0.5"});
  const json info = json::parse(succeeds({"info", "numbers", "--json"}).out);
  const json wanted = {
      {"kind", "checkpoint"}, {"hidden_size", 32},      {"intermediate_size", 128}, {"layers", 2},
      {"heads", 2},           {"context", 64},          {"vocab_size", 2000},       {"residual", "parallel"},
      {"rotary_pct", 0.5},    {"layout", "safetensors"}};
  for (const auto& [key, value] : wanted.items()) EXPECT_EQ(info.at(key), value) << key;
  EXPECT_TRUE(info.at("tensors_by_type").contains("bfloat16"));
}

TEST_F(Commands, Info) {
  const json described = json::parse(succeeds({"info", adapter, "--json"}).out);
  EXPECT_EQ(described.at("kind"), "adapter");
  EXPECT_EQ(described.at("rank"), 2);
  EXPECT_EQ(described.at("adapted_modules"), 2);
  const json machine = json::parse(succeeds({"info", "--json"}).out);
  EXPECT_EQ(machine.at("kind"), "machine");
  EXPECT_GE(machine.at("cores"), 1);
  expect_contains(succeeds({"info", seq}).out, "hidden_size             24\n");
}

TEST_F(Commands, Eval) {
  const auto report = json_lines(succeeds({"eval", "--model", seq, "--data", rows, "--json"}).out).at(0);
  EXPECT_EQ(report.at("rows"), lines_of(read_text(rows)).size());
  EXPECT_NEAR(report.at("perplexity").get<double>(), std::exp(report.at("loss").get<double>()),
              1e-6 * report.at("perplexity").get<double>());
  const auto by_row = json_lines(succeeds({"eval", "--model", seq, "--data", rows, "--json", "--by-row"}).out);
  ASSERT_EQ(by_row.size(), report.at("rows").get<std::size_t>() + 1);
  EXPECT_EQ(by_row.back(), report);
  for (const char* key : {"line", "tokens", "loss", "ids", "nll"}) EXPECT_TRUE(by_row[0].contains(key)) << key;
  expect_message(run({"eval", "--model", "nowhere", "--data", rows}), 1, {"nowhere"});
  expect_message(run({"eval", "--model", seq}), 2, {"--data"});
}

// The losses of transformers: the first step of runs that begin with the first 16 rows and an adapter that does
// nothing.
TEST_F(Commands, EvalSaysTheLossesOfTransformers) {
  const auto all = lines_of(read_text(rows));
  std::string first;
  for (std::size_t i = 0; i < 16; ++i) first += all.at(i) + "\n";
  const std::string data = input("first.jsonl", first);
  for (const auto& [model, masked, golden] : {std::tuple("seq", false, "train-seq-r2-token.json"),
                                              {"seq", true, "train-seq-r2-completion.json"},
                                              {"par", false, "train-par-r4-all.json"},
                                              {"par", true, "train-par-full-completion.json"}}) {
    SCOPED_TRACE(golden);
    Arguments arguments = {"eval",      "--model", goldens_dir() / model, "--data", data, "--json",
                           "--compute", "fp32",    "--no-append-eos"};
    if (masked) arguments.push_back("--mask-prompt");
    const json report = json_lines(succeeds(arguments).out).at(0);
    const json expected = json::parse(read_text(goldens_dir() / golden)).at("log").at(0);
    EXPECT_NEAR(report.at("loss").get<double>(), expected.at("loss").get<double>(), 1e-5);
    EXPECT_EQ(report.at("tokens"), expected.at("tokens"));
  }
}

TEST_F(Commands, Tokenize) {
  const std::string text = "<human>: héllo  wörld\n";
  const auto objects = json_lines(succeeds({"tokenize", "--model", seq, "--json", text, "b"}).out);
  ASSERT_EQ(objects.size(), 2u);
  // Of the tokenizers library.
  EXPECT_EQ(objects[0].at("ids"), json({29, 312, 268, 364, 412, 281, 80, 502, 88, 129, 116, 83, 429, 200}));
  EXPECT_EQ(objects[0].at("pieces"),
            json({"<", "human", ">:", "Ġh", "Ã©", "ll", "o", "  ", "w", "Ã", "¶", "r", "ld", "Ċ"}));
  EXPECT_EQ(objects[1].at("ids"), json::array({67}));
  EXPECT_EQ(json::parse(succeeds({"tokenize", "--model", seq / "tokenizer.json", "--json"}, text).out), objects[0]);
  EXPECT_EQ(json::parse(succeeds({"tokenize", "--model", seq, "--json", "--file", input("text.txt", text)}).out),
            objects[0]);
  const auto plain = lines_of(succeeds({"tokenize", "--model", seq, "b"}).out);
  ASSERT_EQ(plain.size(), objects[1].at("ids").size());
  EXPECT_TRUE(plain[0].starts_with(objects[1].at("ids")[0].dump() + "\t"));
}

}  // namespace
}  // namespace aacft::testing

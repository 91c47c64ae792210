// What users, files and disks can get wrong: each ends with one message that says what, where and what to do, exit code
// 1 or 2, and nothing half-written.
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstring>

#include "aacft/base/sanitizers.h"
#include "support.h"

namespace aacft::testing {
namespace {

class BadInput : public CommandTest {
 protected:
  // Nothing may be written, not even a temporary file.
  void refused(const Arguments& arguments, const std::vector<std::string>& parts, int code = 1,
               const std::string& input = {}) const {
    std::string line;
    for (const std::string& argument : arguments) line += " " + argument;
    SCOPED_TRACE(line);
    const Result result = run(arguments, input);
    expect_message(result, code, parts);
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(everything_in(work.path()), std::vector<std::string>());
  }
  void misused(const Arguments& arguments, const std::vector<std::string>& parts) const {
    refused(arguments, parts, 2);
  }
};

TEST_F(BadInput, MissingFolders) {
  refused(train({"--model", "nowhere"}), {"nowhere", "config.json"});
  refused(generate({"--prompt", "a", "--model", "nowhere"}), {"nowhere"});
  refused(merge({"--model", "nowhere"}), {"nowhere"});
  refused({"info", "nowhere"}, {"nowhere"});
  refused({"tokenize", "--model", "nowhere", "a"}, {"nowhere"});
  refused(generate({"--prompt", "a", "--adapter", "nowhere"}), {"nowhere", "adapter_config.json"});
}

TEST_F(BadInput, MissingFiles) {
  refused(train({"--data", "none.jsonl"}), {"none.jsonl", "No such file"});
  refused(train({"--data", inputs.path()}), {"it is a folder"});
  refused(train({"--config", "none.toml"}), {"none.toml"});
  refused(generate({"--data", "none.jsonl"}), {"none.jsonl"});
  refused({"tokenize", "--model", seq, "--file", "none.txt"}, {"none.txt"});
}

TEST_F(BadInput, DamagedShards) {
  const fs::path model = copy_of("seq-safetensors-sharded-bf16");
  fs::path shard;
  for (const auto& entry : fs::directory_iterator(model))
    if (entry.path().extension() == ".safetensors") shard = std::max(shard, entry.path());
  fs::resize_file(shard, fs::file_size(shard) - 100);
  refused(generate({"--prompt", "a", "--model", model}), {shard.filename(), "cut short", "again"});
  refused(merge({"--model", model}), {shard.filename(), "cut short"});
  refused({"info", model}, {shard.filename(), "cut short"});
  fs::remove(shard);
  refused(train({"--model", model}), {shard.filename(), "missing", "again"});
}

TEST_F(BadInput, WeightsThatDoNotFit) {
  const fs::path model = copy_of("seq");
  std::string config = read_text(model / "config.json");
  const std::size_t at = config.find("\"intermediate_size\": 80");
  ASSERT_NE(at, config.npos);
  write_text(model / "config.json", config.replace(at, 23, "\"intermediate_size\": 84"));
  for (const auto& arguments : {train({"--model", model}), merge({"--model", model})})
    refused(arguments, {model, "wrong shape", "dense_h_to_4h.weight", "[80, 24]", "[84, 24]"});
  write_text(model / "config.json", "{\"model_type\": \"gemma\"}");
  refused({"info", model}, {"config.json", "gemma", "gpt_neox", "llama", "qwen3"});
  write_text(model / "config.json", "{");
  refused({"info", model}, {"config.json:1:", "not valid JSON"});
}

TEST_F(BadInput, WeightsThatAreNotFinite) {
  const fs::path model = copy_of("seq");
  std::fstream file(model / "model.safetensors", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-4, std::ios::end);
  file.write("\x00\x00\xC0\x7F", 4);  // the last value of the last tensor: NaN
  file.close();
  for (const auto& arguments :
       {train({"--model", model}), generate({"--prompt", "a", "--model", model}), merge({"--model", model})})
    refused(arguments, {model, "tensor ", "not finite"});
}

TEST_F(BadInput, PickleThatCallsSomething) {
  const fs::path model = copy_of("seq");
  fs::remove(model / "model.safetensors");
  using namespace std::string_literals;
  const std::string magic = "\x80\x02\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19."s,
                    protocol = "\x80\x02M\xE9\x03."s, system = "\x80\x02}X\x0D\x00\x00\x00little_endian\x88s."s;
  write_text(model / "pytorch_model.bin", magic + protocol + system +
                                              "\x80\x02"
                                              "cposix\nsystem\nX\x0B\x00\x00\x00touch owned\x85R."s);
  refused(generate({"--prompt", "a", "--model", model}), {"pytorch_model.bin", "posix.system", "refused"});
  write_text(model / "pytorch_model.bin", "no weights at all");
  refused({"info", model}, {"pytorch_model.bin"});
}

TEST_F(BadInput, Rows) {
  std::string good;
  for (int i = 1; i <= 6; ++i) good += "{\"text\": \"<human>: a\\n<bot>: b\\n\"}\n";
  const auto row = [&](const std::string& line, const std::vector<std::string>& parts) {
    const std::string data = input("data.jsonl", good + line + "\n" + good);
    refused(train({"--data", data}), std::vector<std::string>{data + ":7: "} + parts);
  };
  row("oops", {"not valid JSON"});
  row("{\"text\": \"a\"", {"not valid JSON"});
  row("[1]", {"not valid JSON", "object"});
  row("{\"txt\": \"a\"}", {"\"text\"", "\"prompt\"", "\"messages\""});
  row("{\"text\": 7}", {"\"text\" must be a string"});
  row("{\"text\": \"\"}", {"empty"});
  row("{\"messages\": [{\"role\": \"judge\", \"content\": \"a\"}]}", {"judge"});
  std::string book;
  for (int i = 0; i < 300; ++i) book += "word ";
  row("{\"text\": \"" + book + "\"}", {"tokens", "160", "--truncate", "--skip-bad-rows"});
  refused(train({"--data", input("empty.jsonl", "")}), {"empty.jsonl", "no rows"});
  refused(train({"--data", input("empty.jsonl", "\n\n")}), {"empty.jsonl", "no rows"});
  refused(train({"--eval-data", input("eval.jsonl", "{}\n")}), {"eval.jsonl:1: "});
  refused(train({"--data", input("turns.jsonl", "{\"text\": \"a b\"}\n"), "--mask-prompt"}),
          {"turns.jsonl:1: ", "<bot>:"});
  refused(generate({"--data", input("p.jsonl", "{\"prompt\": \"a\"}\n{\"prompt\": 3}\n")}),
          {"p.jsonl:2: ", "\"prompt\" must be a string"});
  refused(generate({"--data", input("p.jsonl", "{\"messages\": [1]}\n")}), {"p.jsonl:1: ", "\"role\""});
  refused(generate({"--data", input("p.jsonl", "{\"prompt\": \"\"}\n")}), {"p.jsonl:1: ", "empty"});

  const Result skipped = run(train({"--data", input("data.jsonl", good + "oops\n" + good), "--skip-bad-rows"}));
  EXPECT_EQ(skipped.code, 0) << skipped.err;
  expect_contains(skipped.err, "data.jsonl:7");
  expect_contains(skipped.out, "on 12 rows");
}

TEST_F(BadInput, AdapterOfAnotherModel) {
  const std::string other = goldens_dir() / "adapter-par-r4-all";
  for (const auto& arguments :
       {generate({"--prompt", "a", "--adapter", other}), merge({"--adapter", other}), train({"--init-adapter", other})})
    refused(arguments, {"another model", "gpt_neox.layers.0."});
  refused(generate({"--prompt", "a", "--adapter", rows}), {rows, "adapter_config.json"});  // a file
  refused(generate({"--prompt", "a", "--adapter", seq}), {seq, "adapter_config.json is missing"});
}

TEST_F(BadInput, Tokenizers) {
  const fs::path model = copy_of("seq");
  fs::remove(model / "tokenizer.json");
  for (const auto& arguments :
       {train({"--model", model}), generate({"--prompt", "a", "--model", model}), merge({"--model", model})})
    refused(arguments, {model, "no tokenizer", "tokenizer.json", "copy it"});
  write_text(model / "tokenizer.json", "{}");
  refused({"tokenize", "--model", model, "a"}, {"tokenizer.json"});

  // One with more tokens than the model knows.
  const std::string small = inputs / "small";
  succeeds({"init", "--shape", "pythia-70m", "--vocab-size", "300", "--hidden-size", "16", "--heads", "2", "--layers",
            "1", "--output", small});
  fs::copy(seq / "tokenizer.json", small);
  refused(generate({"--prompt", "Simulate an AAC communicator", "--model", small}),
          {"tokenizer", "300", "another model"});
  refused(train({"--model", small}), {"tokenizer", "300", "another model"});
}

TEST_F(BadInput, Prompts) {
  refused(generate({"--prompt", ""}), {"--prompt is empty"});
  refused(generate({"--prompt-file", input("empty.txt", "\n")}), {"empty.txt", "is empty"});
  refused(generate(), {"standard input", "is empty"});
  refused(generate({"--prompt", read_text(rows).substr(0, 4000)}), {"prompt 1", "tokens", "160"});
  refused(generate({"--prompt", "\xFF\xFE"}), {"UTF-8"});
  refused(merge({"--prompt", ""}), {"--prompt is empty"});
}

TEST_F(BadInput, CommandLine) {
  misused({}, {"a command is missing", "train, plan, generate"});
  misused({"trains"}, {"unknown command trains", "did you mean train?"});
  misused({"--model", "x"}, {"unknown flag --model", "command comes first"});
  misused(train({"--rnak", "2"}), {"unknown flag --rnak"});
  misused(train({"--warmup-stesp", "2"}), {"unknown flag --warmup-stesp", "did you mean --warmup-steps?"});
  misused(train({"--num_train_epochs=2"}), {"unknown flag --num-train-epochs", "did you mean --epochs?"});
  misused(generate({"--n-predict", "2"}), {"did you mean --max-new-tokens?"});
  misused(generate({"hello"}), {"hello", "--prompt"});
  misused({"train"}, {"--data is missing"});
  misused({"merge"}, {"nothing to merge", "--adapter"});
}

TEST_F(BadInput, Values) {
  misused(train({"--lr", "abc"}), {"--lr: \"abc\" is not a number"});
  misused(train({"--rank", "0"}), {"--rank must be 1 or more"});
  misused(train({"--rank", "2.5"}), {"--rank: \"2.5\" is not a whole number"});
  misused(train({"--seed", "-1"}), {"--seed", "from 0 up"});
  misused(train({"--dropout", "1.5"}), {"--dropout must be from 0 to below 1"});
  misused(train({"--schedule", "foo"}), {"--schedule: \"foo\" is not one of linear|cosine|constant"});
  misused(train({"--memory-budget", "lots"}), {"--memory-budget: \"lots\" is not a size", "6G"});
  misused(train({"--beta1", "2"}), {"--beta1"});
  misused(train({"--epochs", "1"}), {"--max-steps and --epochs exclude each other"});
  misused(train({"--keep-best"}), {"--keep-best", "--eval-data"});
  refused(train({"--target-modules", "foo"}), {"match nothing", "query_key_value"}, 2);
  misused(generate({"--prompt", "a", "--top-p", "2"}), {"--top-p must be above 0 and at most 1"});
  misused(generate({"--prompt", "a", "--prompt-file", "b"}), {"exclude each other"});
  misused(generate({"--prompt", "a", "--output", "b"}), {"--output goes with --data"});
  misused(merge({"--dtype", "int8"}), {"--dtype must be fp32, fp16 or bf16, not int8"});
  misused({"init", "-o", "out", "--shape", "huge"}, {"--shape must be tiny", "huge"});
  refused({"init", "-o", "out", "--hidden-size", "65"}, {"65", "divisible"});
}

TEST_F(BadInput, ConfigurationFiles) {
  const auto config = [&](const std::string& text, const std::vector<std::string>& parts) {
    misused({"train", "--config", input("run.toml", text), "--model", seq, "--data", rows, "--output", "out"}, parts);
  };
  config("# first\n\nlerning-rate = 1\n",
         {"run.toml:3: ", "unknown key \"lerning-rate\"", "did you mean \"learning-rate\"?"});
  config("lora_alpha = 1\n", {"run.toml:1: ", "did you mean \"alpha\"?"});
  config("rank = 2\nlr = \"abc\"\n", {"run.toml:2: ", "--lr: \"abc\" is not a number"});
  config("lr 3\n", {"run.toml:1: ", "="});
  config("append-eos = \"yes\"\n", {"run.toml:1: ", "true or false"});
  config("lr = true\n", {"run.toml:1: ", "needs a value"});
  config("rank = [1, 2]\n", {"run.toml:1: ", "one value"});
  config("lr = 1\nlearning_rate = 2\n", {"run.toml:2: ", "same option"});
  config("[generate]\nlr = 1\n", {"run.toml:2: ", "[generate]"});
  config("# ranges\nlr = -5\n", {"run.toml:2: --lr must be from 0 to 1e30"});
  config("rank = 2\n\naccumulation = 0\n", {"run.toml:3: --micro-batch and --accumulation must be 1 or more"});
  config("resume = \"x\"\n", {"run.toml:1: ", "command line"});
}

TEST_F(BadInput, OutputsThatCannotBe) {
  write_text(inputs / "mine/notes.txt", "precious");
  const std::string mine = inputs / "mine", file = input("file", "x");
  refused(train({"--output", mine}), {mine, "exists and holds other files", "another --output"});
  refused(train({"--output", mine, "--overwrite"}), {mine, "other files"});
  refused(merge({"--output", mine}), {mine, "exists already", "new --output"});
  refused({"init", "--output", mine}, {mine, "exists already"});
  EXPECT_EQ(everything_in(inputs / "mine"), std::vector<std::string>{"notes.txt"});
  refused(train({"--output", file}), {file, "is a file"});
  refused(merge({"--output", file}), {file});
  misused(train({"--output", seq}), {"--output", "--model"});
  {
    const std::string place = "/proc/out";
    refused(train({"--output", place}), {place, "cannot create the folder"});
    refused(merge({"--output", place}), {place, "cannot create the folder"});
    refused({"init", "--output", place}, {place, "cannot create the folder"});
    refused(generate({"--data", rows, "--output", place}), {place, "cannot write"});
  }
  refused(train({"--output", file + "/out"}), {file + "/out", "cannot create the folder"});
}

TEST_F(BadInput, SizesThatCannotBe) {
  misused(train({"--threads", "100000"}), {"--threads"});
  misused(train({"--accumulation", "9223372036854775807"}), {"--accumulation"});
  misused(train({"--rank", "9223372036854775807"}), {"--rank"});
  misused(train({"--dropout", "0.999999999"}), {"--dropout"});
  misused(train({"--full", "--dora"}), {"--full", "--dora"});
}

// An empty value is no flag, and a folder's name is quoted for the shell.
TEST_F(BadInput, EmptyAndOddArguments) {
  misused(train({"--response-marker", "", "--seed", "3"}), {"--response-marker must not be empty"});
  const Result result = succeeds(train({"--output", "o\x1b[2Jx\ny"}));
  EXPECT_EQ(result.out.find('\x1b'), result.out.npos);
  expect_contains(result.out, "$'o\\x1b[2Jx\\x0ay'");
}

TEST_F(BadInput, RunsThatAreThereAlready) {
  succeeds(train());
  const auto before = everything_in(work.path());
  expect_message(run(train()), 1, {"holds a run already", "--resume", "--overwrite"});
  EXPECT_EQ(everything_in(work.path()), before);
  succeeds(train({"--overwrite", "--rank", "4"}));
  EXPECT_EQ(everything_in(work.path()), before);
}

TEST_F(BadInput, Resuming) {
  misused({"train", "--resume", "x", "--output", "y"}, {"--resume", "--output"});
  refused({"train", "--resume", "nowhere"}, {"nothing to resume", "nowhere"});
  refused({"train", "--resume", seq}, {"nothing to resume", seq});
  const std::string data = input("data.jsonl", read_text(rows));
  succeeds(train({"--data", data}));
  const std::string before = read_text(work / "out/adapter_model.safetensors");
  input("data.jsonl", "{\"text\": \"other rows\"}\n");
  expect_message(run({"train", "--resume", "out", "--max-steps", "2"}), 1, {data, "not those", "same data"});
  expect_message(run({"train", "--resume", "out", "--data", rows, "--seed", "5", "--max-steps", "2"}), 1,
                 {"--seed", "not those"});
  expect_message(run({"train", "--resume", "out", "--data", rows, "--rank", "4", "--max-steps", "2"}), 1,
                 {"another run"});
  EXPECT_EQ(read_text(work / "out/adapter_model.safetensors"), before);
  expect_contains(read_text(work / "out/config.toml"), data);  // the options of the run, still
  expect_no_temporaries(work.path());
  const Result again = run({"train", "--resume", "out", "--data", rows});
  EXPECT_EQ(again.code, 0) << again.err;
  expect_contains(again.out, "finished already");
}

// A file may not grow past a limit: the same path as a full disk, without being root.
TEST_F(BadInput, FullDisk) {
  const auto limited = [&](const Arguments& arguments, rlim_t bytes) {
    return testing::run(work.path(), arguments, {}, [bytes] {
      ::signal(SIGXFSZ, SIG_IGN);
      const rlimit limit{bytes, bytes};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    });
  };
  for (const auto& arguments :
       {merge(), Arguments{"init", "--output", "out"}, generate({"--data", rows, "--output", "out"})}) {
    expect_message(limited(arguments, 2000), 1, {"cannot write", "out", "File too large"});
    EXPECT_EQ(everything_in(work.path()), std::vector<std::string>());
  }
  const Result stopped =
      limited(train({"--max-steps", "2"}), 3500);  // room for the configuration, not for a checkpoint
  expect_message(stopped, 1, {"cannot write", "checkpoints/step-00000002", "File too large"});
  expect_no_temporaries(work.path());
  EXPECT_FALSE(fs::exists(work / "out/adapter_model.safetensors"));
  EXPECT_TRUE(fs::is_empty(work / "out/checkpoints"));
  expect_message(run(generate({"--prompt", "a", "--adapter", "out"})), 1,
                 {"out", "not finished", "checkpoints", "--resume"});
  const Result resumed = run({"train", "--resume", "out"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_TRUE(fs::exists(work / "out/adapter_model.safetensors"));
}

TEST_F(BadInput, OutputsThatAreInputs) {
  const fs::path model = copy_of("seq"), tuned = copy_of("adapter-seq-r2-token");
  const std::string data = input("data.jsonl", read_text(rows)),
                    sheet = input("sheet.csv", read_text(goldens_dir() / "sheets/libreoffice.csv"));
  const auto kept = [&](const Arguments& arguments, const fs::path& file) {
    const std::string before = read_text(file);
    misused(arguments, {file.filename().string(), "read here"});
    EXPECT_EQ(read_text(file), before);
  };
  const Arguments generate = {"generate", "--model",          model, "--adapter", tuned, "--data",
                              data,       "--max-new-tokens", "1",   "--output"};
  for (const fs::path& file :
       {fs::path(data), model / "model.safetensors", model / "tokenizer.json", tuned / "adapter_model.safetensors"})
    kept(generate + Arguments{file}, file);
  kept({"data", "draft", "--data", data, "--output", data}, data);
  kept({"data", "collect", sheet, "--output", sheet}, sheet);
  kept({"data", "collect", sheet, "--output", "rows.jsonl", "--notes", sheet}, sheet);
  misused({"data", "collect", sheet, "--output", "one", "--notes", "one"}, {"--notes"});
  misused({"eval", "--model", model, "--data", data, "--html", model / "model.safetensors", "--compare"},
          {"--html", ".html"});
  const std::string page = input("page.html", read_text(rows));  // noticed before anything else is read
  kept({"eval", "--data", page, "--system", "missing.jsonl", "--html", page}, page);
  succeeds(train());
  expect_message(run({"report", "out", "--output", "out/adapter_model.safetensors"}), 2, {"--output", ".html"});
}

// What a folder from a stranger may hold beside regular files.
TEST_F(BadInput, PipesAndDevicesInTheFoldersOfModels) {
  for (const char* name : {"config.json", "tokenizer.json", "model.safetensors"}) {
    const fs::path model = copy_of("seq");
    fs::remove(model / name);
    ASSERT_EQ(::mkfifo((model / name).c_str(), 0600), 0);
    refused({"generate", "--model", model, "--prompt", "a"}, {name, "not a regular file"});
    fs::remove(model / name);
    fs::create_symlink("/dev/zero", model / name);
    refused({"generate", "--model", model, "--prompt", "a"}, {name, "not a regular file"});
  }
}

// In time with the square of their number, this would take until the test is stopped.
TEST_F(BadInput, AHeaderOfManyTensors) {
  const fs::path model = copy_of("seq");
  std::string file = read_text(model / "model.safetensors");
  std::uint64_t size = 0;
  std::memcpy(&size, file.data(), sizeof size);
  std::string header = file.substr(8, size), more;
  for (int i = 0; i < 300'000; ++i)
    more += "\"none." + std::to_string(i) + R"(":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},)";
  header.insert(1, more);
  header.resize((header.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = header.size();
  std::string whole(reinterpret_cast<const char*>(&length), sizeof length);
  write_text(model / "model.safetensors", whole + header + file.substr(8 + size));
  succeeds({"info", model});
}

// Else the first file that is opened would get what is printed.
TEST_F(BadInput, ClosedStandardStreams) {
  const auto closed = [&](const Arguments& arguments) {
    return testing::run(work.path(), arguments, {}, [] { ::close(0), ::close(1), ::close(2); });
  };
  EXPECT_EQ(closed(train({"--max-steps", "3"})).code, 0);
  EXPECT_EQ(json_lines(read_text(work / "out/metrics.jsonl")).size(), 3u);
  EXPECT_EQ(closed(generate({"--prompt", "a"})).code, 1);
}

TEST_F(BadInput, ARunFromAStrangerWritesIntoItsFolderAlone) {
  succeeds(train({"--report"}));
  const std::string precious = input("precious.html", "precious");
  std::string config = read_text(work / "out/config.toml");
  const std::size_t at = config.find("report = \"report.html\"");
  ASSERT_NE(at, config.npos);
  write_text(work / "out/config.toml",
             config.replace(at, std::strlen("report = \"report.html\""), "report = \"" + precious + "\""));
  const Result result = succeeds({"train", "--resume", "out", "--max-steps", "2"});
  expect_contains(result.err, "the run's report lies outside its folder");
  EXPECT_EQ(read_text(precious), "precious");
  succeeds({"train", "--resume", "out", "--max-steps", "3", "--report", precious});
  EXPECT_NE(read_text(precious), "precious");
}

// A state that contradicts its folder, or weights and moments that are not finite, are no state to go on from.
TEST_F(BadInput, CheckpointsThatCannotBe) {
  succeeds(train({"--max-steps", "2", "--save-steps", "1"}));
  const fs::path last = work / "out/checkpoints/step-00000002";
  const auto resume = [&](const std::vector<std::string>& parts) {
    expect_message(run({"train", "--resume", "out", "--max-steps", "3"}), 1, parts);
  };
  const std::string state = read_text(last / "state.json");
  std::string other = state;
  write_text(last / "state.json", other.replace(other.find("\"step\": 2"), 9, "\"step\": 9"));
  resume({"state.json", "step is 9", "remove this checkpoint"});
  write_text(last / "state.json", state);
  for (const char* name : {"adapter_model.safetensors", "optimizer.safetensors"}) {
    const std::string before = read_text(last / name);
    write_text(last / name, before.substr(0, before.size() - 4) + std::string("\0\0\xC0\x7F", 4));
    resume({name, "not finite"});
    write_text(last / name, before);
  }
  fs::remove(last / "state.json");  // as if it was being removed: the one before it counts
  succeeds({"train", "--resume", "out", "--max-steps", "3"});
  EXPECT_TRUE(fs::exists(last / "state.json"));
}

TEST_F(BadInput, ALimitOfAddressesNeverHangsAMerge) {
  if (kAddressSanitizer) GTEST_SKIP() << "it reserves terabytes of addresses";
  for (const rlim_t megabytes : {800, 1000}) {
    const Result result = testing::run(work.path(), merge(), {}, [megabytes] {
      const rlimit limit{megabytes << 20, megabytes << 20};
      ::setrlimit(RLIMIT_AS, &limit);
    });
    EXPECT_TRUE(result.code == 0 || result.err.find("ulimit -v") != std::string::npos ||
                result.err.find("memory") != std::string::npos)
        << result.code << result.err;
    fs::remove_all(work / "out");
  }
}

TEST_F(BadInput, FullDiskBehindStandardOutput) {
  for (const auto& arguments : {generate({"--prompt", "a"}), generate({"--data", rows}), Arguments{"info"}}) {
    const Result result = testing::run(work.path(), arguments, {}, [] { ::dup2(::open("/dev/full", O_WRONLY), 1); });
    expect_message(result, 1, {"standard output"});
  }
}

}  // namespace
}  // namespace aacft::testing

// Continuations: those of transformers, with and without a cache, alone and in batches (law 6).
#include <gtest/gtest.h>
#include <torch/types.h>

#include <map>
#include <set>

#include "aacft/base/threads.h"
#include "aacft/base/utf8.h"
#include "aacft/formats/json.h"
#include "aacft/generate/generator.h"
#include "aacft/runtime/loaded_model.h"
#include "aacft/tokenizer/tokenizer.h"
#include "model/support.h"

namespace aacft::testing {
namespace {

using nlohmann::json;

void lent(const Model& model, const Tokenizer& tokenizer, const std::vector<std::string>& prompts,
          const GenerateOptions& options, const GenerateEvents& events, const AdapterModules& adapter = {}) {
  const LoadedModel loaded(model, tokenizer, adapter);
  generate(loaded, "", prompts, options, events);
}

struct Output {
  std::vector<Generation> generations;  // in input order
  std::vector<std::string> streamed;    // the pieces of each, joined
};

Output run(const Model& model, const Tokenizer& tokenizer, const std::vector<std::string>& prompts,
           const GenerateOptions& options, const AdapterModules& adapter = {}) {
  Output out;
  out.streamed.resize(prompts.size());
  GenerateEvents events;
  events.text = [&](std::size_t index, const std::string& piece) {
    EXPECT_FALSE(piece.empty());
    EXPECT_TRUE(valid_utf8(piece));
    EXPECT_LE(out.generations.size(), index);  // nothing comes after the end
    out.streamed.at(index) += piece;
  };
  events.done = [&](std::size_t index, const Generation& generation) {
    EXPECT_EQ(index, out.generations.size());
    out.generations.push_back(generation);
  };
  lent(model, tokenizer, prompts, options, events, adapter);
  EXPECT_EQ(out.generations.size(), prompts.size());
  for (std::size_t i = 0; i < out.generations.size(); ++i) {
    EXPECT_EQ(out.streamed[i], out.generations[i].text);
  }
  return out;
}

GenerateOptions without_stop() {
  GenerateOptions options;
  options.stop.clear();
  return options;
}

std::vector<std::string> prompts_of(const json& cases) {
  std::vector<std::string> prompts;
  for (const json& entry : cases) prompts.push_back(entry.at("prompt"));
  return prompts;
}

// What the reference gives: the new ids, then the end of text where it stopped early.
// "new" leaves out the token that ended it, 0.
Ids expected_ids(const json& entry, std::int64_t most) {
  Ids ids = entry.at("new").get<Ids>();
  if (static_cast<std::int64_t>(ids.size()) < most) ids.push_back(0);
  return ids;
}

// ---- goldens ----

class GenerateGoldens : public GoldensTest {};
INSTANTIATE_TEST_SUITE_P(Goldens, GenerateGoldens, ::testing::Values("own", "shared", "llama"), goldens_name);

TEST_P(GenerateGoldens, Greedy) {
  const json all = read_json_object(*this / "generate.json");
  ASSERT_GE(all.size(), 8u);
  std::set<std::string> reasons;
  for (const auto& [tag, cases] : all.items()) {
    SCOPED_TRACE(tag);
    Model model(*this / base_of(tag), {});
    const auto tokenizer = load_tokenizer(*this / base_of(tag));
    std::optional<Adapter> adapter;
    if (tag != base_of(tag)) {
      adapter = Adapter::load(*this / ("adapter-" + tag), {});
      adapter->fit(model);
    }
    const std::vector<std::string> prompts = prompts_of(cases);
    for (const bool cache : {true, false}) {
      if (!own() && !cache) continue;  // long prompts
      GenerateOptions options = without_stop();
      options.use_cache = cache;
      options.batch_size = cache ? 8 : 2;
      if (llama()) options.max_new_tokens = 40;
      const Output out =
          run(model, *tokenizer, prompts, options, adapter ? adapter->modules_by_target() : AdapterModules());
      ASSERT_EQ(out.generations.size(), cases.size());
      for (std::size_t i = 0; i < cases.size(); ++i) {
        const Generation& g = out.generations[i];
        EXPECT_EQ(g.prompt_ids, cases[i].at("ids").get<Ids>());
        EXPECT_EQ(g.new_ids, expected_ids(cases[i], options.max_new_tokens));
        EXPECT_EQ(g.stop_reason,
                  static_cast<std::int64_t>(cases[i].at("new").size()) < options.max_new_tokens ? "eos" : "length");
        EXPECT_EQ(g.text, tokenizer->decode(cases[i].at("new").get<Ids>(), true));
        reasons.insert(g.stop_reason);
      }
    }
  }
  EXPECT_TRUE(!own() || reasons.contains("eos"));
}

// ---- law 6 ----

class Law6 : public ::testing::Test {
 protected:
  Law6() : model_(goldens_dir() / "par", {}), tokenizer_(load_tokenizer(goldens_dir() / "par")) {
    prompts_ = {"I",
                "<bot>: I want",
                "You are",
                "the tea is hot and",
                "Good morning, how do",
                "no\n<bot>:",
                "<human>: say it\n<bot>:",
                "\xC3\xA9t\xC3\xA9",
                "please"};
  }
  ~Law6() override { set_threads(1); }
  Output run(const GenerateOptions& options) { return testing::run(model_, *tokenizer_, prompts_, options); }
  static void expect_same(const Output& a, const Output& b) {
    for (std::size_t i = 0; i < a.generations.size(); ++i) {
      EXPECT_EQ(a.generations[i].new_ids, b.generations[i].new_ids) << "prompt " << i;
      EXPECT_EQ(a.generations[i].text, b.generations[i].text);
      EXPECT_EQ(a.generations[i].stop_reason, b.generations[i].stop_reason);
    }
  }

  Model model_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::vector<std::string> prompts_;
};

TEST_F(Law6, BatchesThreadsAndCache) {
  for (const double temperature : {0.0, 1.0}) {
    GenerateOptions options = without_stop();
    options.sampling.temperature = temperature;
    options.sampling.top_p = 0.95;
    options.sampling.repetition_penalty = 1.1;
    options.max_new_tokens = 30;
    Output alone;
    for (const std::string& prompt : prompts_) {
      const Output one = testing::run(model_, *tokenizer_, {prompt}, options);
      alone.generations.push_back(one.generations.at(0));
    }
    for (const std::int64_t batch : {1, 2, 3, 8}) {
      SCOPED_TRACE(::testing::Message() << "temperature " << temperature << ", batch " << batch);
      options.batch_size = batch;
      set_threads(static_cast<int>(batch));
      expect_same(run(options), alone);
    }
    options.use_cache = false;
    expect_same(run(options), alone);
  }
}

TEST_F(Law6, Seeds) {
  GenerateOptions options = without_stop();
  options.sampling.temperature = 1;
  const Output one = run(options), again = run(options);
  expect_same(one, again);
  options.sampling.seed = 43;
  const Output other = run(options);
  for (std::size_t i = 0; i < prompts_.size(); ++i) EXPECT_NE(one.generations[i].new_ids, other.generations[i].new_ids);
  // A prompt twice: sampled, they differ; greedy, they do not.
  prompts_ = {"I want", "I want"};
  const Output twice = run(options);
  EXPECT_NE(twice.generations[0].new_ids, twice.generations[1].new_ids);
  options.sampling.temperature = 0;
  const Output greedy = run(options);
  EXPECT_EQ(greedy.generations[0].new_ids, greedy.generations[1].new_ids);
}

// ---- ends ----

// The same model with another config.
class OtherConfig {
 public:
  OtherConfig(const std::string& model, const std::function<void(json&)>& change) {
    std::filesystem::copy(goldens_dir() / model, folder_.path(), std::filesystem::copy_options::recursive);
    json config = read_json_object(goldens_dir() / model / "config.json");
    change(config);
    for (const char* name : {"config.json", "generation_config.json"}) std::filesystem::remove(folder_ / name);
    write_text(folder_ / "config.json", config.dump());
    model_ = std::make_unique<Model>(folder_.path(), Warn{});
  }
  Model& operator*() { return *model_; }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Model> model_;
};

class Ends : public ::testing::Test {
 protected:
  Ends() : tokenizer_(load_tokenizer(goldens_dir() / "seq")) {
    const json cases = read_json_object(goldens_dir() / "generate.json").at("seq");
    prompts_ = prompts_of(cases);
    for (const json& entry : cases) expected_.push_back(entry.at("new").get<Ids>());
  }

  std::unique_ptr<Tokenizer> tokenizer_;
  std::vector<std::string> prompts_;
  std::vector<Ids> expected_;
};

TEST_F(Ends, EndOfText) {
  const std::int32_t eos = expected_[0][20];
  OtherConfig model("seq", [&](json& config) { config["eos_token_id"] = eos; });
  const Output out = run(*model, *tokenizer_, prompts_, without_stop());
  std::size_t ended = 0;
  for (std::size_t i = 0; i < prompts_.size(); ++i) {
    Ids expected = expected_[i];
    const auto at = std::find(expected.begin(), expected.end(), eos);
    if (at != expected.end()) expected.erase(at + 1, expected.end()), ++ended;
    EXPECT_EQ(out.generations[i].new_ids, expected);
    EXPECT_EQ(out.generations[i].stop_reason, at != expected_[i].end() && expected.back() == eos ? "eos" : "length");
  }
  EXPECT_GE(ended, 1u);
}

TEST_F(Ends, AnyOfSeveralEndsOfText) {
  const std::int32_t never = 1, eos = expected_[0][1];
  ASSERT_EQ(std::count(expected_[0].begin(), expected_[0].end(), never), 0);
  OtherConfig model("seq", [&](json& config) { config["eos_token_id"] = {never, eos}; });
  const Output out = run(*model, *tokenizer_, {prompts_[0]}, without_stop());
  const Ids& all = expected_[0];
  EXPECT_EQ(out.generations[0].new_ids, Ids(all.begin(), std::find(all.begin(), all.end(), eos) + 1));
  EXPECT_EQ(out.generations[0].stop_reason, "eos");
}

TEST_F(Ends, Length) {
  Model model(goldens_dir() / "seq", {});
  GenerateOptions options = without_stop();
  for (const std::int64_t length : {1, 2, 17}) {
    options.max_new_tokens = length;
    const Output out = run(model, *tokenizer_, prompts_, options);
    for (std::size_t i = 0; i < prompts_.size(); ++i) {
      EXPECT_EQ(out.generations[i].new_ids, Ids(expected_[i].begin(), expected_[i].begin() + length));
      EXPECT_EQ(out.generations[i].stop_reason, "length");
    }
  }
}

TEST_F(Ends, Context) {
  for (const bool cache : {true, false}) {
    GenerateOptions options = without_stop();
    options.use_cache = cache;
    const std::size_t prompt = tokenizer_->encode(prompts_[0]).size();
    for (const std::size_t room : {1, 10}) {
      OtherConfig model("seq", [&](json& config) { config["max_position_embeddings"] = prompt + room; });
      const Output out = run(*model, *tokenizer_, {prompts_[0]}, options);
      EXPECT_EQ(out.generations[0].new_ids,
                Ids(expected_[0].begin(), expected_[0].begin() + static_cast<std::ptrdiff_t>(room)));
      EXPECT_EQ(out.generations[0].stop_reason, "context");
    }
    OtherConfig model("seq", [&](json& config) { config["max_position_embeddings"] = prompt; });
    expect_fails([&] { run(*model, *tokenizer_, {"I", prompts_[0]}, options); }, {"prompt 2", std::to_string(prompt)});
  }
}

TEST_F(Ends, EmptyPrompt) {
  Model model(goldens_dir() / "seq", {});
  expect_fails([&] { lent(model, *tokenizer_, {"I", ""}, {}, {}); }, {"prompt 2", "empty"});
  lent(model, *tokenizer_, {}, {}, {});  // nothing to do
}

TEST_F(Ends, WhenAsked) {
  Model model(goldens_dir() / "seq", {});
  int asked = 0, done = 0;
  GenerateEvents events;
  events.stop_requested = [&] { return ++asked == 5; };
  events.done = [&](std::size_t, const Generation&) { ++done; };
  lent(model, *tokenizer_, prompts_, without_stop(), events);
  EXPECT_EQ(asked, 5);
  EXPECT_EQ(done, 0);
}

// Texts of one to six bytes of the continuations as stop strings: most lie across tokens.
TEST_F(Ends, StopStrings) {
  Model model(goldens_dir() / "seq", {});
  std::size_t stopped = 0;
  for (const std::string& prompt : prompts_) {
    const std::string text = run(model, *tokenizer_, {prompt}, without_stop()).generations[0].text;
    for (std::size_t at = 0; at < text.size(); ++at) {
      const std::string stop = text.substr(at, 1 + at % 6);
      if (!valid_utf8(stop) || stop.find("\xEF\xBF\xBD") != stop.npos) continue;
      SCOPED_TRACE(stop);
      GenerateOptions options;
      options.stop = {"never <this>", stop};
      const Generation g = run(model, *tokenizer_, {prompt}, options).generations[0];
      EXPECT_EQ(g.text, text.substr(0, text.find(stop)));
      EXPECT_EQ(g.stop_reason, "stop");
      ++stopped;
    }
  }
  EXPECT_GE(stopped, 40u);
}

// A tokenizer that knows one token.
class OneToken : public Tokenizer {
 public:
  explicit OneToken(std::int32_t id) : id_(id) {}
  std::vector<Token> encode_with_offsets(std::string_view) const override { return {{id_, 0, 1}}; }
  std::string decode(std::span<const std::int32_t>, bool) const override { return {}; }
  std::string piece(std::int32_t) const override { return {}; }
  std::optional<std::int32_t> find(std::string_view) const override { return {}; }
  std::int32_t size() const override { return 520; }

 private:
  std::int32_t id_;
};

TEST_F(Ends, TokenizerOfAnotherModel) {
  Model model(goldens_dir() / "seq", {});
  lent(model, OneToken(519), {"x"}, {}, {});
  expect_fails([&] { lent(model, OneToken(520), {"x"}, {}, {}); }, {"tokenizer", "520"});
}

}  // namespace
}  // namespace aacft::testing

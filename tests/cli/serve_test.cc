// The server as a user starts it; what it answers is tested in tests/serve.
#include <httplib.h>

#include "support.h"

namespace aacft::testing {
namespace {

using nlohmann::json;

class Serve : public CommandTest {
 protected:
  // A server that says where to open it.
  std::unique_ptr<Process> started(const Arguments& more) {
    auto process = std::make_unique<Process>(work.path(), Arguments{"serve", "--port", "0", "--no-speech"} + more);
    const bool there = process->read_until([&](const Result& result) {
      const std::size_t at = result.err.find("open http://127.0.0.1:");
      if (at == result.err.npos || result.err.find('\n', at) == result.err.npos) return false;
      port = std::stoi(result.err.substr(at + 22));
      return true;
    });
    EXPECT_TRUE(there);
    return process;
  }

  json post(const std::string& path, const json& body) {
    httplib::Client client("127.0.0.1", port);
    client.set_read_timeout(60);
    const auto answer = client.Post(path, body.dump(), "application/json");
    EXPECT_TRUE(answer && answer->status == 200) << (answer ? answer->body : "no answer");
    return answer ? json::parse(answer->body, nullptr, false) : json();
  }

  int port = 0;
};

TEST_F(Serve, ShowsABoardWithoutAModel) {
  const auto process = started({"--picks", "picks.jsonl"});
  httplib::Client client("127.0.0.1", port);
  EXPECT_NE(client.Get("/")->body.find("<html"), std::string::npos);
  EXPECT_GT(json::parse(client.Get("/api/board")->body)["pages"].size(), 10u);
  const json icons = {{{"word", "I"}}, {{"word", "want"}}, {{"word", "tea"}}};
  EXPECT_EQ(post("/api/draft", {{"icons", icons}})["text"], "I want some tea.");
  post("/api/pick", {{"log", true}, {"icons", icons}, {"said", "Tea!"}, {"source", "edited"}});
  process->kill(SIGTERM);
  const Result result = process->wait();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(run({"data", "lint", "--data", "picks.jsonl"}).code, 0);
}

TEST_F(Serve, AnswersAsGenerateDoes) {
  const auto process = started({"--model", seq, "--threads", "1", "--no-picks"});
  const std::string prompt = "<human>: Hello\n<bot>:";
  const json answer = post("/v1/completions", {{"prompt", prompt}, {"max_tokens", 8}, {"temperature", 0}});
  const Result generated = run({"generate", "--model", seq, "--threads", "1", "--max-new-tokens", "8", "--no-stop",
                                "--json", "--prompt", prompt});
  EXPECT_EQ(answer["choices"][0]["text"], json::parse(generated.out)["text"]) << generated.err;
  EXPECT_EQ(answer["model"], fs::path(seq).filename().string());
}

TEST_F(Serve, LetsNobodyInUnasked) {
  expect_message(run({"serve", "--host", "0.0.0.0", "--port", "0"}), 2, {"--token"});
  expect_message(run({"serve", "--adapter", "=x"}), 2, {"NAME=FOLDER"});
  expect_message(run({"serve", "--board", "no-such-board.obz"}), 1, {"no-such-board.obz"});
  expect_message(run({"serve", "--token", "x", "--no-token"}), 2, {"exclude"});
}

}  // namespace
}  // namespace aacft::testing

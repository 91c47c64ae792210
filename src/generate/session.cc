#include "aacft/generate/session.h"

#include <optional>

#include "aacft/model/gpt_neox.h"
#include "aacft/tokenizer/tokenizer.h"

namespace aacft {

struct Session::Loaded {
  GptNeox model;
  std::unique_ptr<Tokenizer> tokenizer;
  std::optional<Adapter> adapter;
};

Session::Session(const std::filesystem::path& model, const std::filesystem::path& adapter, const ModelOptions& options,
                 const Warn& warn)
    : loaded_(new Loaded{{model, warn, options}, load_tokenizer(model), {}}) {
  if (adapter.empty()) return;
  loaded_->adapter = Adapter::load(adapter, warn);
  loaded_->adapter->attach(loaded_->model, warn);
}

Session::~Session() = default;

void Session::generate(const std::vector<std::string>& prompts, const GenerateOptions& options,
                       const GenerateEvents& events) {
  aacft::generate(loaded_->model, *loaded_->tokenizer, prompts, options, events);
}

}  // namespace aacft

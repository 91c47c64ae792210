#include "aacft/runtime/loaded_model.h"

#include <torch/types.h>

#include <map>

#include "aacft/base/error.h"
#include "aacft/model/gpt_neox.h"

namespace aacft {

struct LoadedModel::Parts {
  std::unique_ptr<GptNeox> own_model;  // none where somebody else keeps them
  std::unique_ptr<Tokenizer> own_tokenizer;
  GptNeox& model;
  const Tokenizer& tokenizer;
  std::map<std::string, Adapter> adapters;
  std::string current;  // whose modules the base's linears use

  const Adapter* find(const std::string& name) const {
    if (name.empty()) return nullptr;
    const auto found = adapters.find(name);
    if (found == adapters.end()) throw Error("no adapter is called \"", name, "\"");
    return &found->second;
  }
  void use(const Adapter* adapter) {
    for (const NamedLinear& named : model.linears())
      named.linear->lora = adapter == nullptr ? nullptr : const_cast<LoraModule*>(adapter->find(named.name));
  }
};

LoadedModel::LoadedModel(const std::filesystem::path& folder, const ModelOptions& options, const Warn& warn) {
  auto model = std::make_unique<GptNeox>(folder, warn, options);
  auto tokenizer = load_tokenizer(folder);
  GptNeox& m = *model;
  const Tokenizer& t = *tokenizer;
  parts_.reset(new Parts{std::move(model), std::move(tokenizer), m, t, {}, {}});
}

LoadedModel::LoadedModel(GptNeox& model, const Tokenizer& tokenizer)
    : parts_(new Parts{nullptr, nullptr, model, tokenizer, {}, {}}) {}

LoadedModel::~LoadedModel() = default;

void LoadedModel::attach(const std::string& name, const std::filesystem::path& folder, const Warn& warn) {
  if (name.empty() || parts_->adapters.contains(name)) throw Error("the name \"", name, "\" of an adapter is taken");
  Adapter adapter = Adapter::load(folder, warn);
  with("");
  try {
    adapter.attach(parts_->model, warn);
  } catch (...) {
    parts_->use(nullptr);
    throw;
  }
  parts_->adapters.emplace(name, std::move(adapter));
  parts_->current = name;
}

void LoadedModel::detach(const std::string& name) {
  if (parts_->find(name) == nullptr) throw Error("the base itself cannot be detached");
  if (parts_->current == name) with("");
  parts_->adapters.erase(name);
}

const ModelConfig& LoadedModel::config() const { return parts_->model.config(); }
const Tokenizer& LoadedModel::tokenizer() const { return parts_->tokenizer; }

GptNeox& LoadedModel::with(const std::string& adapter) {
  if (adapter != parts_->current) {
    parts_->use(parts_->find(adapter));
    parts_->current = adapter;
  }
  return parts_->model;
}

}  // namespace aacft

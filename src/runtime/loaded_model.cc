#include "aacft/runtime/loaded_model.h"

#include <torch/types.h>

#include <map>

#include "aacft/base/error.h"
#include "aacft/model/adapter.h"
#include "aacft/model/model.h"

namespace aacft {

struct LoadedModel::Parts {
  std::unique_ptr<const Model> own_model;  // none where somebody else keeps them
  std::unique_ptr<const Tokenizer> own_tokenizer;
  const Model& model;
  const Tokenizer& tokenizer;
  const AdapterModules& unnamed;
  std::map<std::string, Adapter> adapters;
};

LoadedModel::LoadedModel(const std::filesystem::path& folder, const ModelOptions& options, const Warn& warn) {
  static const AdapterModules none;
  auto model = std::make_unique<const Model>(folder, warn, options);
  std::unique_ptr<const Tokenizer> tokenizer = load_tokenizer(folder);
  const Model& m = *model;
  const Tokenizer& t = *tokenizer;
  parts_.reset(new Parts{std::move(model), std::move(tokenizer), m, t, none, {}});
}

LoadedModel::LoadedModel(const Model& model, const Tokenizer& tokenizer, const AdapterModules& adapter)
    : parts_(new Parts{nullptr, nullptr, model, tokenizer, adapter, {}}) {}

LoadedModel::~LoadedModel() = default;

void LoadedModel::attach(const std::string& name, const std::filesystem::path& folder, const Warn& warn) {
  if (name.empty() || parts_->adapters.contains(name)) throw Error("the name \"", name, "\" of an adapter is taken");
  Adapter adapter = Adapter::load(folder, warn);
  adapter.fit(parts_->model, warn);
  parts_->adapters.emplace(name, std::move(adapter));
}

void LoadedModel::detach(const std::string& name) {
  if (name.empty()) throw Error("the base itself cannot be detached");
  modules(name);
  parts_->adapters.erase(name);
}

const ModelConfig& LoadedModel::config() const { return parts_->model.config(); }
const Tokenizer& LoadedModel::tokenizer() const { return parts_->tokenizer; }
const Model& LoadedModel::model() const { return parts_->model; }

const AdapterModules& LoadedModel::modules(const std::string& adapter) const {
  if (adapter.empty()) return parts_->unnamed;
  const auto found = parts_->adapters.find(adapter);
  if (found == parts_->adapters.end()) throw Error("no adapter is called \"", adapter, "\"");
  return found->second.modules_by_target();
}

}  // namespace aacft

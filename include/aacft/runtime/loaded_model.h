// A base model, its tokenizer and any number of adapters, loaded once for whatever asks them: generation, evaluation,
// the report of a run.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "aacft/base/warn.h"
#include "aacft/model/adapter_set.h"
#include "aacft/model/config.h"
#include "aacft/model/model_options.h"
#include "aacft/tokenizer/tokenizer.h"

namespace aacft {

class Model;

// What is const may be used from any thread while nobody attaches or detaches; see Model for computing.
class LoadedModel {
 public:
  // A model folder with its tokenizer. Error for whatever is wrong with the files.
  LoadedModel(const std::filesystem::path& folder, const ModelOptions& options, const Warn& warn);
  // Somebody else's, who keeps all three for as long as this lives; `adapter` goes by the name "".
  LoadedModel(const Model& model, const Tokenizer& tokenizer, const AdapterModules& adapter);
  ~LoadedModel();

  // Reads a folder's adapter, which is called by this name from then on; none is called "", the base alone. Error when
  // it cannot be read, is for another model, or the name is taken.
  void attach(const std::string& name, const std::filesystem::path& folder, const Warn& warn);
  void detach(const std::string& name);

  const ModelConfig& config() const;
  const Tokenizer& tokenizer() const;
  const Model& model() const;

  // What a pass attaches to answer with an adapter; it stays valid until that is detached. Error where none has that
  // name.
  const AdapterModules& modules(const std::string& adapter) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace aacft

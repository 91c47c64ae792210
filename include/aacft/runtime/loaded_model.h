// A base model, its tokenizer and any number of adapters, loaded once for whatever asks them: generation, evaluation,
// the report of a run.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "aacft/base/warn.h"
#include "aacft/model/config.h"
#include "aacft/model/model_options.h"
#include "aacft/tokenizer/tokenizer.h"

namespace aacft {

class GptNeox;

// To be used by one thread at a time.
class LoadedModel {
 public:
  // A model folder with its tokenizer. Error for whatever is wrong with the files.
  LoadedModel(const std::filesystem::path& folder, const ModelOptions& options, const Warn& warn);
  // Somebody else's, who keeps both for as long as this lives; the base speaks with what is attached to it.
  LoadedModel(GptNeox& model, const Tokenizer& tokenizer);
  ~LoadedModel();

  // Reads a folder's adapter, which is called by this name from then on; none is called "", the base alone. Error when
  // it cannot be read, is for another model, or the name is taken.
  void attach(const std::string& name, const std::filesystem::path& folder, const Warn& warn);
  void detach(const std::string& name);

  const ModelConfig& config() const;
  const Tokenizer& tokenizer() const;

  // The base as it computes with one of the adapters, until another is asked for. Error where none has that name.
  GptNeox& with(const std::string& adapter);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace aacft

// A model, its tokenizer and perhaps an adapter, loaded once and used for many prompts.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "aacft/base/warn.h"
#include "aacft/generate/generator.h"
#include "aacft/generate/options.h"
#include "aacft/model/model_options.h"

namespace aacft {

class Session {
 public:
  // An empty adapter folder: the model alone. Error for whatever is wrong with the files.
  Session(const std::filesystem::path& model, const std::filesystem::path& adapter, const ModelOptions& options,
          const Warn& warn);
  ~Session();

  void generate(const std::vector<std::string>& prompts, const GenerateOptions& options, const GenerateEvents& events);

 private:
  struct Loaded;
  std::unique_ptr<Loaded> loaded_;
};

}  // namespace aacft

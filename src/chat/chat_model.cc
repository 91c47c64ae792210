#include "aacft/chat/chat_model.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/text.h"

namespace aacft {

std::string voices_text(const ChatModel& model, const std::string& voice) {
  std::string text;
  const auto add = [&](const std::string& name, const std::string& help, bool speaks) {
    text += (text.empty() ? "" : "\n") + std::string(speaks ? "* " : "  ") + name + help;
  };
  for (const std::string& name : model.voices) add(presentable(name), "", name == voice);
  add("-", "  the model without an adapter", voice.empty());
  return text;
}

std::string voice_named(const ChatModel& model, const std::string& name) {
  if (name == "-") return "";
  if (std::find(model.voices.begin(), model.voices.end(), name) != model.voices.end()) return name;
  throw Error("there is no voice ", in_quotes(name), "; ",
              model.voices.empty() ? "voices are adapters: --adapter NAME=FOLDER, any number"
                                   : "there are " + listed(model.voices) + ", and - for none of them");
}

std::string hyperparameters_text(const AnswerOptions& options) {
  const SamplingOptions& sampling = options.sampling;
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << "temperature " << sampling.temperature << ", top_k " << sampling.top_k << ", top_p " << sampling.top_p
       << ", repetition_penalty " << sampling.repetition_penalty << ", seed " << sampling.seed << ", max_new_tokens "
       << options.max_new_tokens;
  return text.str();
}

void save_new_file(const std::string& file, const std::string& content) {
  if (std::filesystem::exists(std::filesystem::symlink_status(file)))
    throw Error(in_quotes(file), " is there already; choose another name");
  write_file_atomic(file, content);
}

}  // namespace aacft

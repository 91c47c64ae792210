// What a person talks to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "aacft/generate/request.h"
#include "aacft/tokenizer/tokenizer.h"

namespace aacft {

// All of it outlives whoever uses it.
struct ChatModel {
  Answerer& answerer;
  const Tokenizer& tokenizer;
  std::int64_t context = 0;         // tokens that the model can see
  std::vector<std::string> voices;  // adapters besides the base alone
};

// For /voice: the voices, that which speaks marked.
std::string voices_text(const ChatModel& model, const std::string& voice);
// "" for "-", the base alone. Error, which lists them, where there is no such voice.
std::string voice_named(const ChatModel& model, const std::string& name);

// "temperature 0.6, top_k 40, ..."
std::string hyperparameters_text(const AnswerOptions& options);

// Writes a new file; Error where there is one of that name, which might be somebody's data.
void save_new_file(const std::string& file, const std::string& content);

}  // namespace aacft

#include "aacft/serve/metrics.h"

#include <algorithm>
#include <sstream>

#include "aacft/base/system.h"

namespace aacft {
namespace {

std::string head(const std::string& name, const char* type, const std::string& help) {
  return "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
}

template <typename T>
std::string line(const std::string& name, T value) {
  std::ostringstream out;
  out << name << " " << value << "\n";
  return out.str();
}

template <typename T>
std::string metric(const std::string& name, const char* type, const std::string& help, T value) {
  return head(name, type, help) + line(name, value);
}

}  // namespace

void Metrics::Histogram::add(double value) {
  ++counts[static_cast<std::size_t>(std::lower_bound(limits.begin(), limits.end(), value) - limits.begin())];
  sum += value;
}

std::string Metrics::Histogram::text(const std::string& name, const std::string& help) const {
  std::string text = head(name, "histogram", help);
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    count += counts[i];
    std::ostringstream limit;
    if (i < limits.size()) limit << limits[i];
    text += line(name + "_bucket{le=\"" + (i < limits.size() ? limit.str() : "+Inf") + "\"}", count);
  }
  return text + line(name + "_sum", sum) + line(name + "_count", count);
}

void Metrics::count_request(const std::string& route, int status) {
  const std::lock_guard lock(mutex_);
  ++requests_[{route, status}];
}

void Metrics::count_answer(std::int64_t prompt_tokens, std::int64_t reused_tokens, std::int64_t new_tokens,
                           double seconds) {
  const std::lock_guard lock(mutex_);
  ++answers_;
  prompt_tokens_ += static_cast<std::uint64_t>(prompt_tokens);
  reused_tokens_ += static_cast<std::uint64_t>(reused_tokens);
  new_tokens_ += static_cast<std::uint64_t>(new_tokens);
  if (new_tokens > 0) token_seconds_.add(seconds / static_cast<double>(new_tokens));
}

void Metrics::count_first_token(double seconds) {
  const std::lock_guard lock(mutex_);
  first_token_seconds_.add(seconds);
}

void Metrics::count_cancelled() {
  const std::lock_guard lock(mutex_);
  ++cancelled_;
}

void Metrics::set_queue(std::size_t waiting, std::size_t active) {
  const std::lock_guard lock(mutex_);
  waiting_ = waiting;
  active_ = active;
}

std::string Metrics::text() const {
  const std::lock_guard lock(mutex_);
  std::string text = head("aacft_http_requests_total", "counter", "Requests by route and status.");
  for (const auto& [key, count] : requests_)
    text += line("aacft_http_requests_total{route=\"" + key.first + "\",status=\"" + std::to_string(key.second) + "\"}",
                 count);
  text += metric("aacft_answers_total", "counter", "Answers of the model that ended.", answers_);
  text += metric("aacft_answers_cancelled_total", "counter", "Answers that nobody waited for any more.", cancelled_);
  text += metric("aacft_prompt_tokens_total", "counter", "Tokens of prompts.", prompt_tokens_);
  text += metric("aacft_prompt_tokens_reused_total", "counter", "Tokens of prompts that were not computed again.",
                 reused_tokens_);
  text += metric("aacft_new_tokens_total", "counter", "Tokens of answers.", new_tokens_);
  text += metric("aacft_answers_waiting", "gauge", "Answers that wait for a place.", waiting_);
  text += metric("aacft_answers_active", "gauge", "Answers under way.", active_);
  text += token_seconds_.text("aacft_token_seconds", "Seconds a token of an answer, its prompt included.");
  text += first_token_seconds_.text("aacft_first_piece_seconds", "Seconds to an answer's first piece of text.");
  text +=
      metric("process_resident_memory_bytes", "gauge", "Memory that is resident, mapped files included.", rss_bytes());
  text += metric("process_cpu_seconds_total", "counter", "User and system time of all threads.", cpu_seconds());
  return text;
}

}  // namespace aacft

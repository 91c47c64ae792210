// What a server did, in the text format of Prometheus.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace aacft {

// Safe to use from several threads.
class Metrics {
 public:
  void count_request(const std::string& route, int status);
  // Of a request to the model that ended.
  void count_answer(std::int64_t prompt_tokens, std::int64_t reused_tokens, std::int64_t new_tokens, double seconds);
  void count_first_token(double seconds);  // from the asking, the waiting included
  void count_cancelled();
  void set_queue(std::size_t waiting, std::size_t active);

  std::string text() const;  // with this process's memory and time

 private:
  struct Histogram {
    explicit Histogram(std::vector<double> limits) : limits(std::move(limits)), counts(this->limits.size() + 1) {}
    void add(double value);
    std::string text(const std::string& name, const std::string& help) const;

    std::vector<double> limits;
    std::vector<std::uint64_t> counts;
    double sum = 0;
  };

  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::uint64_t> requests_;
  std::uint64_t prompt_tokens_ = 0, reused_tokens_ = 0, new_tokens_ = 0, answers_ = 0, cancelled_ = 0;
  std::size_t waiting_ = 0, active_ = 0;
  Histogram token_seconds_{{0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2}};
  Histogram first_token_seconds_{{0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60}};
};

}  // namespace aacft

// Prompts that are continued together, and come and go at any time.
#pragma once

#include <cstdint>
#include <memory>

#include "aacft/generate/request.h"

namespace aacft {

class LoadedModel;

// Law 6: a request gets the bits that it would get alone, whatever else is under way. One pass of the base computes all
// of them, whichever adapters they ask for, and beginnings that prompts share once: candidates for one answer are
// requests of several draws. Requests are taken up in order, options.batch_size at a time.
class Engine : public Answerer {
 public:
  // The model must outlive this, and keep the adapters of the requests under way. A name must mean one adapter for as
  // long as this lives, since what ended requests computed may be kept for others (options.kept_positions).
  Engine(const LoadedModel& model, const EngineOptions& options);
  ~Engine() override;

  std::uint64_t submit(Request request) override;
  void cancel(std::uint64_t id) override;
  bool step() override;

 private:
  class Batch;
  std::unique_ptr<Batch> batch_;
};

}  // namespace aacft

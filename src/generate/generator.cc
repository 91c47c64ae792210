#include "aacft/generate/generator.h"

#include <map>
#include <optional>

#include "aacft/base/error.h"
#include "aacft/runtime/loaded_model.h"

namespace aacft {

void generate(const LoadedModel& model, const std::string& adapter, const std::vector<std::string>& prompts,
              const GenerateOptions& options, const GenerateEvents& events) {
  Engine engine(model, options);
  std::map<std::vector<std::int32_t>, std::uint64_t> times;      // that a prompt has come
  std::vector<std::optional<Generation>> early(prompts.size());  // done before one that comes first
  std::size_t next = 0;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const std::vector<std::int32_t> ids = with_beginning(model.tokenizer(), model.tokenizer().encode(prompts[i]));
    Request request{"prompt " + std::to_string(i + 1), ids, adapter, options, times[ids]++, {}, {}};
    if (events.text) request.text = [&events, i](const std::string& piece) { events.text(i, piece); };
    request.done = [&, i](const Generation& generation) {
      if (!generation.error.empty()) throw Error(generation.error);
      early[i] = generation;
      for (; next < early.size() && early[next]; early[next++].reset())
        if (events.done) events.done(next, *early[next]);
    };
    engine.submit(std::move(request));
  }
  while (engine.step())
    if (events.stop_requested && events.stop_requested()) return;
}

}  // namespace aacft

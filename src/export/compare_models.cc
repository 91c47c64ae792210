#include "compare_models.h"

#include <torch/types.h>

#include <algorithm>

#include "aacft/base/error.h"
#include "aacft/data/turns.h"
#include "aacft/model/family.h"
#include "aacft/model/model.h"

namespace aacft {
namespace {

using torch::Tensor;

const char* const kRequests[] = {
    "Simulate an AAC communicator given the following icon input: \n* { I ; NOUN ; me.png }  \n* { want ; VERB ; "
    "want.png }  \n* { tea ; NOUN ; tea.png } ",
    "Simulate an AAC communicator given the following icon input: \n* { you ; NOUN ; you.png }  \n* { come ; VERB ; "
    "come.png }  \n* { home ; NOUN ; home.png }  \n* { question ; QUESTION ; question.png } ",
    "Simulate an AAC communicator given the following icon input: \n* { tired ; ADJECTIVE ; tired.png } "};

// fp32 [positions, vocab] for every prompt.
Tensor logits_of(const Model& model, const Pass& pass) {
  ComputeContext context;
  return model.logits(model.hidden(pass, context), context);
}

}  // namespace

ModelDifference compare_models(const std::filesystem::path& source, std::optional<Adapter>& adapter,
                               const std::filesystem::path& written, const Tokenizer& tokenizer,
                               std::vector<std::string> prompts, const Warn& warn) {
  if (prompts.empty())
    for (const char* request : kRequests) prompts.push_back(turn_prompt(request));
  std::vector<std::vector<std::int32_t>> ids;
  const auto context = static_cast<std::size_t>(read_model_config(written).context());
  for (const std::string& prompt : prompts) {
    ids.push_back(with_beginning(tokenizer, tokenizer.encode(prompt)));
    if (ids.back().size() > context) ids.back().resize(context);
  }
  Pass pass = make_pass(ids);
  Tensor adapted;
  {
    const Model base(source, {}, {.low_memory = true});
    if (adapter) {
      adapter->fit(base, warn);
      pass.adapters.attach(adapter->modules_by_target());
    }
    adapted = logits_of(base, pass);
  }
  pass.adapters.detach();
  const Model model(written, {}, {.low_memory = true});
  const Tensor after = logits_of(model, pass);
  const Tensor p = at::log_softmax(adapted, -1), q = at::log_softmax(after, -1);
  const Tensor kl = (p.exp() * (p - q)).to(torch::kFloat64).sum(-1);
  return {(adapted - after).abs().max().item<double>(), std::max(0.0, kl.mean().item<double>()),
          std::max(0.0, kl.max().item<double>())};
}

void check_prompts(const std::vector<std::string>& prompts, const Tokenizer& tokenizer) {
  for (const std::string& prompt : prompts)
    if (tokenizer.encode(prompt).empty()) throw Error("a --prompt is empty; leave it out, or give a text");
}

const LoraModule* module_of(const std::optional<Adapter>& adapter, const std::string& tensor) {
  const std::string ending = ".weight";
  return adapter && tensor.ends_with(ending) ? adapter->find(tensor.substr(0, tensor.size() - ending.size())) : nullptr;
}

void check_adapter_fits(const Adapter& adapter, const Checkpoint& checkpoint, const ModelConfig& config,
                        const std::filesystem::path& folder) {
  const std::vector<AdapterTarget> targets = adapter_targets(config);
  for (const auto& module : adapter.modules()) {
    const auto target =
        std::find_if(targets.begin(), targets.end(), [&](const auto& t) { return t.name == module->name; });
    if (target == targets.end() && checkpoint.find(module->name + ".weight") != nullptr)
      throw Error("the adapter in ", folder, " adapts ", module->name,
                  "; aacft folds in adapters of the layers' linears only");
    const bool fits = target != targets.end() && target->out == module->b.value.size(0) &&
                      target->in == module->a.value.size(1) &&
                      (!module->dora() || module->magnitude.value.size(0) == target->out);
    if (!fits)
      throw Error("the adapter in ", folder, " is for another model: ", module->name,
                  target == targets.end() ? " does not exist in this one" : " has other shapes in this one");
  }
}

}  // namespace aacft

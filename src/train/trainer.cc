#include "aacft/train/trainer.h"

#include <torch/types.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>
#include <type_traits>

#include "aacft/base/error.h"
#include "aacft/base/file.h"
#include "aacft/base/random.h"
#include "aacft/base/system.h"
#include "aacft/base/threads.h"
#include "aacft/formats/safetensors.h"
#include "aacft/model/adapter.h"
#include "aacft/model/backprop.h"
#include "aacft/model/model_folder.h"
#include "aacft/model/sample_pass.h"
#include "aacft/model/tensor_bridge.h"
#include "aacft/train/data_order.h"
#include "aacft/train/optimizer.h"
#include "aacft/train/plan.h"
#include "aacft/train/report.h"
#include "aacft/train/run_folder.h"
#include "aacft/train/schedule.h"
#include "aacft/train/workers.h"

namespace aacft {
namespace {

template <typename Callback, typename... Arguments>
void tell(const Callback& callback, const Arguments&... arguments) {
  if (callback) callback(arguments...);
}

void check_options(const TrainOptions& o) {
  const auto need = [](bool good, const char* message) {
    if (!good) throw UsageError(message);
  };
  need(o.micro_batch >= 1 && o.accumulation >= 1, "--micro-batch and --accumulation must be 1 or more");
  need(o.micro_batch <= 65536 && o.accumulation <= 65536, "--micro-batch and --accumulation must be at most 65536");
  need(o.epochs >= 0, "--epochs must not be negative");
  need(o.epochs > 0 || o.max_steps >= 1, "--max-steps must be 1 or more");
  need(o.learning_rate >= 0 && o.learning_rate <= 1e30, "--lr must be from 0 to 1e30");
  need(o.warmup >= 0, "--warmup must not be negative");
  need(o.threads >= 0, "--threads must not be negative");
  need(o.full || o.lora.rank >= 1, "--rank must be 1 or more");
  need(o.lora.rank <= kLargestRank, "--rank must be at most 1048576");
  need(std::abs(o.lora.alpha) <= kLargestAlpha, "--alpha must be from -1e30 to 1e30");
  need(o.weight_decay >= 0 && o.weight_decay <= 1, "--weight-decay must be from 0 to 1");
  need(o.beta1 >= 0 && o.beta1 < 1 && o.beta2 >= 0 && o.beta2 < 1, "--beta1 and --beta2 must be from 0 to below 1");
  need(o.epsilon > 0, "--epsilon must be above 0");
  need(o.max_grad_norm >= 0, "--max-grad-norm must not be negative");
  need(o.save_steps >= 0 && o.save_total_limit >= 0, "--save-steps and --save-total-limit must not be negative");
  need(o.patience >= 0, "--patience must not be negative");
  need(o.rows.max_length >= 0, "--max-length must not be negative");
  need(!o.rows.response_marker.empty(), "--response-marker must not be empty");
  need(o.lora.dropout >= 0 && static_cast<float>(o.lora.dropout) < 1, "--dropout must be from 0 to below 1");
  need(o.eval_split >= 0 && o.eval_split < 1, "--eval-split must be from 0 to below 1");
  need(o.eval_split == 0 || o.eval_data.empty(), "--eval-data and --eval-split exclude each other");
  need(!o.full || !o.lora.dora, "--full trains every weight; it does not go with --dora");
  need(!o.full || o.init_adapter.empty(), "--full trains every weight; it does not go with --init-adapter");
  const bool evaluates = o.eval_split > 0 || !o.eval_data.empty();
  need(evaluates || (!o.keep_best && o.patience == 0), "--keep-best and --patience need --eval-data or --eval-split");
  need(o.eval_steps >= 1, "--eval-steps must be 1 or more");
  std::error_code ignored;
  need(!std::filesystem::equivalent(o.model, o.output, ignored),
       "--output is the folder of --model, which it would overwrite");
}

template <typename T>
std::vector<T> slice(const std::vector<T>& all, std::pair<std::size_t, std::size_t> bounds) {
  return {all.begin() + static_cast<std::ptrdiff_t>(bounds.first),
          all.begin() + static_cast<std::ptrdiff_t>(bounds.second)};
}

ModelOptions model_options(const TrainOptions& options) {
  ModelOptions chosen = options.model_options;
  chosen.full = options.full;
  return chosen;
}

template <typename T>
std::vector<T> pick(const std::vector<T>& all, const std::vector<std::size_t>& indices) {
  std::vector<T> picked;
  for (const std::size_t i : indices) picked.push_back(all[i]);
  return picked;
}

// "a, b and 3 more"
std::string listed(const std::vector<std::string>& all, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < std::min(all.size(), most); ++i) text += (i ? ", " : "") + all[i];
  return text + (all.size() > most ? " and " + std::to_string(all.size() - most) + " more" : "");
}

// Only the first worker reports.
TrainEvents events_of(const TrainEvents& events, int rank) {
  if (rank == 0) return events;
  TrainEvents quiet;
  quiet.warning = events.warning;
  quiet.stop_requested = events.stop_requested;
  return quiet;
}

class Run {
 public:
  Run(const TrainOptions& options, const TrainEvents& events, Workers& workers)
      : options_(options),
        workers_(workers),
        events_(events_of(events, workers.rank())),
        folder_(workers.rank() == 0 ? std::make_unique<RunFolder>(options.output, options.resume, options.overwrite)
                                    : nullptr),
        input_(read_run_input(options, events.warning)),
        model_(with_room(), events.warning, model_options(options)) {}

  RunResult go() {
    fix_order();
    prepare_weights();
    plan();
    workers_.check_same(settings());
    if (folder_) {
      folder_->begin(options_.resolved_config, to_json(info()));
      const std::filesystem::path checkpoint = options_.resume ? checkpoint_to_resume() : "";
      if (events_.untrained) events_.untrained(model_, adapter_modules(), input_);
      if (!checkpoint.empty()) load_checkpoint(checkpoint);
      if (options_.resume) folder_->write_config();
      if (const std::int64_t lines = folder_->open_metrics(state_.step); lines < state_.step)
        tell(events_.warning, "metrics.jsonl has lines of " + std::to_string(lines) + " of the " +
                                  std::to_string(state_.step) + " steps so far; the others are lost");
    }
    share_state();
    tell(events_.start, info());
    try {
      return loop();
    } catch (const WorkerLost& lost) {
      end_without(lost);
    }
  }

 private:
  const TrainOptions& options_;
  Workers& workers_;
  const TrainEvents events_;
  std::unique_ptr<RunFolder> folder_;  // the first worker's alone
  const RunInput input_;
  const RunData& data_ = input_.data;
  Model model_;
  ComputeContext context_;
  Backprop backprop_{model_, context_};
  std::optional<Adapter> adapter_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<DataOrder> order_;
  PassPlan plan_;
  RunLength length_;
  std::uint64_t budget_ = 0;
  RunState state_;
  std::int64_t recorded_ = 0;  // steps that are over, evaluation included
  static constexpr int kMostSkipped = 10;
  int skipped_in_a_row_ = 0;
  bool metrics_fail_ = false;

  const AdapterModules& adapter_modules() const {
    static const AdapterModules none;
    return adapter_ ? adapter_->modules_by_target() : none;
  }
  void adapt(Pass& pass) const { pass.adapters.attach(adapter_modules()); }

  // The model's folder, if what training it takes is free: better said now than killed in an hour.
  const std::filesystem::path& with_room() const {
    const RunForecast expected = forecast(options_, input_);
    if (expected.fits()) return options_.model;
    if (expected.peak() > rss_bytes() + available_memory_bytes())
      throw Error("there is not enough memory for this run: ", shortage(expected));
    tell(events_.warning, "this run may need more than its memory: " + shortage(expected));
    return options_.model;
  }

  void fix_order() {
    state_.data_fingerprint = fingerprint(data_.rows);
    for (const std::uint64_t value :
         {options_.seed, static_cast<std::uint64_t>(options_.micro_batch),
          static_cast<std::uint64_t>(options_.accumulation), static_cast<std::uint64_t>(options_.shuffle)})
      state_.data_fingerprint = (state_.data_fingerprint ^ value) * 0x100000001b3u;
    order_ = std::make_unique<DataOrder>(data_.rows.size(), options_.micro_batch, options_.shuffle, options_.seed);
    length_ = run_length(options_, *order_);
  }

  void prepare_weights() {
    std::vector<NamedParameter> trained;
    if (options_.full) {
      trained = model_.parameters();
    } else {
      if (options_.init_adapter.empty()) {
        adapter_ = Adapter::create(options_.lora, model_, options_.seed, events_.warning);
      } else {
        adapter_ = Adapter::load(options_.init_adapter, events_.warning);
        adapter_->set_dropout(options_.lora.dropout);
      }
      adapter_->set_base_model(std::filesystem::absolute(options_.model).lexically_normal().string());
      adapter_->train();
      adapter_->fit(model_, events_.warning);
      trained = adapter_->parameters();
    }
    optimizer_ =
        std::make_unique<Optimizer>(trained, options_.beta1, options_.beta2, options_.epsilon, options_.weight_decay);
  }

  void plan() {
    // The weights are in memory by now. Moments and gradients of an adapter are small; those of a whole model are not.
    const std::uint64_t moments = options_.full ? 8 * static_cast<std::uint64_t>(model_.config().num_parameters()) : 0;
    const std::uint64_t whole = memory_budget(options_), taken = rss_bytes() + moments;
    budget_ = whole > taken ? whole - taken : 0;
    const Footprint needs = footprint(model_.config(), adapter_ ? &adapter_->config() : nullptr, options_.model_options,
                                      model_.stored_dtype());
    plan_ = plan_passes(options_, needs.pass, model_.num_layers(), lengths_of(pointers_to(data_.rows)), data_.longest(),
                        budget_);
  }

  RunInfo info() const {
    RunInfo info;
    info.model_parameters = model_.config().num_parameters();
    info.trained_parameters = adapter_ ? adapter_->num_parameters() : info.model_parameters;
    info.rows = data_.rows.size();
    info.eval_rows = data_.eval_rows.size();
    for (const Sample& row : data_.rows) info.tokens += row.ids.size();
    info.total_steps = length_.steps;
    info.steps_done = state_.step;
    info.epochs = epoch_after(length_.steps);
    info.pass_rows = plan_.max_rows;
    info.kept_layers = plan_.kept_layers;
    info.layers = model_.num_layers();
    info.memory_budget = budget_;
    info.workers = workers_.size();
    return info;
  }

  double epoch_after(std::int64_t steps) const {
    return static_cast<double>(std::min(steps * options_.accumulation, length_.micro_batches)) /
           static_cast<double>(order_->micro_batches_per_epoch());
  }

  // ---- workers ----

  // What must be the same for all of them, a line each. Where files lie, and what only the first worker does, may
  // differ.
  std::string settings() const {
    static constexpr std::array<std::string_view, 14> kOwn = {
        "model",         "data",      "output",     "eval-data",        "init-adapter", "overwrite", "threads",
        "memory-budget", "recompute", "save-steps", "save-total-limit", "log-steps",    "report",    "report-prompts"};
    std::ostringstream text;
    text << "aacft " << AACFT_VERSION << "\nmodel " << to_json(model_.config(), Dtype::kFloat32).dump() << "\n";
    std::istringstream lines(options_.resolved_config);
    for (std::string line; std::getline(lines, line);)
      if (std::find(kOwn.begin(), kOwn.end(), line.substr(0, line.find(' '))) == kOwn.end()) text << line << "\n";
    text << "arithmetic in " << (model_.compute() == Compute::kBf16 ? "bf16" : "fp32") << "\n"
         << data_.rows.size() << " rows (fingerprint " << state_.data_fingerprint << ")\n"
         << data_.eval_rows.size() << " evaluation rows (fingerprint " << fingerprint(data_.eval_rows) << ")\n"
         << info().trained_parameters << " trained parameters\n";
    return text.str();
  }

  // The first worker's state becomes everyone's.
  void share_state() {
    static_assert(std::is_trivially_copyable_v<RunState>);
    workers_.share({at::from_blob(&state_, {sizeof state_}, at::kByte)});
    workers_.share(optimizer_->state(state_.updates()));
    if (adapter_ && workers_.rank() > 0) adapter_->refresh(model_);
    recorded_ = state_.step;
  }

  [[noreturn]] void end_without(const WorkerLost& lost) {
    std::string saved = "the last checkpoint";
    if (save_recorded()) saved = "step " + std::to_string(recorded_) + ", which is saved,";
    throw Error("step ", recorded_ + 1, ": ", lost.what(), "; go on from ", saved,
                " with any number of workers: aacft train --resume ", options_.output);
  }

  // ---- one step ----

  struct StepData {
    std::vector<const Sample*> rows;
    std::vector<float> weights;  // of each counted token of a row
    std::int64_t counted = 0;
    std::uint64_t tokens = 0;
  };

  StepData step_data(std::int64_t step) const {
    StepData data;
    std::vector<std::vector<std::size_t>> micro_batches;
    const std::int64_t first = step * options_.accumulation;
    for (std::int64_t m = first; m < std::min(first + options_.accumulation, length_.micro_batches); ++m)
      micro_batches.push_back(order_->micro_batch(m));
    std::vector<std::int64_t> counted;  // by micro-batch
    for (const auto& micro_batch : micro_batches) {
      counted.push_back(0);
      for (const std::size_t row : micro_batch) counted.back() += data_.rows[row].counted();
    }
    data.counted = std::accumulate(counted.begin(), counted.end(), std::int64_t{0});
    for (std::size_t m = 0; m < micro_batches.size(); ++m) {
      const double weight = options_.loss_norm == LossNorm::kToken
                                ? 1.0 / static_cast<double>(data.counted)
                                : 1.0 / static_cast<double>(counted[m]) / static_cast<double>(micro_batches.size());
      for (const std::size_t row : micro_batches[m]) {
        data.rows.push_back(&data_.rows[row]);
        data.weights.push_back(static_cast<float>(weight));
        data.tokens += data_.rows[row].ids.size();
      }
    }
    return data;
  }

  // Rows that share a beginning come together.
  static void sort_rows(std::vector<const Sample*>& rows, std::vector<float>& weights) {
    std::vector<std::size_t> order(rows.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return rows[a]->ids < rows[b]->ids; });
    rows = pick(rows, order);
    weights = pick(weights, order);
  }

  StepReport do_step() {
    const double started = wall_seconds(), cpu_started = cpu_seconds();
    const StepData data = step_data(state_.step);
    const double rate =
        options_.learning_rate * schedule_factor(options_.schedule, state_.step, options_.warmup, length_.steps);
    optimizer_->zero_gradients();
    double loss = 0;
    const auto mine = share_of_rows(lengths_of(data.rows), workers_.rank(), workers_.size());
    std::vector<const Sample*> my_rows = pick(data.rows, mine);
    std::vector<float> my_weights = pick(data.weights, mine);
    if (shares_prefixes(options_)) sort_rows(my_rows, my_weights);
    const auto passes = shares_prefixes(options_) ? cut_into_shared_passes(my_rows, plan_.max_rows)
                                                  : cut_into_passes(lengths_of(my_rows), plan_.max_rows);
    for (const auto& bounds : passes) {
      const auto rows = slice(my_rows, bounds);
      const auto weights = slice(my_weights, bounds);
      SamplePass made = shares_prefixes(options_) ? shared_pass_of(rows, weights) : pass_of(rows, weights);
      made.pass.set_dropout(options_.seed, static_cast<std::uint64_t>(state_.step));
      adapt(made.pass);
      backprop_.add_gradients(made.pass, made.targets, plan_.kept_layers, loss);
    }
    model_.join_tied_gradients();
    const double communicated = workers_.seconds();
    workers_.sum(std::span(&loss, 1));
    workers_.sum(optimizer_->gradients());
    const double communication_seconds = workers_.seconds() - communicated;
    const double norm = optimizer_->clip(options_.max_grad_norm);
    const bool skipped = !std::isfinite(loss) || !std::isfinite(norm);
    if (skipped) {
      skip_or_stop(my_rows, my_weights, loss, norm);
      ++state_.skipped;
    } else {
      optimizer_->step(rate);
      if (adapter_) adapter_->refresh(model_);
      skipped_in_a_row_ = 0;
    }
    ++state_.step;
    state_.tokens += static_cast<std::uint64_t>(data.counted);

    StepReport report;
    report.skipped = skipped;
    report.step = state_.step;
    report.total_steps = length_.steps;
    report.loss = loss;
    report.learning_rate = rate;
    report.grad_norm = norm;
    report.tokens = data.counted;
    report.seconds = wall_seconds() - started;
    report.tokens_per_second = static_cast<double>(data.tokens) / report.seconds;
    report.epoch = epoch_after(state_.step);
    report.rss_bytes = rss_bytes();
    report.peak_rss_bytes = peak_rss_bytes();
    report.cpu_percent = 100 * (cpu_seconds() - cpu_started) / report.seconds;
    report.passes = static_cast<std::int64_t>(passes.size());
    if (workers_.size() > 1) report.communication_seconds = communication_seconds;
    return report;
  }

  // ---- numbers that are not finite ----

  // With --on-nan skip nothing of the step is applied. Otherwise the run ends; what came before is saved, unless that
  // is what has gone wrong: every row fails then.
  void skip_or_stop(const std::vector<const Sample*>& rows, const std::vector<float>& weights, double loss,
                    double norm) {
    std::ostringstream text;
    text << "step " << state_.step + 1 << ": loss " << loss << ", gradient norm " << norm;
    const std::vector<std::string> tensors = optimizer_->non_finite_gradients();
    const std::vector<std::string> lines = lines_that_fail(rows, weights);
    const bool diverged = rows.size() > 1 && lines.size() == rows.size();
    if (lines.empty()) {
      text << "; no row" << (workers_.size() > 1 ? " of this worker" : "") << " alone makes them so";
    } else {
      text << "; made so by line " << listed(lines, 16) << " of " << options_.data.string();
    }
    if (!tensors.empty()) text << ", in the gradient of " << listed(tensors, 4);
    if (options_.on_nan == OnNan::kSkip) {
      text << "; the step is left out";
      tell(events_.warning, text.str());
      if (++skipped_in_a_row_ < kMostSkipped) return;
      text << ", as were those before it";
    }
    if (diverged)
      throw Error(text.str(),
                  ": the run has diverged; go on from the last checkpoint with a lower --lr: aacft train --resume ",
                  options_.output, " --lr ...");
    if (save_recorded()) text << "; step " << recorded_ << " is saved";
    throw Error(text.str(), "; go on without those rows, or with --on-nan skip: aacft train --resume ", options_.output,
                " --on-nan skip");
  }

  // Each row tried alone.
  std::vector<std::string> lines_that_fail(const std::vector<const Sample*>& rows, const std::vector<float>& weights) {
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      optimizer_->zero_gradients();
      double loss = 0;
      SamplePass alone = pass_of({rows[i]}, {weights[i]});
      alone.pass.set_dropout(options_.seed, static_cast<std::uint64_t>(state_.step));
      adapt(alone.pass);
      backprop_.add_gradients(alone.pass, alone.targets, plan_.kept_layers, loss);
      if (!std::isfinite(loss) || !optimizer_->non_finite_gradients().empty())
        lines.push_back(std::to_string(rows[i]->line));
    }
    return lines;
  }

  // ---- evaluation ----

  EvalReport evaluate() {
    std::vector<const Sample*> rows = pointers_to(data_.eval_rows);
    std::int64_t counted = 0;
    for (const Sample* row : rows) counted += row->counted();
    rows = pick(rows, share_of_rows(lengths_of(rows), workers_.rank(), workers_.size()));
    double loss = 0;
    for (const auto& bounds : cut_into_passes(lengths_of(rows), plan_.max_rows)) {
      const auto part = slice(rows, bounds);
      SamplePass made = pass_of(part, std::vector<float>(part.size(), 1.0f));
      adapt(made.pass);
      add_loss(model_, made.pass, made.targets, context_, loss);
    }
    workers_.sum(std::span(&loss, 1));
    EvalReport report{state_.step, loss / static_cast<double>(counted), false};
    if (!std::isfinite(report.loss))
      tell(events_.warning, "step " + std::to_string(state_.step) + ": the evaluation loss is not finite");
    const bool better = std::isfinite(report.loss) && (!state_.best_loss || report.loss < *state_.best_loss);
    // A best that is not on the disk is none.
    report.best = better && (!options_.keep_best || !workers_.any(!try_to_save_best()));
    if (report.best) {
      state_.best_loss = report.loss;
      state_.best_step = state_.step;
      state_.evaluations_since_best = 0;
    } else if (!better) {
      ++state_.evaluations_since_best;
    }
    return report;
  }

  bool evaluation_due() const {
    return !data_.eval_rows.empty() && (state_.step % options_.eval_steps == 0 || state_.step == length_.steps);
  }

  // ---- files ----

  void write_weights(const std::filesystem::path& folder) {
    if (adapter_) {
      adapter_->save(folder);
    } else {
      std::vector<TensorView> tensors;
      for (const NamedParameter& named : model_.parameters())
        tensors.push_back(view_of(named.name, named.parameter->value));
      write_model_config(folder, model_.config(), Dtype::kFloat32);
      copy_tokenizer(options_.model, folder);
      write_safetensors(folder / "model.safetensors", tensors);  // last: where it is, the model is whole
    }
  }

  void read_weights(const std::filesystem::path& folder) {
    const at::NoGradGuard no_grad;
    const auto file = folder / (adapter_ ? "adapter_model.safetensors" : "model.safetensors");
    const SafetensorsFile saved(file);
    for (const NamedParameter& named : adapter_ ? adapter_->parameters() : model_.parameters()) {
      const auto found = std::find_if(saved.tensors().begin(), saved.tensors().end(),
                                      [&](const TensorView& t) { return t.name == named.name; });
      if (found == saved.tensors().end() || found->shape != named.parameter->value.sizes().vec())
        throw Error(file, ": ", named.name, " is missing or does not fit; the checkpoint is of another run");
      require_finite(*found, file.string());
      named.parameter->value.copy_(resident_tensor(*found));
    }
    if (adapter_) adapter_->refresh(model_);
  }

  void restore_folder() {
    if (folder_->restore())
      tell(events_.warning, std::string("the run's folder was removed; it is made again, without what it held"));
  }

  void save_checkpoint() {
    if (!folder_) return;
    restore_folder();
    const auto path = folder_->checkpoint(state_.step);
    if (std::filesystem::exists(path / "state.json")) return prune();
    folder_->sync_metrics();  // which go on after the checkpoint's step when the run is resumed
    AtomicFolder checkpoint(path);
    write_weights(checkpoint.path());
    optimizer_->save(checkpoint.path() / "optimizer.safetensors");
    write_file_atomic(checkpoint.path() / "state.json", to_json(state_).dump(2) + "\n");
    checkpoint.commit();
    prune();
    tell(events_.saved, path, state_.step);
  }

  void prune() {
    try {
      folder_->prune(options_.save_total_limit);
    } catch (const Error& error) {
      tell(events_.warning, "an old checkpoint stays: " + std::string(error.what()));
    }
  }

  // A disk that is full now may have room at the next checkpoint.
  bool try_to_save() {
    try {
      save_checkpoint();
      return true;
    } catch (const Error& error) {
      tell(events_.warning, "step " + std::to_string(state_.step) + " could not be saved: " + error.what() +
                                "; training goes on, and the next checkpoint is tried");
      return false;
    }
  }

  // Before the run ends early. A step without its evaluation is not over.
  bool save_recorded() { return folder_ && recorded_ > 0 && recorded_ == state_.step && try_to_save(); }

  // What to do when the end of a run cannot be written.
  std::string how_to_finish() const {
    if (!folder_->is_ours()) return "what this run saved before is where its folder went";
    const auto steps = folder_->checkpoints();
    return (steps.empty() ? std::string("no checkpoint is there")
                          : "step " + std::to_string(steps.front()) + " is saved") +
           "; when that is mended, go on with: aacft train --resume " + folder_->path().string();
  }

  void record(const nlohmann::json& line) {
    if (!folder_) return;
    try {
      folder_->append_metrics(line);
      metrics_fail_ = false;
    } catch (const Error& error) {
      if (!metrics_fail_)
        tell(events_.warning,
             std::string(error.what()) + "; training goes on, and the lines are written when it works again");
      metrics_fail_ = true;
    }
  }

  bool try_to_save_best() {
    if (!folder_) return true;
    try {
      restore_folder();
      make_folders(folder_->best());
      write_weights(folder_->best());
      return true;
    } catch (const Error& error) {
      tell(events_.warning, "the best so far could not be saved, and so does not count: " + std::string(error.what()));
      return false;
    }
  }

  // Empty where there is none. The run's state is its own from here on.
  std::filesystem::path checkpoint_to_resume() {
    const auto steps = folder_->checkpoints();
    if (steps.empty()) {
      tell(events_.warning, std::string("no checkpoint was saved yet; the run starts from the beginning"));
      return {};
    }
    const auto path = folder_->checkpoint(steps.front());
    const RunState saved = read_run_state(path / "state.json");
    if (saved.step != steps.front())
      throw Error(path / "state.json", ": the step is ", saved.step,
                  ", which does not go with the folder's name; remove this checkpoint to go on from the one before");
    if (saved.data_fingerprint != state_.data_fingerprint)
      throw Error("the rows in ", options_.data,
                  ", or --seed, --micro-batch, --accumulation or --shuffle, are not those that ", folder_->path(),
                  " was started with; resume with the same data and options");
    state_ = saved;
    return path;
  }

  void load_checkpoint(const std::filesystem::path& path) {
    read_weights(path);
    optimizer_->load(path / "optimizer.safetensors", state_.updates());
  }

  // ---- the run ----

  bool out_of_patience() const { return options_.patience > 0 && state_.evaluations_since_best >= options_.patience; }

  RunResult loop() {
    const double started = wall_seconds();
    const std::int64_t first = state_.step;
    RunResult result;
    while (state_.step < length_.steps && !out_of_patience()) {
      if (workers_.any(events_.stop_requested && events_.stop_requested())) {
        if (state_.step > 0) save_at_the_end();
        result.end = RunEnd::kInterrupted;
        break;
      }
      StepReport report = do_step();
      report.seconds_left = (wall_seconds() - started) / static_cast<double>(state_.step - first) *
                            static_cast<double>(length_.steps - state_.step);
      tell(events_.step, report);
      std::optional<EvalReport> evaluation;
      if (evaluation_due()) evaluation = evaluate();
      record(metrics_line(report, evaluation));
      if (evaluation) tell(events_.evaluation, *evaluation);
      recorded_ = state_.step;
      // What steps were left out after may have gone wrong itself, and must not take the place of older checkpoints.
      if (options_.save_steps > 0 && state_.step % options_.save_steps == 0 && state_.step < length_.steps &&
          skipped_in_a_row_ == 0)
        try_to_save();
    }
    if (result.end != RunEnd::kInterrupted) {
      if (state_.step < length_.steps) result.end = RunEnd::kStoppedEarly;
      finish();
      if (events_.trained) events_.trained(model_, adapter_modules(), input_);
    }
    result.rank = workers_.rank();
    result.step = state_.step;
    result.best_loss = state_.best_loss;
    result.best_step = state_.best_step;
    result.seconds = wall_seconds() - started;
    return result;
  }

  void save_at_the_end() {
    try {
      save_checkpoint();
    } catch (const Error& error) {
      throw Error("step ", state_.step, " could not be saved: ", error.what(), "; ", how_to_finish());
    }
  }

  void finish() {
    if (!folder_) return;
    save_at_the_end();
    try {
      if (options_.keep_best && state_.best_loss) {
        if (std::filesystem::exists(folder_->best())) read_weights(folder_->best());
        else tell(events_.warning, std::string("the best adapter was removed; the result is the last one"));
      }
      write_weights(folder_->path());
    } catch (const Error& error) {
      throw Error("the run is over, but its result could not be written: ", error.what(), "; ", how_to_finish());
    }
  }

  static nlohmann::json metrics_line(const StepReport& r, const std::optional<EvalReport>& evaluation) {
    nlohmann::json line = {{"step", r.step},
                           {"epoch", r.epoch},
                           {"loss", r.loss},
                           {"learning_rate", r.learning_rate},
                           {"grad_norm", r.grad_norm},
                           {"tokens", r.tokens},
                           {"tokens_per_second", r.tokens_per_second},
                           {"seconds", r.seconds},
                           {"passes", r.passes},
                           {"rss_bytes", r.rss_bytes},
                           {"peak_rss_bytes", r.peak_rss_bytes},
                           {"cpu_percent", r.cpu_percent}};
    if (r.communication_seconds) line["communication_seconds"] = *r.communication_seconds;
    if (r.skipped) line["skipped"] = true;
    if (evaluation) line["eval_loss"] = evaluation->loss;
    return line;
  }
};

}  // namespace

RunResult train(const TrainOptions& options, const TrainEvents& events) {
  check_options(options);
  set_threads(options.threads);
  Workers workers;
  Run run(options, events, workers);
  return run.go();
}

}  // namespace aacft

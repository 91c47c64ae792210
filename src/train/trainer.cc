#include "aacft/train/trainer.h"

#include "aacft/base/error.h"
#include "aacft/base/system.h"
#include "aacft/base/text.h"
#include "aacft/base/threads.h"
#include "aacft/train/pass_plan.h"
#include "aacft/train/plan.h"
#include "aacft/train/run_folder.h"
#include "aacft/train/schedule.h"
#include "aacft/train/step_data.h"
#include "aacft/train/workers.h"
#include "train/agreement.h"
#include "train/evaluation.h"
#include "train/non_finite.h"
#include "train/saving.h"
#include "train/step.h"
#include "train/trained_model.h"

namespace aacft {
namespace {

constexpr int kMostSkipped = 10;  // steps in a row

template <typename Callback, typename... Arguments>
void tell(const Callback& callback, Arguments&&... arguments) {
  if (callback) callback(arguments...);
}

// Only the first worker reports.
TrainEvents events_of(const TrainEvents& events, int rank) {
  if (rank == 0) return events;
  TrainEvents quiet;
  quiet.warning = events.warning;
  quiet.stop_requested = events.stop_requested;
  return quiet;
}

// Before anything is loaded: better said now than killed in an hour.
void check_memory(const TrainOptions& options, const RunInput& input, const Warn& warn) {
  const RunForecast expected = forecast(options, input);
  if (expected.fits()) return;
  if (expected.peak() > rss_bytes() + available_memory_bytes())
    throw Error("there is not enough memory for this run: ", shortage(expected));
  tell(warn, "this run may need more than its memory: " + shortage(expected));
}

class Run {
 public:
  Run(const TrainOptions& options, const TrainEvents& events, Workers& workers, RunFolder* folder,
      const RunInput& input, TrainedModel& trained)
      : options_(options),
        events_(events),
        workers_(workers),
        input_(input),
        trained_(trained),
        steps_(options, input.data.samples),
        saver_(options, events_, folder, trained, state_) {
    state_.data_fingerprint = steps_.fingerprint();
    plan();
  }

  RunResult go() {
    check_agreement(deciding_settings(options_, input_.data, trained_, state_.data_fingerprint), workers_);
    saver_.begin(info());
    tell(events_.untrained, trained_.model(), trained_.adapter_modules(), input_);
    saver_.resume();
    share_state(state_, trained_, workers_);
    saver_.set_recorded();
    tell(events_.start, info());
    try {
      return loop();
    } catch (const WorkerLost& lost) {
      std::string saved = "the last checkpoint";
      if (saver_.save_recorded()) saved = "step " + std::to_string(saver_.recorded()) + ", which is saved,";
      throw Error("step ", saver_.recorded() + 1, ": ", lost.what(), "; go on from ", saved,
                  " with any number of workers: aacft train --resume ", options_.output);
    }
  }

 private:
  void plan() {
    // The weights are in memory by now. Moments and gradients of an adapter are small; those of a whole model are not.
    const ModelConfig& config = trained_.model().config();
    const std::uint64_t moments = options_.full ? 8 * static_cast<std::uint64_t>(config.num_parameters()) : 0;
    const std::uint64_t whole = memory_budget(options_), taken = rss_bytes() + moments;
    budget_ = whole > taken ? whole - taken : 0;
    const Footprint needs =
        footprint(config, trained_.lora(), model_options(options_, input_), trained_.model().stored_dtype());
    plan_ = plan_passes(options_, needs.pass, input_, budget_);
  }

  RunInfo info() const {
    RunInfo info;
    info.model_parameters = trained_.model().config().num_parameters();
    info.trained_parameters = trained_.num_trained();
    info.samples = input_.data.samples.size();
    info.eval_samples = input_.data.eval_samples.size();
    for (const Sample& sample : input_.data.samples) info.tokens += sample.ids.size();
    info.total_steps = steps_.count();
    info.steps_done = state_.step;
    info.epochs = steps_.epochs_after(steps_.count());
    info.pass_tokens = plan_.max_tokens;
    info.kept_layers = plan_.kept_layers;
    info.layers = trained_.model().num_layers();
    info.memory_budget = budget_;
    info.workers = workers_.size();
    return info;
  }

  RunResult loop() {
    const double started = wall_seconds();
    const std::int64_t first = state_.step;
    RunResult result;
    while (state_.step < steps_.count() && !out_of_patience()) {
      if (workers_.any(events_.stop_requested && events_.stop_requested())) {
        if (state_.step > 0) saver_.save_at_the_end();
        result.end = RunEnd::kInterrupted;
        break;
      }
      StepReport report = do_step();
      report.seconds_left = (wall_seconds() - started) / static_cast<double>(state_.step - first) *
                            static_cast<double>(steps_.count() - state_.step);
      tell(events_.step, report);
      std::optional<EvalReport> evaluation;
      if (evaluation_due()) evaluation = evaluate();
      saver_.record(report, evaluation);
      if (evaluation) tell(events_.evaluation, *evaluation);
      if (checkpoint_due()) saver_.try_to_save();
    }
    if (result.end != RunEnd::kInterrupted) {
      if (state_.step < steps_.count()) result.end = RunEnd::kStoppedEarly;
      saver_.finish();
      tell(events_.trained, trained_.model(), trained_.adapter_modules(), input_);
    }
    result.rank = workers_.rank();
    result.step = state_.step;
    result.best_loss = state_.best_loss;
    result.best_step = state_.best_step;
    result.seconds = wall_seconds() - started;
    return result;
  }

  StepReport do_step() {
    const double started = wall_seconds(), cpu_started = cpu_seconds();
    const StepData data = steps_.data(state_.step), share = share_of(data, workers_.rank(), workers_.size());
    const double rate =
        options_.learning_rate * schedule_factor(options_.schedule, state_.step, options_.warmup, steps_.count());
    const StepResult result = take_step(trained_, share, state_.step, rate, options_, plan_, workers_);
    if (result.finite()) {
      skipped_in_a_row_ = 0;
    } else {
      skip_or_stop(diagnose(result, trained_, share, state_.step, options_, plan_, workers_.size()));
      ++state_.skipped;
    }
    ++state_.step;
    state_.tokens += static_cast<std::uint64_t>(data.targets());

    StepReport report;
    report.skipped = !result.finite();
    report.step = state_.step;
    report.total_steps = steps_.count();
    report.loss = result.loss;
    report.learning_rate = rate;
    report.grad_norm = result.grad_norm;
    report.tokens = data.targets();
    report.seconds = wall_seconds() - started;
    report.tokens_per_second = static_cast<double>(data.tokens()) / report.seconds;
    report.epoch = steps_.epochs_after(state_.step);
    report.rss_bytes = rss_bytes();
    report.peak_rss_bytes = peak_rss_bytes();
    report.cpu_percent = 100 * (cpu_seconds() - cpu_started) / report.seconds;
    report.passes = result.passes;
    if (workers_.size() > 1) report.communication_seconds = result.communication_seconds;
    return report;
  }

  // With --on-nan skip nothing of the step is applied. Otherwise the run ends; what came before is saved, unless that
  // is what has gone wrong.
  void skip_or_stop(const Diagnosis& diagnosis) {
    std::string text = diagnosis.text;
    if (options_.on_nan == OnNan::kSkip) {
      text += "; the step is left out";
      tell(events_.warning, text);
      if (++skipped_in_a_row_ < kMostSkipped) return;
      text += ", as were those before it";
    }
    if (diagnosis.diverged)
      throw Error(text,
                  ": the run has diverged; go on from the last checkpoint with a lower --lr: aacft train --resume ",
                  options_.output, " --lr ...");
    if (saver_.save_recorded()) text += "; step " + std::to_string(saver_.recorded()) + " is saved";
    throw Error(text, "; go on without those rows, or with --on-nan skip: aacft train --resume ", options_.output,
                " --on-nan skip");
  }

  EvalReport evaluate() {
    const double loss = evaluation_loss(trained_, input_.data.eval_samples, plan_.max_tokens, workers_);
    if (!std::isfinite(loss))
      tell(events_.warning, "step " + std::to_string(state_.step) + ": the evaluation loss is not finite");
    return note_evaluation(state_, loss,
                           [&] { return !options_.keep_best || !workers_.any(!saver_.try_to_save_best()); });
  }

  bool evaluation_due() const {
    return !input_.data.eval_samples.empty() &&
           (state_.step % options_.eval_steps == 0 || state_.step == steps_.count());
  }

  // What steps were left out after may have gone wrong itself, and must not take the place of older checkpoints.
  bool checkpoint_due() const {
    return options_.save_steps > 0 && state_.step % options_.save_steps == 0 && state_.step < steps_.count() &&
           skipped_in_a_row_ == 0;
  }

  bool out_of_patience() const { return options_.patience > 0 && state_.evaluations_since_best >= options_.patience; }

  const TrainOptions& options_;
  const TrainEvents& events_;
  Workers& workers_;
  const RunInput& input_;
  TrainedModel& trained_;
  const Steps steps_;
  RunState state_;
  Saver saver_;
  PassPlan plan_;
  std::uint64_t budget_ = 0;  // bytes that a pass may take
  int skipped_in_a_row_ = 0;
};

}  // namespace

RunResult train(const TrainOptions& options, const TrainEvents& all_events) {
  check_options(options);
  set_threads(options.threads);
  Workers workers;
  const TrainEvents events = events_of(all_events, workers.rank());
  std::optional<RunFolder> folder;  // the first worker's alone
  if (workers.rank() == 0) folder.emplace(options.output, options.resume, options.overwrite);
  const RunInput input = read_run_input(options, events.warning);
  check_memory(options, input, events.warning);
  TrainedModel trained(options, events.warning);
  return Run(options, events, workers, folder ? &*folder : nullptr, input, trained).go();
}

}  // namespace aacft

// The options of a training run, for the commands that start or plan one.
#pragma once

#include <filesystem>

#include "aacft/base/error.h"
#include "aacft/train/options.h"
#include "aacft/train/report.h"
#include "cli/defaults.h"
#include "cli/model_options.h"
#include "cli/options.h"
#include "cli/row_options.h"

namespace aacft::cli {

struct TrainFlags {
  TrainOptions options;
  std::filesystem::path config, resume;
  ModelFlags model_flags;
  std::int64_t log_steps = 1;
  std::string report;      // empty: none
  std::string chat_style;  // empty: the model's own
  std::int64_t report_prompts = 5;
  Options declared;

  explicit TrainFlags(CLI::App& command) : declared(command) {
    TrainOptions& o = options;
    o.output = "run";
    command.add_option("-c,--config", config, "TOML file with any of these options as keys; flags win over it")
        ->type_name("PATH")
        ->group("Run");
    command
        .add_option("--resume", resume, "continue the run in this folder, with its own options; flags win over them")
        ->type_name("PATH")
        ->group("Run");
    declared.group("Run");
    declared.add("--model", o.model,
                 "folder with config.json, weights and tokenizer, or a GGUF file; AACFT_MODEL otherwise");
    declared.add("--data", o.data, "JSON Lines: {\"text\"}, {\"prompt\", \"completion\"} or {\"messages\"}");
    declared.add("--output", o.output, "folder for adapter, checkpoints and metrics");
    declared.add("--overwrite", o.overwrite, "replace a run that is in --output");
    declared.add("--seed", o.seed, "everything random follows from it");
    declared.add("--threads", o.threads, "0: all cores");
    declared.add_choice("--recompute,--grad-checkpoint", o.recompute, kRecompute,
                        "gradient checkpointing: compute activations again instead of keeping them");
    declared.add_choice("--share-prefixes", o.share_prefixes, kSharePrefixes,
                        "compute beginnings that rows of a step share once; auto: yes, but for --full");
    declared.add_size("--memory-budget", o.memory_budget,
                      "memory for the whole process, as 6G or 800M; 0: most of what is free");
    model_flags.add_to(declared);
    declared.group("Adapter");
    declared.add("--rank,-r", o.lora.rank, "rank of the two matrices");
    declared.add("--alpha", o.lora.alpha, "the adapter counts alpha / rank times");
    declared.add("--dropout", o.lora.dropout, "of the adapter's input while training");
    declared
        .add("--target-modules", o.lora.target_modules,
             "the linears to adapt, by the end of their names, or all-linear; as PEFT by default: "
             "query_key_value, or q_proj and v_proj")
        ->delimiter(',');
    declared.add("--rslora", o.lora.rslora, "count alpha / sqrt(rank) times instead");
    declared.add("--dora", o.lora.dora, "weight-decomposed: magnitudes are trained apart");
    declared.add("--init-adapter", o.init_adapter,
                 "start from this adapter folder; rank, alpha and targets are its own");
    declared.add("--full", o.full, "train every weight, in fp32, instead of an adapter");
    declared.group("Optimisation");
    declared.add("--lr,--learning-rate", o.learning_rate, "peak learning rate");
    declared.add_choice("--schedule,--lr-scheduler-type", o.schedule, kSchedules,
                        "of the learning rate after the warm-up");
    declared.add("--warmup,--warmup-steps", o.warmup, "steps with a rising learning rate");
    declared.add("--micro-batch,--per-device-train-batch-size", o.micro_batch, "rows");
    declared.add("--accumulation,--gradient-accumulation-steps", o.accumulation, "micro-batches a step");
    declared.add("--max-steps,--iters", o.max_steps, "steps of the run");
    declared.add("--epochs", o.epochs, "times through the data, instead of --max-steps");
    declared.add("--weight-decay", o.weight_decay, "of AdamW");
    declared.add("--beta1", o.beta1, "of AdamW");
    declared.add("--beta2", o.beta2, "of AdamW");
    declared.add("--epsilon", o.epsilon, "of AdamW");
    declared.add("--max-grad-norm", o.max_grad_norm, "gradients are clipped to this global norm; 0: never");
    declared.add_choice("--on-nan", o.on_nan, kOnNan,
                        "when the loss or gradient of a step is not finite: save what came before and stop, "
                        "or leave the step out");
    declared.add_choice("--loss-norm", o.loss_norm, kLossNorms,
                        "mean over the step's tokens, or over micro-batch means (as in 2023)");
    declared.group("Data");
    add_row_options(declared, o.data_options, chat_style);
    declared.add("--shuffle,!--no-shuffle", o.shuffle, "a new order every epoch (default: on)");
    declared.group("Evaluation");
    declared.add("--eval-data", o.eval_data, "JSON Lines to evaluate on");
    declared.add("--eval-split", o.eval_split, "share of --data to hold out instead");
    declared.add("--eval-steps", o.eval_steps, "steps between evaluations");
    declared.add("--keep-best", o.keep_best, "the result is the adapter with the lowest evaluation loss");
    declared.add("--patience", o.patience, "stop after so many evaluations without improvement; 0: never");
    declared.group("Checkpoints");
    declared.add("--save-steps,--save-every", o.save_steps, "steps between checkpoints; 0: only at the end");
    declared.add("--log-steps,--logging-steps,--steps-per-report", log_steps,
                 "steps between progress lines where there is no terminal");
    declared.add("--save-total-limit", o.save_total_limit, "checkpoints that are kept; 0: all");
    declared.group("Report");
    declared
        .add("--report", report,
             "write a page about the run: its curves, and answers before and after; a bare file name "
             "goes into --output")
        ->expected(0, 1)
        ->default_str("report.html");
    declared.add("--report-prompts", report_prompts, "held-out prompts to answer in it; 0: none");
  }

  // To be called once the command line is read.
  void resolve() {
    if (!resume.empty()) {
      options.output = resume;
      options.resume = true;
    }
    if (options.resume && (options.model.empty() || options.data.empty()))
      throw Error(resume / "config.toml", " is damaged: it names no ", options.model.empty() ? "model" : "data",
                  "; put a copy back, or say --", options.model.empty() ? "model" : "data");
    if (options.data.empty()) throw UsageError("--data is missing: the JSON Lines file to train on");
    if (options.model.empty()) options.model = default_model(options.init_adapter);
    options.data = data_or_own(options.data);
    resolve_chat_style(options.data_options, chat_style, options.model);
    options.eval_data = data_or_own(options.eval_data);
    if (report_prompts < 0) throw UsageError("--report-prompts must not be negative");
    if (!report.empty()) {
      const std::filesystem::path page = report;
      require_html("--report", page);
      if (page.has_parent_path()) report = std::filesystem::absolute(page).lexically_normal().string();
    }
    options.model_options = model_flags.resolved();
    options.resolved_config =
        "# The options of this run, all of them. Continue it with: aacft train --resume FOLDER\n" + declared.toml();
  }

  std::filesystem::path report_file() const { return options.output / report; }
};

// Those that are not as usual, but those that a run's page shows elsewhere.
std::vector<RunReport::Option> changed_options(const TrainFlags& flags);

}  // namespace aacft::cli

#include "cli/train_progress.h"

#include <spdlog/fmt/fmt.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "aacft/base/text.h"
#include "cli/terminal.h"

namespace aacft::cli {
namespace {

int terminal_width() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string bar(double share, int width) {
  const int filled = static_cast<int>(share * width + 0.5);
  return "[" + std::string(static_cast<std::size_t>(filled), '#') +
         std::string(static_cast<std::size_t>(width - filled), '.') + "]";
}

}  // namespace

TrainProgress::TrainProgress(std::int64_t log_steps)
    : log_steps_(std::max<std::int64_t>(log_steps, 1)), terminal_(::isatty(STDOUT_FILENO) == 1) {}

TrainProgress::~TrainProgress() { clear(); }

void TrainProgress::clear() {
  if (live_.empty()) return;
  std::fputs("\r\033[K", stdout);
  std::fflush(stdout);
  live_.clear();
}

void TrainProgress::line(const std::string& text) {
  const std::string live = live_;
  clear();
  std::fputs((text + "\n").c_str(), stdout);
  if (!live.empty()) std::fputs(live.c_str(), stdout), live_ = live;
  std::fflush(stdout);
}

void TrainProgress::start(const RunInfo& r) {
  line(fmt::format("training {} of {} parameters ({:.3f} %) on {} rows, {} tokens{}", r.trained_parameters,
                   r.model_parameters,
                   100.0 * static_cast<double>(r.trained_parameters) / static_cast<double>(r.model_parameters),
                   r.samples, r.tokens, r.eval_samples > 0 ? fmt::format("; {} rows held out", r.eval_samples) : "") +
       (r.workers > 1 ? fmt::format("; {} workers", r.workers) : ""));
  line(fmt::format("{} steps, {:.2f} epochs; passes of up to {} tokens in {}, activations of {} of {} layers kept",
                   r.total_steps, r.epochs, r.pass_tokens, human_bytes(r.memory_budget), r.kept_layers, r.layers));
  if (r.steps_done > 0) line(fmt::format("going on after step {}", r.steps_done));
}

void TrainProgress::step(const StepReport& r) {
  const std::string step = fmt::format("{}/{}", r.step, r.total_steps), loss = fmt::format("  loss {:.4f}", r.loss),
                    rate = fmt::format("  lr {:.2e}", r.learning_rate),
                    grad = fmt::format("  grad {:.3f}", r.grad_norm),
                    speed = fmt::format("  {:.0f} tok/s", r.tokens_per_second),
                    memory = "  " + human_bytes(r.rss_bytes),
                    left = r.step < r.total_steps ? "  " + human_seconds(r.seconds_left) + " left" : "  done";
  const bool due = r.step == 1 || r.step == r.total_steps || r.step % log_steps_ == 0;
  if (!terminal_ && !due) return;
  if (!terminal_) return line("step " + step + loss + rate + grad + speed + memory + left);
  // As much as the width allows, the least important left out first; the bar comes before gradient and rate.
  constexpr std::size_t kShortestBar = 7;
  const auto width = static_cast<std::size_t>(std::max(terminal_width() - 1, 1));
  std::string text = step + loss + rate + grad + speed + memory + left;
  for (const auto& [dropped, wanted] : {std::pair(&grad, kShortestBar), std::pair(&rate, kShortestBar),
                                        std::pair(&memory, std::size_t{0}), std::pair(&speed, std::size_t{0})})
    if (text.size() + wanted > width) text.erase(text.find(*dropped), dropped->size());
  const std::size_t room = width > text.size() ? std::min<std::size_t>(width - text.size(), 23) : 0;
  if (room >= kShortestBar)
    text =
        bar(static_cast<double>(r.step) / static_cast<double>(r.total_steps), static_cast<int>(room) - 3) + " " + text;
  live_ = "\r" + text.substr(0, width) + "\033[K";
  std::fputs(live_.c_str(), stdout);
  std::fflush(stdout);
}

void TrainProgress::evaluation(const EvalReport& r) {
  line(fmt::format("step {}: evaluation loss {:.4f}{}", r.step, r.loss, r.best ? ", the best so far" : ""));
}

void TrainProgress::saved(const std::filesystem::path& path, std::int64_t step) {
  line(fmt::format("step {}: saved {}", step, presentable(path.string())));
}

void TrainProgress::warning(const std::string& message) {
  clear();
  warn(message);
}

}  // namespace aacft::cli

#include "cli/bench_tables.h"

#include <spdlog/fmt/fmt.h>

namespace aacft::cli {
namespace {

using nlohmann::json;

double number(const json& object, const char* key) { return object.at(key).get<double>(); }
std::string text(const json& object, const char* key) {
  return object.at(key).is_string() ? object.at(key).get<std::string>() : object.at(key).dump();
}

double tera(const json& object, const char* key) { return number(object, key) / 1e12; }
double giga(const json& object, const char* key) { return number(object, key) / 1e9; }
double percent(const json& object, const char* key) { return 100 * number(object, key); }

// "0.190   89 % compute"
std::string rate(const json& one) {
  return fmt::format("{:>8.3f} {:>4.0f} % of {:<8}", tera(one, "flops_per_second"), percent(one, "of_limit"),
                     text(one, "limit"));
}

}  // namespace

std::string peaks_table(const json& report) {
  const json& peaks = report.at("peaks");
  std::string table = fmt::format("{}, {} layers: {} weights, {} arithmetic\n", text(report, "shape"),
                                  text(report, "layers"), text(report, "base_weights"), text(report, "compute"));
  table += fmt::format("{}, {}, {} thread{}\n\n", text(report, "cpu"), text(report, "isa"), text(report, "threads"),
                       report.at("threads") == 1 ? "" : "s");
  return table + fmt::format("peaks             compute {:.3f} TFLOP/s, memory {:.1f} GB/s\n",
                             tera(peaks, "compute_flops_per_second"), giga(peaks, "dram_read_bytes_per_second"));
}

std::string linears_table(const json& report) {
  std::string table =
      fmt::format("\n{:<18}{:<14}{:>6}    {:<27}{}\n", "linear, TFLOP/s", "out x in", "rows", " forward", " gradient");
  const json& all = report.at("linears");
  for (const json& forward : all) {
    if (forward.at("direction") != "forward") continue;
    for (const json& gradient : all)
      if (gradient.at("direction") == "gradient" && gradient.at("name") == forward.at("name") &&
          gradient.at("rows") == forward.at("rows"))
        table += fmt::format("{:<18}{:<14}{:>6}    {}    {}\n", text(forward, "name"),
                             text(forward, "out") + " x " + text(forward, "in"), text(forward, "rows"), rate(forward),
                             rate(gradient));
  }
  return table;
}

std::string step_table(const json& report) {
  const json &step = report.at("step"), &scaling = step.at("scaling");
  std::string table =
      fmt::format("\n{:<18}{} tokens in {} sequences, LoRA of rank 2 on the usual targets, {:.3g} GFLOP a token\n",
                  "training step", text(step, "tokens"), text(step, "sequences"), giga(step, "flops_per_token"));
  for (const char* which : {"kept", "recomputed"}) {
    const json& one = step.at(which);
    table += fmt::format("  {:<16}{:>9.2f} s {:>9.1f} tokens/s {:>8.3f} TFLOP/s {:>4.0f} % of compute{}\n", which,
                         number(one, "seconds"), number(one, "tokens_per_second"), tera(one, "flops_per_second"),
                         percent(one, "of_compute_peak"),
                         which == std::string("kept")
                             ? ""
                             : fmt::format(", {:.2f} times as long", number(step, "recomputed_over_kept")));
  }
  if (scaling.at("threads") == 1) return table;
  return table + fmt::format("  {:<16}{:>9.2f} times as fast as 1 ({} layers: {:.2f} s, {:.2f} s)\n",
                             fmt::format("{} threads", text(scaling, "threads")), number(scaling, "speedup"),
                             text(scaling, "layers"), number(scaling, "one_thread_seconds"),
                             number(scaling, "all_threads_seconds"));
}

std::string prompt_table(const json& report) {
  const json& prompt = report.at("prompt");
  return fmt::format("\n{:<18}{:>9.2f} s {:>9.1f} tokens/s {:>8.3f} TFLOP/s {:>4.0f} % of compute\n",
                     fmt::format("prompt of {}", text(prompt, "tokens")), number(prompt, "seconds"),
                     number(prompt, "tokens_per_second"), tera(prompt, "flops_per_second"),
                     percent(prompt, "of_compute_peak"));
}

std::string decode_table(const json& report) {
  std::string table =
      fmt::format("\n{:<18}{:.3g} GB of weights a step\n", "decode", giga(report.at("decode").at(0), "bytes"));
  for (const json& one : report.at("decode"))
    table += fmt::format(
        "  {:<16}{:>8.2f} ms {:>9.2f} tokens/s {:>8.2f} GB/s    {:>4.0f} % of {}{}{}\n",
        fmt::format("batch {}", text(one, "batch")), 1000 * number(one, "seconds"), number(one, "tokens_per_second"),
        giga(one, "bytes_per_second"), percent(one, "of_limit"), text(one, "limit"),
        one.at("limit") == "memory"
            ? fmt::format(" ({:.1f} GB/s to read them alone)", giga(one, "dram_read_bytes_per_second"))
            : "",
        one.at("batch") == 1 ? "" : fmt::format(", {:.1f} times the tokens", number(one, "gain_over_batch_1")));
  return table;
}

}  // namespace aacft::cli

#include "cli/defaults.h"

#include <cstdlib>
#include <iostream>

#include "aacft/base/error.h"
#include "aacft/base/system.h"
#include "aacft/formats/json.h"

namespace aacft::cli {
namespace {

namespace fs = std::filesystem;

void say(const std::string& what, const std::string& instead) {
  std::cerr << "aacft: " << what << " (" << instead << ")\n";
}

std::string recorded_base(const fs::path& adapter) {
  const fs::path file = adapter / "adapter_config.json";
  if (adapter.empty() || !fs::exists(file)) return "";
  const nlohmann::json base = read_json_object(file).value("base_model_name_or_path", nlohmann::json());
  return base.is_string() ? base.get<std::string>() : "";
}

}  // namespace

fs::path default_model(const fs::path& adapter) {
  if (const char* named = std::getenv("AACFT_MODEL"); named != nullptr && *named != '\0') {
    say(std::string("the model is ") + named + ", as AACFT_MODEL says", "--model takes another");
    return named;
  }
  if (const std::string base = recorded_base(adapter); !base.empty()) {
    if (!fs::exists(base))
      throw Error("the adapter in ", adapter, " was made for ", base,
                  ", which is not there; say where it is with --model");
    say("the model is " + base + ", the base of " + adapter.string(), "--model takes another");
    return base;
  }
  const fs::path own = data_file("demo/model");
  say("the model is the small one that comes with the program, for trying things: " + own.string(),
      "--model or AACFT_MODEL takes another");
  return own;
}

fs::path default_run() {
  const fs::path run = "run";
  return fs::exists(run / "adapter_config.json") || fs::exists(run / "model.safetensors") ? run : fs::path();
}

void choose_model_and_adapter(fs::path& model, fs::path& adapter) {
  if (!model.empty()) return;
  if (const fs::path run = default_run(); adapter.empty() && !run.empty()) {
    if (!fs::exists(run / "adapter_config.json")) {
      say("the model is the one trained in run", "--model takes another");
      model = run;
      return;
    }
    say("the adapter is the one trained in run", "--adapter takes another");
    adapter = run;
  }
  model = default_model(adapter);
}

fs::path data_or_own(const fs::path& file) {
  if (file.empty() || file.is_absolute() || fs::exists(file) || file == "-") return file;
  try {
    const fs::path own = data_file(file.string());
    say("there is no " + file.string() + " here; the one that comes with the program is taken: " + own.string(),
        "a path takes another");
    return own;
  } catch (const Error&) {
    return file;  // whoever reads it says that it is not there
  }
}

}  // namespace aacft::cli

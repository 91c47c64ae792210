// What a command takes where it was not told, each choice said in one line on standard error. An explicit option always
// wins, and nothing is chosen in place of what was asked for and is gone.
#pragma once

#include <filesystem>

namespace aacft::cli {

// The model: AACFT_MODEL; else the base that the adapter (may be empty) records, which must be there; else the small
// one that comes with the program.
std::filesystem::path default_model(const std::filesystem::path& adapter);

// "run", where a run's result is in it: an adapter, or a whole model. Else empty.
std::filesystem::path default_run();

// Fills in what is empty of a command that answers or measures: the run here, and its base. A run that trained a whole
// model is taken as the model.
void choose_model_and_adapter(std::filesystem::path& model, std::filesystem::path& adapter);

// A file that is not there but comes with the program is that one.
std::filesystem::path data_or_own(const std::filesystem::path& file);

}  // namespace aacft::cli

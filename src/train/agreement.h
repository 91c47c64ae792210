// What several workers must have in common for their run to be one.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "aacft/train/options.h"
#include "aacft/train/run_data.h"
#include "aacft/train/run_folder.h"
#include "aacft/train/workers.h"
#include "train/trained_model.h"

namespace aacft {

// All that decides the result, by the names that users know. Where files lie, how the work is cut up, and what only the
// first worker does, is left out. `fingerprint`: of the run's steps.
nlohmann::ordered_json deciding_settings(const TrainOptions& options, const RunData& data, const TrainedModel& trained,
                                         std::uint64_t fingerprint);

// Shows the first setting that is not the same for both: "worker 0 has lr = 0.1, worker 2 has lr = 0.2". "" where there
// is none.
std::string difference(const nlohmann::ordered_json& first, const nlohmann::ordered_json& other, int rank);

// Called by all workers. UsageError, the same for all, where their settings differ.
void check_agreement(const nlohmann::ordered_json& settings, Workers& workers);

// Called by all workers: the first one's state, weights and moments become everyone's.
void share_state(RunState& state, TrainedModel& trained, Workers& workers);

}  // namespace aacft

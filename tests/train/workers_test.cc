// How workers find each other. tests/cli/workers_test.cc runs several.
#include "aacft/train/workers.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <utility>

namespace aacft::testing {
namespace {

using Environment = std::vector<std::pair<const char*, const char*>>;

// The message with which an environment is refused, "" if it means a single process.
std::string refusal(const Environment& environment) {
  for (const auto& [name, value] : environment) ::setenv(name, value, 1);
  std::string message;
  try {
    EXPECT_EQ(Workers().size(), 1);
  } catch (const UsageError& error) {
    message = error.what();
  }
  for (const auto& [name, value] : environment) ::unsetenv(name);
  return message;
}

TEST(WorkersEnvironment, NamesWhatIsMissingOrWrong) {
  for (const auto& [environment, expected] : std::vector<std::pair<Environment, std::string>>{
           {{}, ""},
           {{{"WORLD_SIZE", "1"}}, ""},
           {{{"WORLD_SIZE", "1"}, {"RANK", "0"}, {"MASTER_ADDR", "10.0.0.1"}}, ""},
           {{{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "2"}}, ""},  // a job that does not ask for workers
           {{{"MASTER_ADDR", "10.0.0.1"}, {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "1"}}, ""},
           {{{"WORLD_SIZE", "2"}}, "RANK is not set"},
           {{{"RANK", "0"}}, "WORLD_SIZE is not set"},
           {{{"RANK", "2"}, {"WORLD_SIZE", "2"}}, "RANK=2 is not a number from 0 to 1"},
           {{{"RANK", "0"}, {"WORLD_SIZE", "two"}}, "WORLD_SIZE=two is not a number"},
           {{{"RANK", "0"}, {"WORLD_SIZE", "2"}}, "MASTER_ADDR is not set"},
           {{{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "10.0.0.1"}}, "MASTER_PORT is not set"},
           {{{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "10.0.0.1"}, {"MASTER_PORT", "99999"}},
            "MASTER_PORT=99999"},
           {{{"MASTER_ADDR", "10.0.0.1"}}, "MASTER_ADDR is set, but not which worker"},
           {{{"MASTER_ADDR", "10.0.0.1"}, {"SLURM_PROCID", "3"}, {"SLURM_NTASKS", "2"}}, "SLURM_PROCID=3"},
           {{{"MASTER_ADDR", "10.0.0.1"}, {"OMPI_COMM_WORLD_RANK", "2"}, {"OMPI_COMM_WORLD_SIZE", "2"}},
            "OMPI_COMM_WORLD_RANK=2"},
           {{{"MASTER_ADDR", "10.0.0.1"}, {"PMI_RANK", "2"}, {"PMI_SIZE", "2"}}, "PMI_RANK=2"},
       }) {
    const std::string message = refusal(environment);
    EXPECT_EQ(message.substr(0, expected.size()), expected) << message;
  }
}

}  // namespace
}  // namespace aacft::testing

// Several processes, usually one a machine, that train together: each takes a share of every step's samples.
// Over libtorch's own c10d with Gloo.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "aacft/base/error.h"

namespace at {
class Tensor;
}

namespace aacft {

// Another worker has ended, or cannot be reached.
class WorkerLost : public Error {
 public:
  using Error::Error;
};

class Workers {
 public:
  // As the environment says: RANK and WORLD_SIZE (torchrun), or, where MASTER_ADDR is set, SLURM_PROCID and
  // SLURM_NTASKS, OMPI_COMM_WORLD_RANK and OMPI_COMM_WORLD_SIZE, or PMI_RANK and PMI_SIZE. Several workers meet at
  // MASTER_ADDR and MASTER_PORT; where nothing is set, or the size is 1, this process is alone. UsageError names the
  // variable that is missing or wrong; Error when the workers do not find each other within AACFT_WORKER_TIMEOUT
  // seconds (600).
  Workers();
  Workers(const Workers&) = delete;
  ~Workers();

  int rank() const { return rank_; }  // the first one, 0, reads and writes the run's folder
  int size() const { return size_; }

  // Each of these is called by all workers, in the same order; alone, they do nothing. WorkerLost when one has died (at
  // once) or stays silent for AACFT_WORKER_TIMEOUT seconds.

  // Everyone gets the sums over all workers, added in the order of ranks: the same bits everywhere. Of fp32 tensors.
  void sum(const std::vector<at::Tensor>& tensors);
  void sum(std::span<double> values);
  // Whether it is true for any.
  bool any(bool flag);
  // Everyone gets what the first worker has. Contiguous tensors.
  void share(const std::vector<at::Tensor>& tensors);
  // Everyone gets what each has, in the order of ranks.
  std::vector<std::string> gather(const std::string& text);

  double seconds() const { return seconds_; }  // spent in these calls so far

 private:
  struct Group;

  std::vector<at::Tensor> gather(const at::Tensor& mine);
  template <typename Collective>
  void wait_for(const Collective& collective);

  int rank_ = 0, size_ = 1;
  double seconds_ = 0;
  std::unique_ptr<Group> group_;
};

}  // namespace aacft

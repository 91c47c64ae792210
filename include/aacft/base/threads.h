// The process's worker threads. Work is cut into tasks whose bounds never depend on the number of threads, so results
// do not either (law 2).
#pragma once

#include <cstddef>
#include <functional>

namespace aacft {

constexpr int kMostThreads = 4096;

// Number of threads that parallel_for uses, the caller included; 0: one for each core. UsageError above kMostThreads.
// Not to be called from inside a task.
void set_threads(int count);
int threads();

// The cores that this process may run on.
int available_cores();

// Runs task(0) ... task(count - 1), each once, in any order and on any thread, and returns when all are done. The
// first exception that a task throws is thrown again here. Nested calls run on the calling thread. To be called from
// one thread at a time.
void parallel_for(std::size_t count, const std::function<void(std::size_t)>& task);

}  // namespace aacft

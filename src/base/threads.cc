#include "aacft/base/threads.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "aacft/base/error.h"

namespace aacft {
namespace {

thread_local bool inside_task = false;

// A thread that has nothing to do looks out this long before it sleeps: waking up takes as long as a small task.
constexpr std::chrono::microseconds kSpin(50);

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

class Pool {
 public:
  explicit Pool(int workers) : spins_(workers < available_cores()) {
    for (int i = 0; i < workers; ++i) workers_.emplace_back([this] { serve(); });
  }

  ~Pool() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  void run(std::size_t count, const std::function<void(std::size_t)>& task) {
    {
      const std::lock_guard lock(mutex_);
      task_ = &task;
      count_ = count;
      next_ = 0;
      error_ = nullptr;
      busy_ = workers_.size();
      ++round_;
    }
    wake_.notify_all();
    work();
    await(done_, [this] { return busy_ == 0; });
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void serve() {
    std::size_t seen = 0;
    for (;;) {
      await(wake_, [&] { return stopping_ || round_ != seen; });
      if (stopping_) return;
      seen = round_;
      work();
      if (--busy_ == 0) {
        const std::lock_guard lock(mutex_);
        done_.notify_one();
      }
    }
  }

  // Spins for a while, unless a thread that has something to do might need the core, then sleeps.
  template <typename Condition>
  void await(std::condition_variable& signal, const Condition& condition) {
    if (spins_) {
      const auto end = std::chrono::steady_clock::now() + kSpin;
      do {
        for (int i = 0; i < 32; ++i, pause())
          if (condition()) return;
      } while (std::chrono::steady_clock::now() < end);
    }
    std::unique_lock lock(mutex_);
    signal.wait(lock, condition);
  }

  void work() {
    inside_task = true;
    for (std::size_t i; (i = next_.fetch_add(1)) < count_;) {
      try {
        (*task_)(i);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!error_) error_ = std::current_exception();
        next_ = count_;
      }
    }
    inside_task = false;
  }

  const bool spins_;
  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  // Changed under the mutex, but for busy_ when a thread is done; what a round reads is set before round_ tells of it.
  std::atomic<bool> stopping_ = false;
  std::atomic<std::size_t> round_ = 0, busy_ = 0, next_ = 0;
  std::size_t count_ = 0;
  const std::function<void(std::size_t)>* task_ = nullptr;
  std::exception_ptr error_;
};

std::unique_ptr<Pool>& pool() {
  static std::unique_ptr<Pool> instance = std::make_unique<Pool>(available_cores() - 1);
  return instance;
}

}  // namespace

void set_threads(int count) {
  if (count > kMostThreads) throw UsageError("--threads must be at most ", kMostThreads);
  if (count <= 0) count = available_cores();
  if (pool()->size() == count) return;
  pool().reset();
  pool() = std::make_unique<Pool>(count - 1);
}

int threads() { return pool()->size(); }

int available_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(CPU_COUNT(&set), 1) : 1;
}

void parallel_for(std::size_t count, const std::function<void(std::size_t)>& task) {
  if (count <= 1 || inside_task || threads() == 1) {
    for (std::size_t i = 0; i < count; ++i) task(i);
    return;
  }
  pool()->run(count, task);
}

}  // namespace aacft

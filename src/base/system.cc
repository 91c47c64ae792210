#include "aacft/base/system.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <limits>
#include <sstream>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/base/text.h"

namespace aacft {
namespace {

// "MemAvailable:   123 kB" in a /proc file of such lines, in bytes; 0 where the key is missing.
std::uint64_t proc_bytes(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(key + ":", 0) != 0) continue;
    std::istringstream rest(line.substr(key.size() + 1));
    std::uint64_t kilobytes = 0;
    rest >> kilobytes;
    return kilobytes * 1024;
  }
  return 0;
}

// A control-group file with one number; "max" or a missing file is no limit.
std::uint64_t cgroup_number(const std::string& path, std::uint64_t otherwise) {
  std::ifstream file(path);
  std::uint64_t value = 0;
  return file >> value ? value : otherwise;
}

constexpr auto kNoLimit = std::numeric_limits<std::uint64_t>::max();

// What this process's control group, v2 or v1, and those around it still allow.
std::uint64_t cgroup_available() {
  std::ifstream file("/proc/self/cgroup");
  std::uint64_t left = kNoLimit;
  // Page cache counts as used there although it can be dropped.
  const std::uint64_t cache = proc_bytes("/proc/meminfo", "Inactive(file)");
  for (std::string line; std::getline(file, line);) {
    const std::size_t second = line.find(':', line.find(':') + 1);
    if (second == std::string::npos) continue;
    const bool v2 = line.rfind("0::", 0) == 0;
    if (!v2 && line.substr(0, second).find("memory") == std::string::npos) continue;
    const std::string root = v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    for (std::string path = line.substr(second + 1);; path.erase(path.rfind('/'))) {
      const std::string folder = root + path + "/";
      const std::uint64_t most = cgroup_number(folder + (v2 ? "memory.max" : "memory.limit_in_bytes"), kNoLimit);
      if (most != kNoLimit) {
        const std::uint64_t now = cgroup_number(folder + (v2 ? "memory.current" : "memory.usage_in_bytes"), 0);
        left = std::min(left, most > now ? std::min(most, most - now + std::min(cache, now)) : 0);
      }
      if (path.find('/') == std::string::npos) break;
    }
  }
  return left;
}

// What `ulimit -v` leaves: it counts what is mapped, resident or not.
std::uint64_t address_space_available() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kNoLimit;
  const std::uint64_t mapped = proc_bytes("/proc/self/status", "VmSize");
  return limit.rlim_cur > mapped ? limit.rlim_cur - mapped : 0;
}

}  // namespace

std::uint64_t rss_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t peak_rss_bytes() { return proc_bytes("/proc/self/status", "VmHWM"); }

std::uint64_t available_memory_bytes() {
  return std::min({proc_bytes("/proc/meminfo", "MemAvailable"), cgroup_available(), address_space_available()});
}

std::uint64_t total_memory_bytes() { return proc_bytes("/proc/meminfo", "MemTotal"); }

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  return "unknown";
}

std::string cpu_features() {
  std::ifstream file("/proc/cpuinfo");
  std::vector<std::string> found;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("flags", 0) != 0) continue;
    const std::string padded = line + " ";
    for (const char* name : {"avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8"})
      if (padded.find(" " + std::string(name) + " ") != std::string::npos) found.emplace_back(name);
    break;
  }
  return joined(found, " ");
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::filesystem::path data_file(const std::string& name) {
  namespace fs = std::filesystem;
  std::vector<fs::path> folders;
  if (const char* chosen = std::getenv("AACFT_DATA"); chosen != nullptr && *chosen != '\0') {
    folders = {chosen};
  } else {
    std::error_code none;
    const fs::path program = fs::read_symlink("/proc/self/exe", none).parent_path();
    for (const char* folder : {"../data", "../share/aacft", "../../data"})
      folders.push_back((program / folder).lexically_normal());
  }
  std::vector<std::string> tried;
  for (const fs::path& folder : folders) {
    std::error_code none;
    if (fs::exists(folder / name, none)) return folder / name;
    tried.push_back(folder.string());
  }
  throw Error("cannot find ", name, ", which comes with aacft, in ", listed(tried), "; AACFT_DATA can name its folder");
}

}  // namespace aacft

// What this machine has and what this process uses.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace aacft {

std::uint64_t rss_bytes();       // resident now, mapped files included
std::uint64_t peak_rss_bytes();  // the largest so far

// What may still be taken without swapping: the least of the kernel's estimate, what control groups leave, and what
// `ulimit -v` leaves.
std::uint64_t available_memory_bytes();
std::uint64_t total_memory_bytes();

double cpu_seconds();   // user + system time of this process, all threads
double wall_seconds();  // a monotonic clock

std::string cpu_model();
std::string cpu_features();  // those that choose a kernel: "avx2 fma f16c avx512f avx512_bf16 amx_bf16"
std::string utc_now();       // "2026-01-31T12:00:00Z"

// A file that comes with the program, such as "icons.tsv": in the folder that AACFT_DATA names or, where that is not
// set, in ../data, ../share/aacft or ../../data of the folder of the program. Error says where it was looked for.
std::filesystem::path data_file(const std::string& name);

}  // namespace aacft

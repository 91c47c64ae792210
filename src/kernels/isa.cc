#include "aacft/kernels/isa.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "aacft/base/error.h"

#if defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace aacft {
namespace {

constexpr Isa kAll[] = {Isa::kPortable, Isa::kAvx2, Isa::kAvx512, Isa::kAvx512Bf16, Isa::kAmx};

#if defined(__x86_64__)

// Linux hands out the tile registers on request only, once a process (arch_prctl ARCH_REQ_XCOMP_PERM, XTILEDATA).
bool request_tiles() { return ::syscall(SYS_arch_prctl, 0x1023, 18) == 0; }

// What CPUID says of leaf 7: GCC 12 has no name for AMX in __builtin_cpu_supports.
bool has_amx() {
  unsigned a = 7, b = 0, c = 0, d = 0;
  __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  return (d >> 22 & 1) != 0 && (d >> 24 & 1) != 0 && request_tiles();  // AMX-BF16, AMX-TILE
}

bool has(Isa isa) {
  switch (isa) {
    case Isa::kPortable: return true;
    case Isa::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    case Isa::kAvx512:
      return has(Isa::kAvx2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    case Isa::kAvx512Bf16: return has(Isa::kAvx512) && __builtin_cpu_supports("avx512bf16");
    case Isa::kAmx: return has(Isa::kAvx512Bf16) && has_amx();
  }
  return false;
}

#else

bool has(Isa isa) { return isa == Isa::kPortable; }

#endif

// Intel's AVX512-BF16 multiplies a quarter as often as it does in fp32 (measured on Sapphire Rapids without tiles:
// 0.167 TFLOP/s to 0.342 on two cores), so that rounding operands and multiplying in fp32 is faster: a step of SmolLM2
// takes 0.62 of the time. AMD's is twice as fast as fp32.
Isa fastest() {
  const Isa best = available_isas().back();
#if defined(__x86_64__)
  if (best == Isa::kAvx512Bf16 && __builtin_cpu_is("intel")) return Isa::kAvx512;
#endif
  return best;
}

Isa choose() {
  const char* wanted = std::getenv("AACFT_ISA");
  if (wanted == nullptr || *wanted == '\0') return fastest();
  for (const Isa isa : kAll) {
    if (isa_name(isa) != wanted) continue;
    if (!has(isa))
      throw UsageError("AACFT_ISA is ", wanted, ", which this machine does not have; it has up to ",
                       isa_name(available_isas().back()));
    return isa;
  }
  throw UsageError("AACFT_ISA must be portable, avx2, avx512, avx512-bf16 or amx, not ", wanted);
}

Isa& current() {
  static Isa chosen = choose();
  return chosen;
}

}  // namespace

Isa isa() { return current(); }

void set_isa(Isa isa) { current() = isa; }

bool bf16_is_fast() {
  return isa() >= Isa::kAvx512Bf16 || (isa() == fastest() && available_isas().back() >= Isa::kAvx512Bf16);
}

bool has_vnni() {
#if defined(__x86_64__)
  static const bool found = __builtin_cpu_supports("avx512vnni");
  return found && isa() >= Isa::kAvx512;
#else
  return false;
#endif
}

std::vector<Isa> available_isas() {
  std::vector<Isa> found;
  for (const Isa isa : kAll)
    if (has(isa)) found.push_back(isa);
  return found;
}

std::string_view isa_name(Isa isa) {
  switch (isa) {
    case Isa::kPortable: return "portable";
    case Isa::kAvx2: return "avx2";
    case Isa::kAvx512: return "avx512";
    case Isa::kAvx512Bf16: return "avx512-bf16";
    case Isa::kAmx: return "amx";
  }
  return "";
}

}  // namespace aacft

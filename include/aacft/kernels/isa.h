// The instruction set that the kernels use: chosen once, here, at run time.
#pragma once

#include <string_view>
#include <vector>

namespace aacft {

// Each includes those before it. kAvx2 means AVX2, FMA and F16C; kAvx512 means AVX-512 F, BW, DQ and VL.
enum class Isa { kPortable, kAvx2, kAvx512, kAvx512Bf16, kAmx };

// The fastest one that this machine has, or what AACFT_ISA names ("portable", "avx2", "avx512", "avx512-bf16", "amx").
// UsageError when the machine lacks that one, or for an unknown name.
Isa isa();
// Until changed again; for tests and benchmarks. The machine must have it (see available_isas).
void set_isa(Isa isa);

// Whether bf16 arithmetic is at least as fast as fp32, so that it is the better default: where the processor has
// instructions for it (but an older set that AACFT_ISA names is to be tried as it was).
bool bf16_is_fast();

// Whether there are AVX-512's dot products of bytes (AVX512-VNNI) beside what isa() means.
bool has_vnni();

std::vector<Isa> available_isas();  // of this machine, from the lowest
std::string_view isa_name(Isa isa);

}  // namespace aacft

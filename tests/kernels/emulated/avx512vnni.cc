#include "kernels/emulated/avx512.h"

#define AACFT_TIER emulated_avx512vnni
#include "kernels/avx512vnni/matmul_int8.cc"

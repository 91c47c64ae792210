#include "kernels/emulated/avx512.h"

#define AACFT_TIER emulated_avx512bf16
#include "kernels/avx512bf16/matmul.cc"

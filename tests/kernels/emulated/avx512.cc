#include "kernels/emulated/avx512.h"

#define AACFT_TIER emulated_avx512
#include "kernels/vector/matmul.cc"

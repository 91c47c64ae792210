#include "kernels/emulated/amx.h"

#define AACFT_TIER emulated_amx
#include "kernels/amx/matmul.cc"
#include "kernels/amx/peak.cc"

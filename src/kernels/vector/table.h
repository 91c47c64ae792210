// How a public function finds the leaf functions of the chosen tier. A file of this folder defines one constant table
// of plain function pointers in its tier's namespace; the file in src/kernels/ that cuts the work into tasks declares
// it by AACFT_DECLARE_TABLE(NormTable, norm_table) and uses AACFT_CHOOSE(norm_table).layer_norm(...).
#pragma once

#include "aacft/kernels/isa.h"

#ifdef AACFT_X86
#define AACFT_DECLARE_TABLE(Type, name) \
  namespace portable {                  \
  extern const Type name;               \
  }                                     \
  namespace avx2 {                      \
  extern const Type name;               \
  }                                     \
  namespace avx512 {                    \
  extern const Type name;               \
  }
// The tiers above AVX-512 have nothing more to offer here.
#define AACFT_CHOOSE(name) (isa() >= Isa::kAvx512 ? avx512::name : isa() >= Isa::kAvx2 ? avx2::name : portable::name)
#else
#define AACFT_DECLARE_TABLE(Type, name) \
  namespace portable {                  \
  extern const Type name;               \
  }
#define AACFT_CHOOSE(name) (portable::name)
#endif

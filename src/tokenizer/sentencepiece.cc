#include "aacft/tokenizer/sentencepiece.h"

#include <dlfcn.h>

#include "aacft/base/error.h"

namespace aacft {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModule = "libaacft_sentencepiece.so";

#ifdef __has_feature  // clang's spelling of it
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
constexpr int kApart = 0;  // the sanitizer cannot work with it
#else
constexpr int kApart = RTLD_DEEPBIND;  // the module's own symbols come first
#endif

void* load_module() {
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const fs::path& folder : {program, program / "..", program / "../lib/aacft"}) {
    if (!fs::exists(folder / kModule)) continue;
    if (void* module = ::dlopen((folder / kModule).c_str(), RTLD_NOW | RTLD_LOCAL | kApart)) return module;
    throw Error("cannot load ", folder / kModule, ": ", ::dlerror());
  }
  throw Error("SentencePiece models need ", kModule, ", which is not in ", program);
}

}  // namespace

std::unique_ptr<Tokenizer> open_sentencepiece(const fs::path& file) {
  using Open = Tokenizer* (*)(const fs::path&);
  static const Open open = reinterpret_cast<Open>(::dlsym(load_module(), "aacft_open_sentencepiece"));
  return std::unique_ptr<Tokenizer>(open(file));
}

}  // namespace aacft

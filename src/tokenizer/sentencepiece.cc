#include "aacft/tokenizer/sentencepiece.h"

#include <dlfcn.h>

#include "aacft/base/error.h"
#include "aacft/base/sanitizers.h"

namespace aacft {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModule = "libaacft_sentencepiece.so";

// The module's own symbols come first; the sanitizers cannot work with that.
constexpr int kApart = kAddressSanitizer || kThreadSanitizer ? 0 : RTLD_DEEPBIND;

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

// SentencePiece models (rinna's GPT-NeoX): the sentencepiece library behind the Tokenizer interface.
//
// The library brings protobuf symbols of its own, and Debian's libtorch uses another protobuf: in one symbol space the
// program crashes before main. So the library is linked into a small module, libaacft_sentencepiece.so, which is loaded
// apart from all others, and only when such a model is opened.
#pragma once

#include <filesystem>
#include <memory>

#include "aacft/tokenizer/tokenizer.h"

namespace aacft {

// Normalises more than NFC does, white space above all, so decode(encode(text)) is that normalised text. Control
// symbols such as </s> always decode to nothing. Error when the file is not such a model, or the module is not beside
// the program (or in ../lib/aacft from there).
std::unique_ptr<Tokenizer> open_sentencepiece(const std::filesystem::path& file);

}  // namespace aacft

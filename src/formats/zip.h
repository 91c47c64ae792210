// The little of zip that torch.save needs: the directory, with zip64, of a file whose entries are stored as
// they are.
#pragma once

#include <string>
#include <unordered_map>

#include "bytes.h"

namespace aacft {

// The bytes of every entry, by name; views onto `file`. Checksums are not verified. Throws Error when the
// directory is damaged, an entry is compressed or encrypted or leaves the file, or a name occurs twice.
std::unordered_map<std::string, Bytes> read_zip_directory(Bytes file);

}  // namespace aacft

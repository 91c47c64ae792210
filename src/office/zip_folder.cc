#include "aacft/office/zip_folder.h"

#include <zip.h>

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#include "aacft/base/error.h"

namespace aacft {
namespace {

constexpr std::uint64_t kMostOfOne = std::uint64_t{64} << 20, kMostOfAll = std::uint64_t{256} << 20;
constexpr std::uint64_t kAlways = std::uint64_t{4} << 20,
                        kRatio = 200;  // deflate packs 1032 : 1 at best, boards and sheets about 20 : 1

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
using Archive = std::unique_ptr<zip_t, Discard>;

std::string reason(zip_error_t& error) {
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

Archive open(std::string_view bytes, const std::string& name) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (source == nullptr) throw Error(name, ": ", reason(error));
  Archive archive(zip_open_from_source(source, ZIP_RDONLY, &error));
  if (archive == nullptr) {
    zip_source_free(source);
    throw Error(name, ": a damaged or incomplete zip: ", reason(error));
  }
  zip_error_fini(&error);
  return archive;
}

std::string unpack(zip_t* archive, zip_uint64_t index, std::uint64_t size, const std::string& where) {
  const std::unique_ptr<zip_file_t, decltype(&zip_fclose)> file(zip_fopen_index(archive, index, 0), &zip_fclose);
  if (file == nullptr) throw Error(where, ": cannot be unpacked: ", zip_strerror(archive));
  std::string content;
  for (;;) {
    constexpr std::size_t kPiece = 1 << 16;
    const std::size_t had = content.size();
    content.resize(had + kPiece);
    const zip_int64_t got = zip_fread(file.get(), content.data() + had, kPiece);
    if (got < 0) throw Error(where, ": cannot be unpacked: ", zip_file_strerror(file.get()));
    content.resize(had + static_cast<std::size_t>(got));
    if (content.size() > size) throw Error(where, ": unpacks to more than the archive says");
    if (got == 0) break;
  }
  if (content.size() != size) throw Error(where, ": unpacks to less than the archive says");
  content.shrink_to_fit();
  return content;
}

}  // namespace

std::string path_inside(std::string_view path) {
  if (path.starts_with('/') || path.starts_with('\\') || path.find('\0') != path.npos) return "";
  std::string clean;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find_first_of("/\\"), path.size());
    const std::string_view part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (part == "..") return "";
    if (part.empty() || part == ".") continue;
    clean.append(clean.empty() ? "" : "/").append(part);
  }
  return clean.find(':') == 1 ? "" : clean;  // C:
}

std::map<std::string, std::string> unzip(std::string_view bytes, const std::string& name) {
  const Archive archive = open(bytes, name);
  std::uint64_t left = std::min(kMostOfAll, kAlways + std::min<std::uint64_t>(bytes.size(), kMostOfAll) * kRatio);
  std::map<std::string, std::string> files;
  const auto count = static_cast<zip_uint64_t>(zip_get_num_entries(archive.get(), 0));
  for (zip_uint64_t i = 0; i < count; ++i) {
    zip_stat_t stat;
    if (zip_stat_index(archive.get(), i, 0, &stat) != 0)
      throw Error(name, ": entry ", i + 1, " is damaged: ", zip_strerror(archive.get()));
    if ((stat.valid & ZIP_STAT_NAME) == 0 || (stat.valid & ZIP_STAT_SIZE) == 0)
      throw Error(name, ": entry ", i + 1, " has no name or no size");
    const std::string_view entry = stat.name;
    if (entry.ends_with('/')) continue;  // a folder
    const std::string where = name + ": " + std::string(entry);
    const std::string path = path_inside(entry);
    if (path.empty()) throw Error(where, ": this path leaves the archive; refused");
    if (stat.size > kMostOfOne) throw Error(where, ": unpacks to more than ", kMostOfOne >> 20, " MB; refused");
    if (stat.size > left) throw Error(name, ": unpacks to far more than files of its size hold; refused");
    left -= stat.size;
    if (!files.emplace(path, unpack(archive.get(), i, stat.size, where)).second)
      throw Error(where, ": the archive holds this path twice");
  }
  return files;
}

std::string zip_of(const std::map<std::string, std::string>& files) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* out = zip_source_buffer_create(nullptr, 0, 0, &error);
  if (out == nullptr) throw std::bad_alloc();
  const std::unique_ptr<zip_source_t, decltype(&zip_source_free)> kept(out, &zip_source_free);
  zip_source_keep(out);  // the archive frees it once, too
  Archive archive(zip_open_from_source(out, ZIP_TRUNCATE, &error));
  if (archive == nullptr) throw Error("cannot make a zip: ", reason(error));
  for (const auto& [path, content] : files) {
    zip_source_t* source = zip_source_buffer(archive.get(), content.data(), content.size(), 0);
    const zip_int64_t index =
        source == nullptr ? -1 : zip_file_add(archive.get(), path.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      zip_source_free(source);
      throw Error("cannot add ", path, " to a zip: ", zip_strerror(archive.get()));
    }
    const auto entry = static_cast<zip_uint64_t>(index);
    zip_file_set_dostime(archive.get(), entry, 0, 1 << 5 | 1,
                         0);  // 1 January 1980, so that the bytes are the same tomorrow
    zip_file_set_external_attributes(archive.get(), entry, 0, ZIP_OPSYS_UNIX, 0100644u << 16);
  }
  if (zip_close(archive.get()) != 0) throw Error("cannot make a zip: ", zip_strerror(archive.get()));
  static_cast<void>(archive.release());  // closed
  if (zip_source_open(out) != 0) throw Error("cannot make a zip: ", zip_error_strerror(zip_source_error(out)));
  std::string bytes;
  zip_source_seek(out, 0, SEEK_END);
  bytes.resize(static_cast<std::size_t>(std::max<zip_int64_t>(0, zip_source_tell(out))));
  zip_source_seek(out, 0, SEEK_SET);
  const zip_int64_t got = zip_source_read(out, bytes.data(), bytes.size());
  zip_source_close(out);
  if (got != static_cast<zip_int64_t>(bytes.size())) throw Error("cannot make a zip: its end is missing");
  return bytes;
}

}  // namespace aacft

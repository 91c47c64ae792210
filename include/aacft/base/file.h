// Files that appear whole or not at all, and read-only memory maps. Every failure is an Error that names the path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace aacft {

namespace fs = std::filesystem;

// All bytes of a regular file. Nothing else is read or waited for: a folder from a stranger may hold pipes and devices.
std::string read_file(const fs::path& path);

// All bytes of what the user names as input: a file, or a pipe until it ends, as in `--data <(zcat rows.gz)`.
std::string read_input(const fs::path& path);

// The same for what is text, without a byte order mark.
std::string read_text(const fs::path& path);

// Error, which begins with `where`, for the small text that a clone without git-lfs leaves in the place of a file.
void refuse_git_lfs_pointer(std::string_view content, const std::string& where);

// A file mapped read-only for its whole life; empty files map to an empty span. Movable, not copyable.
class MemoryMap {
 public:
  explicit MemoryMap(const fs::path& path);
  MemoryMap(MemoryMap&& other) noexcept;
  MemoryMap& operator=(MemoryMap&&) = delete;
  ~MemoryMap();

  std::span<const std::byte> bytes() const { return {data_, size_}; }

  // Tells the kernel that these bytes are not needed for now, so that their pages leave the resident set; they are read
  // again from the file when touched. Only what lies in this map is released: the pages of other memory would be lost.
  void release(std::span<const std::byte> bytes) const;

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// Writes to a temporary name beside `path`; commit() syncs and renames, so `path` only ever holds a whole file.
// Without commit() the temporary is removed and whatever was at `path` stays. Temporaries that other processes left
// behind when they were killed are removed first. A symbolic link at `path` is replaced, not followed; Error where a
// pipe or device is.
class AtomicFile {
 public:
  explicit AtomicFile(fs::path path);
  AtomicFile(const AtomicFile&) = delete;
  ~AtomicFile();

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  void commit();

 private:
  fs::path path_, temporary_;
  int fd_ = -1;
  std::int64_t written_ = 0, started_ = 0;  // bytes; those whose way to the disk has begun
};

void write_file_atomic(const fs::path& path, std::string_view content);

// What the user names as output. A file, also behind symbolic links, is written as by AtomicFile; a pipe, terminal or
// device (/dev/stdout, /dev/null) is written to at once and never replaced. A file that this process has read is
// nobody's output: UsageError, when the object is made and at commit().
class OutputFile {
 public:
  explicit OutputFile(const fs::path& path);
  OutputFile(const OutputFile&) = delete;
  ~OutputFile();

  void write(std::string_view text);
  void commit();

 private:
  fs::path path_;
  std::optional<AtomicFile> file_;
  int fd_ = -1;  // where there is no file
};

void write_output(const fs::path& path, std::string_view content);

// The same for a folder: fill path(), then commit(), which renames it to its final name; that name must be free or
// hold an empty folder. Files inside are written with AtomicFile or synced by commit().
class AtomicFolder {
 public:
  explicit AtomicFolder(fs::path final_path);
  AtomicFolder(const AtomicFolder&) = delete;
  ~AtomicFolder();

  const fs::path& path() const { return temporary_; }
  void commit();

 private:
  fs::path final_, temporary_;
  bool committed_ = false;
};

// Removes temporaries that an AtomicFile or AtomicFolder of a killed process left directly inside `folder`.
void remove_stale_temporaries(const fs::path& folder);
bool is_temporary(const fs::path& path);  // by its name

// A file that grows at its end. A write that fails may be tried again: what is left over is kept for the next one.
class AppendFile {
 public:
  explicit AppendFile(fs::path path);
  AppendFile(const AppendFile&) = delete;
  ~AppendFile();

  void write(std::string_view text);
  void sync();  // to the disk

 private:
  fs::path path_;
  int fd_ = -1;
  std::string pending_;
};

// Keeps other processes on this machine out of a folder for as long as it lives, however it ends: the kernel gives the
// lock back. File systems without locks have none.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder);  // Error, with the other's process number, where it is taken
  FolderLock(const FolderLock&) = delete;
  ~FolderLock();

  bool holds(const fs::path& folder) const;  // false where it was moved or removed since

 private:
  int fd_;
};

// Creates a folder and its parents, durably; an existing folder is fine.
void make_folders(const fs::path& folder);

}  // namespace aacft

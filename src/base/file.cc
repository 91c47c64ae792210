#include "aacft/base/file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "aacft/base/error.h"
#include "aacft/base/system.h"
#include "aacft/base/text.h"
#include "aacft/base/utf8.h"

namespace aacft {
namespace {

constexpr std::string_view kTemporaryMark = ".aacft-tmp-";

std::string reason() { return std::strerror(errno); }

// A descriptor that closes itself.
struct Descriptor {
  int fd;
  explicit Descriptor(int descriptor) : fd(descriptor) {}
  Descriptor(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

// Every regular file that was opened to be read.
class FilesRead {
 public:
  void add(const struct stat& status) {
    const std::lock_guard lock(mutex_);
    files_.insert(identity(status));
  }
  void refuse_as_output(const fs::path& path) {
    struct stat status {};
    const std::lock_guard lock(mutex_);
    if (::stat(path.c_str(), &status) == 0 && files_.contains(identity(status)))
      throw UsageError("cannot write ", path, ": it is read here, and would be lost; choose another name");
  }

 private:
  std::mutex mutex_;
  // The time tells it from a later file that got the inode of one that was removed.
  using Identity = std::tuple<dev_t, ino_t, time_t, long>;
  static Identity identity(const struct stat& status) {
    return {status.st_dev, status.st_ino, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  }
  std::set<Identity> files_;
};

FilesRead& files_read() {
  static FilesRead instance;
  return instance;
}

int open_regular(const fs::path& path, struct stat& status) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // else a pipe is waited for
  if (fd < 0) throw Error("cannot open ", path, ": ", reason());
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(fd);
    throw Error("cannot read ", path, ": ", S_ISDIR(status.st_mode) ? "it is a folder" : "not a regular file");
  }
  files_read().add(status);
  return fd;
}

// All bytes from a descriptor that come; `size` is a hint, as a pipe has none.
std::string read_all(int fd, std::size_t size, const fs::path& path) {
  constexpr std::size_t kLarge = 64 << 20;
  if (size > kLarge && size > available_memory_bytes())
    throw Error("cannot read ", path, ": its ", human_bytes(size), " are more than the memory that is free");
  std::string content(size + 1, '\0');
  for (std::size_t done = 0;;) {
    if (done == content.size()) content.resize(2 * done + 4096);
    const ssize_t n = ::read(fd, content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error("cannot read ", path, ": ", reason());
    if (n == 0) {
      content.resize(done);
      return content;
    }
    done += static_cast<std::size_t>(n);
  }
}

// Makes a rename or a new name durable: the folder itself is synced.
void sync_folder(const fs::path& folder) {
  const Descriptor descriptor(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.fd < 0 || ::fsync(descriptor.fd) != 0) {
    // Some file systems cannot sync a folder; that is no reason to refuse them.
    if (descriptor.fd >= 0 && (errno == EINVAL || errno == ENOTSUP)) return;
    throw Error("cannot sync the folder ", folder, ": ", reason());
  }
}

void sync_file(const fs::path& path) {
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.fd < 0 || ::fsync(descriptor.fd) != 0) throw Error("cannot sync ", path, ": ", reason());
}

// Bytes written, at least 1 of them.
std::size_t write_some(int fd, std::span<const std::byte> bytes, const fs::path& path) {
  for (;;) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n > 0) return static_cast<std::size_t>(n);
    if (n == 0 || errno != EINTR) throw Error("cannot write ", path, ": ", n < 0 ? reason() : "nothing was written");
  }
}

fs::path without_trailing_slash(const fs::path& path) { return path.has_filename() ? path : path.parent_path(); }

void remove_stale_temporaries_of(const fs::path& folder, const std::string& name);

// The temporary name for `path`, free of what killed processes left.
fs::path temporary_beside(const fs::path& path) {
  const std::string name = path.filename().string() + std::string(kTemporaryMark);
  remove_stale_temporaries_of(path.parent_path(), name);
  return path.parent_path() / (name + std::to_string(::getpid()));
}

// Whether a name ends in the number of another process that is alive.
bool is_in_use(const std::string& name) {
  const pid_t pid = std::atoi(name.c_str() + name.find(kTemporaryMark) + kTemporaryMark.size());
  return pid > 0 && pid != ::getpid() && (::kill(pid, 0) == 0 || errno == EPERM);
}

void remove_stale_temporaries_of(const fs::path& folder, const std::string& start) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(start) && is_temporary(name) && !is_in_use(name)) fs::remove_all(entry.path(), ignored);
  }
}

// The process that has locked an open file, by /proc/locks; 0: unknown.
pid_t holder_of(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return 0;
  std::ifstream locks("/proc/locks");
  const std::string inode = ":" + std::to_string(status.st_ino);
  for (std::string line; std::getline(locks, line);) {
    std::istringstream fields(line);
    std::string number, kind, mode, access, file;
    pid_t pid = 0;
    if (fields >> number >> kind >> mode >> access >> pid >> file && kind == "FLOCK" && file.ends_with(inode))
      return pid;
  }
  return 0;
}

}  // namespace

std::string read_file(const fs::path& path) {
  struct stat status {};
  const Descriptor descriptor(open_regular(path, status));
  return read_all(descriptor.fd, static_cast<std::size_t>(status.st_size), path);
}

std::string read_input(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISFIFO(status.st_mode)) return read_file(path);
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.fd < 0) throw Error("cannot open ", path, ": ", reason());
  return read_all(descriptor.fd, 0, path);
}

std::string read_text(const fs::path& path) { return without_byte_order_mark(read_input(path)); }

void refuse_git_lfs_pointer(std::string_view content, const std::string& where) {
  if (content.starts_with("version https://git-lfs"))
    throw Error(where, ": this is a Git LFS pointer instead of the file; run \"git lfs pull\" in its folder");
}

MemoryMap::MemoryMap(const fs::path& path) {
  struct stat status {};
  const Descriptor descriptor(open_regular(path, status));
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ == 0) return;
  void* mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor.fd, 0);
  if (mapped == MAP_FAILED) throw Error("cannot map ", path, ": ", reason());
  data_ = static_cast<const std::byte*>(mapped);
}

MemoryMap::MemoryMap(MemoryMap&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MemoryMap::~MemoryMap() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

void MemoryMap::release(std::span<const std::byte> bytes) const {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto map = reinterpret_cast<std::uintptr_t>(data_), first = reinterpret_cast<std::uintptr_t>(bytes.data());
  const auto begin = (std::max(map, first) + page - 1) / page * page;
  const auto end = std::min(map + size_, first + bytes.size()) / page * page;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)), temporary_(temporary_beside(path_)) {
  struct stat status {};
  if (::lstat(path_.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode))
    throw Error("cannot write ", path_, ": ", S_ISDIR(status.st_mode) ? "it is a folder" : "not a regular file");
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) throw Error("cannot write ", path_, ": ", reason());
}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::size_t n = write_some(fd_, bytes, path_);
    bytes = bytes.subspan(n);
    // The disk works while we compute, instead of all at once when commit() waits for it.
    if (constexpr off_t kBatch = 8 << 20; (written_ += static_cast<std::int64_t>(n)) - started_ >= kBatch) {
      ::sync_file_range(fd_, started_, written_ - started_, SYNC_FILE_RANGE_WRITE);
      started_ = written_;
    }
  }
}

void AtomicFile::commit() {
  if (::fsync(fd_) != 0) throw Error("cannot write ", path_, ": ", reason());
  if (::close(std::exchange(fd_, -1)) != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const std::string why = reason();
    ::unlink(temporary_.c_str());
    throw Error("cannot write ", path_, ": ", why);
  }
  sync_folder(path_.parent_path());
}

void write_file_atomic(const fs::path& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

OutputFile::OutputFile(const fs::path& path) : path_(path) {
  struct stat status {};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  const bool of_the_system = path.string().starts_with("/dev/") || path.string().starts_with("/proc/");
  if (!of_the_system && (!exists || S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))) {
    fs::path target = path;
    for (int links = 0; links < 40 && fs::is_symlink(target); ++links)
      target = target.parent_path() / fs::read_symlink(target);
    files_read().refuse_as_output(target);
    file_.emplace(target);
    return;
  }
  fd_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd_ < 0) throw Error("cannot write ", path, ": ", reason());
}

OutputFile::~OutputFile() {
  if (fd_ >= 0) ::close(fd_);
}

void OutputFile::write(std::string_view text) {
  if (file_) return file_->write(text);
  for (auto bytes = std::as_bytes(std::span(text)); !bytes.empty();)
    bytes = bytes.subspan(write_some(fd_, bytes, path_));
}

void OutputFile::commit() {
  if (file_) return files_read().refuse_as_output(path_), file_->commit();
  if (::close(std::exchange(fd_, -1)) != 0) throw Error("cannot write ", path_, ": ", reason());
}

void write_output(const fs::path& path, std::string_view content) {
  OutputFile file(path);
  file.write(content);
  file.commit();
}

AtomicFolder::AtomicFolder(fs::path final_path)
    : final_(without_trailing_slash(final_path)), temporary_(temporary_beside(final_)) {
  std::error_code error;
  fs::remove_all(temporary_, error);
  make_folders(temporary_);
}

AtomicFolder::~AtomicFolder() {
  if (committed_) return;
  std::error_code ignored;
  fs::remove_all(temporary_, ignored);
}

void AtomicFolder::commit() {
  for (const auto& entry : fs::recursive_directory_iterator(temporary_))
    if (entry.is_directory()) sync_folder(entry.path());
    else if (entry.is_regular_file()) sync_file(entry.path());
  sync_folder(temporary_);
  if (::rename(temporary_.c_str(), final_.c_str()) != 0) {
    const bool taken = errno == ENOTEMPTY || errno == EEXIST;
    throw Error("cannot create the folder ", final_, ": ", taken ? "something else was put there meanwhile" : reason());
  }
  committed_ = true;
  sync_folder(final_.parent_path());
}

bool is_temporary(const fs::path& path) { return path.filename().string().find(kTemporaryMark) != std::string::npos; }

void remove_stale_temporaries(const fs::path& folder) { remove_stale_temporaries_of(folder, ""); }

AppendFile::AppendFile(fs::path path) : path_(std::move(path)) {
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) throw Error("cannot write ", path_, ": ", reason());
}

AppendFile::~AppendFile() { ::close(fd_); }

void AppendFile::write(std::string_view text) {
  pending_ += text;
  while (!pending_.empty()) {
    pending_.erase(0, write_some(fd_, std::as_bytes(std::span(pending_)), path_));
  }
}

void AppendFile::sync() {
  write({});
  if (::fsync(fd_) != 0) throw Error("cannot write ", path_, ": ", reason());
}

FolderLock::FolderLock(const fs::path& folder) : fd_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (fd_ < 0) throw Error("cannot open the folder ", folder, ": ", reason());
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  const pid_t holder = holder_of(fd_);
  ::close(fd_);
  throw Error(folder, " is being written by another aacft",
              holder > 0 ? " (process " + std::to_string(holder) + ")" : "",
              "; wait for it, or choose another --output");
}

FolderLock::~FolderLock() { ::close(fd_); }

bool FolderLock::holds(const fs::path& folder) const {
  struct stat ours {
  }, there{};
  return ::fstat(fd_, &ours) == 0 && ::stat(folder.c_str(), &there) == 0 && ours.st_dev == there.st_dev &&
         ours.st_ino == there.st_ino;
}

void make_folders(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> made;
  for (fs::path path = without_trailing_slash(folder); !path.empty() && !fs::exists(path, error);
       path = path.parent_path())
    made.push_back(path);
  fs::create_directories(folder, error);
  if (error) throw Error("cannot create the folder ", folder, ": ", error.message());
  for (const fs::path& path : made) sync_folder(path.parent_path());
}

}  // namespace aacft

// For LD_PRELOAD: counts what a program does to the files below a folder (by the calls that aacft uses), and spoils one
// of these operations. By the environment:
//
//   FAULTS_ROOT    the folder
//   FAULTS_AT      the operation, from 1 on; 0 with "power": the power fails when the process has ended, and all is
//   lost that may be FAULTS_ACTION  what happens to it:
//     kill         the process dies before it
//     other:PID    another process dies before it, and it proceeds
//     torn         the process dies in the middle of it, if it is a write; else before it
//     power        the power fails before it: what was written and not synced is lost, and so are the last few of the
//     names
//                  made, changed or removed in folders that were not synced since (leveldb tests itself in this way)
//     fail:ERRNO   it fails, as do all later ones: ENOSPC, EIO, EROFS
//     once:ERRNO   it alone fails
//     short        it writes half of what it should, if it is a write
//   FAULTS_SEED    how many names a power failure loses
//   FAULTS_LOG     a file that gets a line for each operation: its number, kind and path
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace {

template <typename F>
F* real(const char* name) {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}
int real_open(const char* path, int flags, mode_t mode = 0) {
  return real<int(const char*, int, ...)>("open")(path, flags, mode);
}
ssize_t real_write(int fd, const void* data, size_t size) {
  return real<ssize_t(int, const void*, size_t)>("write")(fd, data, size);
}
int real_unlink(const char* path) { return real<int(const char*)>("unlink")(path); }
int real_rename(const char* from, const char* to) { return real<int(const char*, const char*)>("rename")(from, to); }
int real_mkdir(const char* path) { return real<int(const char*, mode_t)>("mkdir")(path, 0755); }
int real_rmdir(const char* path) { return real<int(const char*)>("rmdir")(path); }

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string parent(const std::string& path) { return path.substr(0, path.rfind('/')); }

void remove_all(const std::string& path) {
  if (DIR* entries = ::opendir(path.c_str())) {
    while (const dirent* entry = ::readdir(entries))
      if (const std::string name = entry->d_name; name != "." && name != "..") remove_all(path + "/" + name);
    ::closedir(entries);
  }
  if (real_unlink(path.c_str()) != 0) real_rmdir(path.c_str());
}

// A change of a folder that is not on the disk yet.
struct Name {
  enum { kMade, kRemoved, kRemovedFolder, kRenamed } change;
  std::string path, from, kept;  // kept: another name of the file that was at `path`

  void undo() const {
    if (change == kMade) remove_all(path);
    if (change == kRemovedFolder) real_mkdir(path.c_str());
    if (change == kRenamed) real_rename(path.c_str(), from.c_str());
    if (!kept.empty()) real_rename(kept.c_str(), path.c_str());
  }
  // Where a folder above it goes.
  void follow(const std::string& from_folder, const std::string& to_folder) {
    for (std::string* name : {&path, &from})
      if (name->rfind(from_folder + "/", 0) == 0) *name = to_folder + name->substr(from_folder.size());
  }
};

class Faults {
 public:
  std::mutex mutex;

  Faults()
      : root_(variable("FAULTS_ROOT")),
        action_(variable("FAULTS_ACTION")),
        at_(std::atol(variable("FAULTS_AT").c_str())),
        seed_(static_cast<unsigned>(std::atol(variable("FAULTS_SEED").c_str()))) {
    if (const std::string log = variable("FAULTS_LOG"); !log.empty())
      log_ = real_open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  }

  ~Faults() {
    if (action_ == "power" && at_ == 0) lose_power(names_.size());
  }

  // The absolute path if it lies below the root, else "".
  std::string ours(const char* path, int folder = AT_FDCWD) const {
    if (root_.empty()) return "";
    std::string whole = path;
    if (whole.empty() || whole[0] != '/') whole = of_descriptor(folder) + "/" + whole;
    return whole.compare(0, root_.size() + 1, root_ + "/") == 0 || whole == root_ ? whole : "";
  }
  std::string ours(int fd) const { return ours(of_descriptor(fd).c_str()); }

  // What is to happen to an operation on `path`, which counts.
  enum class Fate { kProceed, kFail, kHalf, kDieHalfway };
  Fate next(const char* kind, const std::string& path) {
    ++count_;
    if (log_ >= 0) {
      const std::string line = std::to_string(count_) + " " + kind + " " + path + "\n";
      (void)!real_write(log_, line.data(), line.size());
    }
    const bool is_write = std::strcmp(kind, "write") == 0;
    if (action_.rfind("fail:", 0) == 0 && at_ > 0 && count_ >= at_) return fail();
    if (count_ != at_) return Fate::kProceed;
    if (action_.rfind("once:", 0) == 0) return fail();
    if (action_.rfind("other:", 0) == 0) {
      ::kill(std::atoi(action_.c_str() + 6), SIGKILL);
      return Fate::kProceed;
    }
    if (action_ == "short") return is_write ? Fate::kHalf : Fate::kProceed;
    if (action_ == "torn" && is_write) return Fate::kDieHalfway;
    if (action_ == "power") lose_power((seed_ * 2654435761u >> 8) % (names_.size() + 1));
    die();
  }

  [[noreturn]] static void die() {
    ::kill(::getpid(), SIGKILL);
    for (;;) ::pause();
  }

  // ---- what a power failure would lose ----

  void opened(int fd, bool emptied) {
    struct stat status {};
    if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return;
    if (emptied) {
      synced_[status.st_ino] = 0;
    } else {
      synced_.emplace(status.st_ino, status.st_size);
    }
  }
  void synced(int fd, const std::string& path) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) return;
    if (S_ISREG(status.st_mode)) {
      synced_[status.st_ino] = status.st_size;
      return;
    }
    std::vector<Name> left;
    for (Name& name : names_) {
      if (parent(name.path) != path) {
        left.push_back(std::move(name));
      } else if (name.change ==
                 Name::kRemovedFolder) {  // what was in it is gone with it; a later folder of its name is another
        std::erase_if(left, [&](const Name& inside) { return inside.path.rfind(name.path + "/", 0) == 0; });
      }
    }
    names_ = std::move(left);
  }
  void created(const std::string& path) { names_.push_back({Name::kMade, path, "", ""}); }
  void removed_folder(const std::string& path) { names_.push_back({Name::kRemovedFolder, path, "", ""}); }
  // To be called before the operation. A second name keeps the file.
  std::string keep(const std::string& path) {
    const std::string kept = root_ + ".kept-" + std::to_string(::getpid()) + "-" + std::to_string(++kept_);
    return ::link(path.c_str(), kept.c_str()) == 0 ? kept : "";
  }
  void removed(const std::string& path, const std::string& kept) { names_.push_back({Name::kRemoved, path, "", kept}); }
  void renamed(const std::string& from, const std::string& to, const std::string& kept) {
    for (Name& name : names_) name.follow(from, to);
    names_.push_back({Name::kRenamed, to, from, kept});
  }

 private:
  static std::string of_descriptor(int fd) {
    char path[PATH_MAX];
    if (fd == AT_FDCWD) return ::getcwd(path, sizeof path) == nullptr ? "" : path;
    const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
    return size < 0 ? "" : std::string(path, static_cast<size_t>(size));
  }

  Fate fail() {
    const std::string error = action_.substr(5);
    errno = error == "ENOSPC" ? ENOSPC : error == "EROFS" ? EROFS : EIO;
    return Fate::kFail;
  }

  void lose_power(size_t lost) {
    for (size_t i = 0; i < lost; ++i) {
      const Name last = names_.back();
      names_.pop_back();
      last.undo();
      if (last.change == Name::kRenamed)
        for (Name& name : names_) name.follow(last.path, last.from);
    }
    lose_unsynced(root_);
  }

  void lose_unsynced(const std::string& folder) {
    DIR* entries = ::opendir(folder.c_str());
    if (entries == nullptr) return;
    while (const dirent* entry = ::readdir(entries)) {
      const std::string name = entry->d_name, path = folder + "/" + name;
      struct stat status {};
      if (name == "." || name == ".." || ::lstat(path.c_str(), &status) != 0) continue;
      if (S_ISDIR(status.st_mode)) lose_unsynced(path);
      const auto found = synced_.find(status.st_ino);
      if (S_ISREG(status.st_mode) && found != synced_.end() && found->second < status.st_size)
        (void)!::truncate(path.c_str(), found->second);
    }
    ::closedir(entries);
  }

  std::string root_, action_;
  long at_, count_ = 0, kept_ = 0;
  unsigned seed_;
  int log_ = -1;
  std::map<ino_t, off_t> synced_;  // of files that were opened to be written: their size on the disk
  std::vector<Name> names_;
};

Faults& faults() {
  static Faults instance;
  return instance;
}

using Fate = Faults::Fate;

int open_counted(int folder, const char* path, int flags, mode_t mode) {
  const auto call = real<int(int, const char*, int, ...)>("openat");
  const std::lock_guard lock(faults().mutex);
  const std::string whole = (flags & O_ACCMODE) == O_RDONLY ? "" : faults().ours(path, folder);
  if (whole.empty()) return call(folder, path, flags, mode);
  const bool is_new = ::access(whole.c_str(), F_OK) != 0;
  if (faults().next("open", whole) == Fate::kFail) return -1;
  const int fd = call(folder, path, flags, mode);
  if (fd >= 0) {
    faults().opened(fd, is_new || (flags & O_TRUNC) != 0);
    if (is_new) faults().created(whole);
  }
  return fd;
}

int unlink_counted(int folder, const char* path, int flags) {
  const auto call = real<int(int, const char*, int)>("unlinkat");
  const std::lock_guard lock(faults().mutex);
  const std::string whole = faults().ours(path, folder);
  if (whole.empty() || ::access(whole.c_str(), F_OK) != 0) return call(folder, path, flags);
  if (faults().next("unlink", whole) == Fate::kFail) return -1;
  const bool is_folder = (flags & AT_REMOVEDIR) != 0;
  const std::string kept = is_folder ? "" : faults().keep(whole);
  const int result = call(folder, path, flags);
  if (result == 0) is_folder ? faults().removed_folder(whole) : faults().removed(whole, kept);
  return result;
}

int rename_counted(int from_folder, const char* from, int to_folder, const char* to) {
  const auto call = real<int(int, const char*, int, const char*)>("renameat");
  const std::lock_guard lock(faults().mutex);
  const std::string old_path = faults().ours(from, from_folder), new_path = faults().ours(to, to_folder);
  if (new_path.empty()) return call(from_folder, from, to_folder, to);
  if (faults().next("rename", new_path) == Fate::kFail) return -1;
  const std::string kept = faults().keep(new_path);
  const int result = call(from_folder, from, to_folder, to);
  if (result == 0) faults().renamed(old_path, new_path, kept);
  return result;
}

int sync_counted(int fd, const char* name) {
  const auto call = real<int(int)>(name);
  const std::lock_guard lock(faults().mutex);
  const std::string path = faults().ours(fd);
  if (path.empty()) return call(fd);
  if (faults().next("fsync", path) == Fate::kFail) return -1;
  const int result = call(fd);
  if (result == 0) faults().synced(fd, path);
  return result;
}

mode_t mode_of(int flags, va_list more) { return (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0; }

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = mode_of(flags, more);
  va_end(more);
  return open_counted(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) __attribute__((alias("open")));
int openat(int folder, const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = mode_of(flags, more);
  va_end(more);
  return open_counted(folder, path, flags, mode);
}

ssize_t write(int fd, const void* data, size_t size) {
  const std::lock_guard lock(faults().mutex);
  const std::string path = faults().ours(fd);
  if (path.empty()) return real_write(fd, data, size);
  switch (faults().next("write", path)) {
    case Fate::kFail: return -1;
    case Fate::kHalf: return real_write(fd, data, (size + 1) / 2);
    case Fate::kDieHalfway: (void)!real_write(fd, data, size / 2); Faults::die();
    default: return real_write(fd, data, size);
  }
}

int fsync(int fd) { return sync_counted(fd, "fsync"); }
int fdatasync(int fd) { return sync_counted(fd, "fdatasync"); }

int rename(const char* from, const char* to) { return rename_counted(AT_FDCWD, from, AT_FDCWD, to); }
int renameat(int from_folder, const char* from, int to_folder, const char* to) {
  return rename_counted(from_folder, from, to_folder, to);
}

int unlink(const char* path) { return unlink_counted(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char* path, int flags) { return unlink_counted(folder, path, flags); }
int rmdir(const char* path) { return unlink_counted(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char* path) {
  struct stat status {};
  const bool is_folder = ::lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
  return unlink_counted(AT_FDCWD, path, is_folder ? AT_REMOVEDIR : 0);
}

int mkdir(const char* path, mode_t mode) {
  const auto call = real<int(const char*, mode_t)>("mkdir");
  const std::lock_guard lock(faults().mutex);
  const std::string whole = faults().ours(path);
  if (whole.empty() || ::access(whole.c_str(), F_OK) == 0) return call(path, mode);
  if (faults().next("mkdir", whole) == Fate::kFail) return -1;
  const int result = call(path, mode);
  if (result == 0) faults().created(whole);
  return result;
}

}  // extern "C"

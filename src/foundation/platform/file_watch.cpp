// SPDX-License-Identifier: MIT
#include "foundation/platform/file_watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace pryx::platform {
namespace {

constexpr std::uint32_t kMask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |
                                IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

// A link appears complete, without anybody writing and closing it; a created file is reported once its writer
// closes it.
bool appeared_complete(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0 &&
         (S_ISLNK(info.st_mode) || (S_ISREG(info.st_mode) && info.st_nlink > 1));
}

}  // namespace

Result<FileWatch> FileWatch::open() {
  FileWatch watch;
  watch.fd_.reset(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!watch.fd_) return std::unexpected(system_error("watch files", errno));
  return watch;
}

Result<void> FileWatch::watch(const std::string& directory, const std::set<std::string>& names) {
  const int descriptor = ::inotify_add_watch(fd_.get(), directory.c_str(), kMask);
  if (descriptor < 0)
    return std::unexpected(system_error(fmt::format("watch directory {}", directory), errno));
  const auto found = watched_.find(descriptor);
  if (found == watched_.end()) {
    watched_.emplace(descriptor, Watched{directory, names});
  } else if (names.empty() || found->second.names.empty()) {
    found->second.names.clear();
  } else {
    found->second.names.insert(names.begin(), names.end());
  }
  return {};
}

void FileWatch::note(std::set<FileChange>& changes, int descriptor, std::uint32_t mask, const char* name,
                     std::uint32_t name_size) {
  if ((mask & IN_Q_OVERFLOW) != 0) {
    for (const auto& [number, watched] : watched_) changes.insert({watched.directory, ""});
    return;
  }
  const auto found = watched_.find(descriptor);
  if (found == watched_.end()) return;
  const Watched& watched = found->second;
  if ((mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) != 0) {
    changes.insert({watched.directory, ""});
    if ((mask & IN_IGNORED) != 0) watched_.erase(found);  // the kernel dropped it; the number may be reused
    return;
  }
  const std::string file(name, name_size == 0 ? 0 : ::strnlen(name, name_size));
  if (!watched.names.empty() && !watched.names.contains(file)) return;
  if ((mask & IN_CREATE) != 0 && !appeared_complete(watched.directory + "/" + file)) return;
  changes.insert({watched.directory, file});
}

Result<std::vector<FileChange>> FileWatch::drain() {
  std::set<FileChange> changes;
  alignas(inotify_event) char buffer[16384];
  for (;;) {
    const ssize_t got = ::read(fd_.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got < 0) return std::unexpected(system_error("read changed files", errno));
    for (ssize_t at = 0; at < got;) {
      inotify_event event{};
      std::memcpy(&event, buffer + at, sizeof event);
      note(changes, event.wd, event.mask, buffer + at + sizeof event, event.len);
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
  return std::vector<FileChange>(changes.begin(), changes.end());
}

}  // namespace pryx::platform

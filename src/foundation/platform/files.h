// SPDX-License-Identifier: MIT
// Files of Pryx's own places, by path: descriptors, whole-file reads, replacement that survives a crash,
// private directories, lock files. Paths that a model or a stranger chose go through HeldDirectory instead.
// Blocking; any thread.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "foundation/base/result.h"

namespace pryx::platform {

// Owns one descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~UniqueFd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

// The Error for a failed system call: its code follows from errno, its text is "<what>: <reason>".
[[nodiscard]] Error system_error(std::string_view what, int error_number);
[[nodiscard]] std::string describe_errno(int error_number);

// Reads from the descriptor's position to the end; kTooLarge beyond max_bytes.
[[nodiscard]] Result<std::string> read_all(int fd, std::size_t max_bytes, std::string_view what);
[[nodiscard]] Result<void> write_all(int fd, std::string_view bytes, std::string_view what);

[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t max_bytes);
// Old or new content, never a mix, also after a power cut: temporary file in the same directory, fsync,
// rename, fsync of the directory.
[[nodiscard]] Result<void> atomic_write_file(const std::string& path, std::string_view bytes, mode_t mode);
// For a file that was written piece by piece under another name in the same directory: fsync, rename, fsync
// of the directory.
[[nodiscard]] Result<void> sync_and_rename(const std::string& from, const std::string& to);
// Deletes the file and makes that durable; an absent file is fine.
[[nodiscard]] Result<void> remove_file(const std::string& path);
// The same for a file that held a secret: its bytes are overwritten first. What copies the disk keeps nobody
// can say.
[[nodiscard]] Result<void> overwrite_and_remove(const std::string& path);
[[nodiscard]] bool exists(const std::string& path);

// Makes the directory and missing parents (0700), and tightens an existing one to 0700. kForbidden when
// somebody else owns it.
[[nodiscard]] Result<void> ensure_private_directory(const std::string& path);

struct FileFacts {
  std::uint32_t mode = 0;  // permission bits
  uid_t uid = 0;
  gid_t gid = 0;
  bool is_regular = false;
};
[[nodiscard]] Result<FileFacts> file_facts(
    const std::string& path);  // never follows a symbolic link at the end

// An advisory lock that the kernel gives back when the process ends, however it ends. The file holds the
// owner's pid as text.
class FileLock {
 public:
  // kConflict names the pid that holds it.
  [[nodiscard]] static Result<FileLock> acquire(const std::string& path);

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace pryx::platform

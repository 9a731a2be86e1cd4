// SPDX-License-Identifier: MIT
#include "foundation/platform/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "foundation/platform/internal/temporary_name.h"

namespace pryx::platform {

void UniqueFd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

std::string describe_errno(int error_number) {
  char buffer[128];
  return strerror_r(error_number, buffer, sizeof buffer);
}

Error system_error(std::string_view what, int error_number) {
  ErrorCode code = ErrorCode::kStorage;
  switch (error_number) {
    case ENOENT:
    case ESRCH:
      code = ErrorCode::kNotFound;
      break;
    case EACCES:
    case EPERM:
      code = ErrorCode::kForbidden;
      break;
    case EEXIST:
    case ENOTEMPTY:
      code = ErrorCode::kConflict;
      break;
    case ENOTDIR:
    case EISDIR:
    case EINVAL:
    case ELOOP:
    case ENAMETOOLONG:
      code = ErrorCode::kInvalidArgument;
      break;
    case EFBIG:
      code = ErrorCode::kTooLarge;
      break;
    case EMFILE:
    case ENFILE:
    case EAGAIN:
      code = ErrorCode::kOverloaded;
      break;
    case ENOSYS:
    case EOPNOTSUPP:
      code = ErrorCode::kUnsupported;
      break;
    default:
      break;
  }
  return Error{code, fmt::format("{}: {}", what, describe_errno(error_number)), -1};
}

namespace {

std::unexpected<Error> fail_errno(std::string_view what, int error_number) {
  return std::unexpected(system_error(what, error_number));
}

// The directory of a path, for the temporary file and for making a rename durable.
std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> sync_directory(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0)
    return fail_errno(fmt::format("make changes in {} durable", path), errno);
  return {};
}

Result<void> make_parents(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string parent = path.substr(0, slash);
    if (::mkdir(parent.c_str(), 0700) != 0 && errno != EEXIST && !exists(parent)) {
      return fail_errno(fmt::format("make directory {}", parent), errno);
    }
  }
  return {};
}

}  // namespace

Result<std::string> read_all(int fd, std::size_t max_bytes, std::string_view what) {
  std::string bytes;
  struct stat info{};
  if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
    if (static_cast<std::uint64_t>(info.st_size) > max_bytes) {
      return fail(ErrorCode::kTooLarge, "{} has {} bytes; the limit is {}", what, info.st_size, max_bytes);
    }
    bytes.reserve(static_cast<std::size_t>(info.st_size) + 1);
  }
  char buffer[16384];
  for (;;) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(fmt::format("read {}", what), errno);
    if (got == 0) return bytes;
    if (bytes.size() + static_cast<std::size_t>(got) > max_bytes) {
      return fail(ErrorCode::kTooLarge, "{} is larger than the limit of {} bytes", what, max_bytes);
    }
    bytes.append(buffer, static_cast<std::size_t>(got));
  }
}

Result<void> write_all(int fd, std::string_view bytes, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail_errno(fmt::format("write {}", what), errno);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return fail_errno(fmt::format("open {}", path), errno);
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return fail_errno(fmt::format("look at {}", path), errno);
  if (!S_ISREG(info.st_mode)) return fail(ErrorCode::kInvalidArgument, "{} is no regular file", path);
  return read_all(fd.get(), max_bytes, path);
}

Result<void> atomic_write_file(const std::string& path, std::string_view bytes, mode_t mode) {
  const std::string directory = directory_of(path);
  const std::string temporary = directory + "/" + internal::temporary_name();
  const UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) return fail_errno(fmt::format("write {}", path), errno);
  auto written = write_all(fd.get(), bytes, path);
  // The umask may have taken bits away from open(); a private file may never have more than asked for either
  // way.
  if (written && ::fchmod(fd.get(), mode) != 0)
    written = fail_errno(fmt::format("set the mode of {}", path), errno);
  if (written && ::fsync(fd.get()) != 0)
    written = fail_errno(fmt::format("write {} to the disk", path), errno);
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0)
    written = fail_errno(fmt::format("replace {}", path), errno);
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  return sync_directory(directory);
}

Result<void> sync_and_rename(const std::string& from, const std::string& to) {
  const UniqueFd fd(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd || ::fsync(fd.get()) != 0) return fail_errno(fmt::format("write {} to the disk", from), errno);
  if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno(fmt::format("replace {}", to), errno);
  return sync_directory(directory_of(to));
}

Result<void> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0) return sync_directory(directory_of(path));
  if (errno == ENOENT) return {};
  return fail_errno(fmt::format("delete {}", path), errno);
}

Result<void> overwrite_and_remove(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd && errno == ENOENT) return {};
  if (!fd) return fail_errno(fmt::format("overwrite {}", path), errno);
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return fail_errno(fmt::format("overwrite {}", path), errno);
  PRYX_TRY_VOID(write_all(fd.get(), std::string(static_cast<std::size_t>(info.st_size), '\0'), path));
  if (::fsync(fd.get()) != 0) return fail_errno(fmt::format("write {} to the disk", path), errno);
  return remove_file(path);
}

bool exists(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0;
}

Result<void> ensure_private_directory(const std::string& path) {
  if (path.empty() || path.front() != '/') {
    return fail(ErrorCode::kInvalidArgument, "'{}' is no absolute directory path", path);
  }
  PRYX_TRY_VOID(make_parents(path));
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return fail_errno(fmt::format("make directory {}", path), errno);
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno(fmt::format("open directory {}", path), errno);
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return fail_errno(fmt::format("look at {}", path), errno);
  if (info.st_uid != ::geteuid()) {
    return fail(ErrorCode::kForbidden,
                "directory {} belongs to user {}, not to user {}; give it back or choose another place", path,
                info.st_uid, ::geteuid());
  }
  if ((info.st_mode & 07777) != 0700 && ::fchmod(fd.get(), 0700) != 0) {
    return fail_errno(fmt::format("make directory {} private", path), errno);
  }
  return {};
}

Result<FileFacts> file_facts(const std::string& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return fail_errno(fmt::format("look at {}", path), errno);
  return FileFacts{info.st_mode & 07777, info.st_uid, info.st_gid, S_ISREG(info.st_mode)};
}

Result<FileLock> FileLock::acquire(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return fail_errno(fmt::format("open lock file {}", path), errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail_errno(fmt::format("lock {}", path), errno);
    const std::string holder = read_all(fd.get(), 64, path).value_or("");
    long pid = 0;
    std::from_chars(holder.data(), holder.data() + holder.size(), pid);
    return fail(ErrorCode::kConflict, "{} is locked by process {}", path, pid);
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd.get(), 0) != 0 || ::pwrite(fd.get(), pid.data(), pid.size(), 0) < 0) {
    return fail_errno(fmt::format("write lock file {}", path), errno);
  }
  return FileLock(std::move(fd));
}

}  // namespace pryx::platform

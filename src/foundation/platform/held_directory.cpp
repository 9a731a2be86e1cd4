// SPDX-License-Identifier: MIT
#include "foundation/platform/held_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>  // renameat2
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "foundation/base/text.h"
#include "foundation/platform/internal/temporary_name.h"

namespace pryx::platform {
namespace {

// openat2 gives EAGAIN when a rename elsewhere made a ".." uncertain. A hostile renamer may cause it each
// time, so tries are bounded.
constexpr int kResolveTries = 64;
constexpr std::size_t kMaxPath = 4096;

FileType type_from_mode(mode_t mode) {
  if (S_ISREG(mode)) return FileType::kRegular;
  if (S_ISDIR(mode)) return FileType::kDirectory;
  if (S_ISLNK(mode)) return FileType::kSymlink;
  if (S_ISFIFO(mode)) return FileType::kFifo;
  if (S_ISSOCK(mode)) return FileType::kSocket;
  if (S_ISBLK(mode) || S_ISCHR(mode)) return FileType::kDevice;
  return FileType::kUnknown;
}

FileType type_from_entry(const dirent& entry, int directory) {
  switch (entry.d_type) {
    case DT_REG:
      return FileType::kRegular;
    case DT_DIR:
      return FileType::kDirectory;
    case DT_LNK:
      return FileType::kSymlink;
    case DT_FIFO:
      return FileType::kFifo;
    case DT_SOCK:
      return FileType::kSocket;
    case DT_BLK:
    case DT_CHR:
      return FileType::kDevice;
    default:
      break;
  }
  struct stat info{};  // some file systems do not tell
  if (::fstatat(directory, entry.d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) return FileType::kUnknown;
  return type_from_mode(info.st_mode);
}

FileInfo info_from_stat(const struct stat& info) {
  FileInfo out;
  out.type = type_from_mode(info.st_mode);
  out.size = static_cast<std::uint64_t>(info.st_size);
  out.modified_at = WallTime{info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1'000'000};
  out.mode = info.st_mode & 07777;
  out.uid = info.st_uid;
  out.gid = info.st_gid;
  out.link_count = info.st_nlink;
  out.device = info.st_dev;
  out.inode = info.st_ino;
  return out;
}

std::string shown(std::string_view relative) {
  return relative.empty() ? "." : to_valid_utf8(relative.substr(0, 256));
}

// Best effort: only a member of the group may give it on.
void keep_group(int fd, const struct stat& old) {
  struct stat fresh{};
  if (::fstat(fd, &fresh) != 0 || fresh.st_gid == old.st_gid) return;
  if (::fchown(fd, static_cast<uid_t>(-1), old.st_gid) != 0) errno = 0;
}

// Some file systems know no flags; there a hard link is what never replaces.
int rename_entry(int from_parent, const std::string& from, int to_parent, const std::string& to,
                 unsigned flags) {
  if (flags == 0) return ::renameat(from_parent, from.c_str(), to_parent, to.c_str());
  if (::renameat2(from_parent, from.c_str(), to_parent, to.c_str(), flags) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
  if (::linkat(from_parent, from.c_str(), to_parent, to.c_str(), 0) != 0) return -1;
  return ::unlinkat(from_parent, from.c_str(), 0);
}

bool may_change(int flags) { return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0; }

}  // namespace

std::string_view file_type_name(FileType type) {
  switch (type) {
    case FileType::kRegular:
      return "file";
    case FileType::kDirectory:
      return "directory";
    case FileType::kSymlink:
      return "symlink";
    case FileType::kFifo:
      return "fifo";
    case FileType::kSocket:
      return "socket";
    case FileType::kDevice:
      return "device";
    case FileType::kUnknown:
      break;
  }
  return "unknown";
}

Result<HeldDirectory> HeldDirectory::open(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return std::unexpected(system_error(fmt::format("open directory {}", path), errno));
  return HeldDirectory(std::move(fd), path);
}

std::unexpected<Error> HeldDirectory::refuse(std::string_view action, std::string_view relative,
                                             int error_number) const {
  if (error_number == EXDEV) {
    return fail(ErrorCode::kDenied,
                "{} '{}': it leads outside workspace {}; use a path below it (absolute paths and links out "
                "of it are refused)",
                action, shown(relative), path_);
  }
  if (error_number == ELOOP) {
    return fail(ErrorCode::kDenied,
                "{} '{}': it passes a symbolic link, which is refused here; use the real path below {}",
                action, shown(relative), path_);
  }
  return std::unexpected(
      system_error(fmt::format("{} '{}' in {}", action, shown(relative), path_), error_number));
}

Result<UniqueFd> HeldDirectory::resolve(std::string_view relative, std::uint64_t flags, std::uint64_t mode,
                                        Symlinks symlinks) const {
  if (relative.size() >= kMaxPath || relative.find('\0') != std::string_view::npos) {
    return fail(ErrorCode::kInvalidArgument, "'{}' is no usable path", shown(relative));
  }
  const std::string path(relative.empty() ? std::string_view(".") : relative);
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  if (symlinks == Symlinks::kRefuse) how.resolve |= RESOLVE_NO_SYMLINKS;
  for (int i = 0; i < kResolveTries; ++i) {
    const long fd = ::syscall(SYS_openat2, fd_.get(), path.c_str(), &how, sizeof how);
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    if (errno != EAGAIN && errno != EINTR) break;
  }
  return refuse("open", relative, errno);
}

Result<HeldDirectory::Leaf> HeldDirectory::resolve_parent(std::string_view relative) const {
  std::string_view whole = relative;
  while (whole.size() > 1 && whole.ends_with('/')) whole.remove_suffix(1);
  const std::size_t slash = whole.rfind('/');
  const std::string_view parent = slash == std::string_view::npos ? "" : whole.substr(0, slash);
  const std::string_view name = slash == std::string_view::npos ? whole : whole.substr(slash + 1);
  if (whole.starts_with('/') || name == "..") return refuse("change", relative, EXDEV);
  if (name.empty() || name == "." || name.find('\0') != std::string_view::npos) {
    return fail(ErrorCode::kInvalidArgument, "'{}' names no entry that could be changed", shown(relative));
  }
  PRYX_TRY(UniqueFd fd, resolve(parent, O_RDONLY | O_DIRECTORY, 0, Symlinks::kRefuse));
  return Leaf{std::move(fd), std::string(name)};
}

Result<UniqueFd> HeldDirectory::open_file(std::string_view relative, int flags, mode_t mode,
                                          Symlinks symlinks) const {
  // openat2 rejects a mode without O_CREAT. O_TRUNC waits until the file is known to be regular.
  const bool creates = (flags & O_CREAT) != 0;
  const auto how = static_cast<std::uint64_t>((flags & ~O_TRUNC) | O_NONBLOCK | O_NOCTTY);
  PRYX_TRY(UniqueFd fd,
           resolve(relative, how, creates ? mode : 0, may_change(flags) ? Symlinks::kRefuse : symlinks));
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return refuse("look at", relative, errno);
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorCode::kInvalidArgument, "'{}' is a {}, not a regular file", shown(relative),
                file_type_name(type_from_mode(info.st_mode)));
  }
  if ((flags & O_TRUNC) != 0 && ::ftruncate(fd.get(), 0) != 0) return refuse("truncate", relative, errno);
  return fd;
}

Result<HeldDirectory> HeldDirectory::open_directory(std::string_view relative, Symlinks symlinks) const {
  PRYX_TRY(UniqueFd fd, resolve(relative, O_PATH | O_DIRECTORY, 0, symlinks));
  return HeldDirectory(std::move(fd),
                       relative.empty() || relative == "." ? path_ : fmt::format("{}/{}", path_, relative));
}

Result<Listing> HeldDirectory::list(std::string_view relative, std::size_t max_entries,
                                    Symlinks symlinks) const {
  PRYX_TRY(UniqueFd fd, resolve(relative, O_RDONLY | O_DIRECTORY, 0, symlinks));
  const int number = fd.get();
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(number), &::closedir);
  if (!directory) return refuse("list", relative, errno);
  static_cast<void>(fd.release());  // closedir closes it
  Listing listing;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr && errno != 0) return refuse("list", relative, errno);
    if (entry == nullptr) break;
    const std::string_view name(entry->d_name);
    if (name == "." || name == "..") continue;
    if (listing.entries.size() >= max_entries) {
      listing.truncated = true;
      break;
    }
    listing.entries.push_back({std::string(name), type_from_entry(*entry, number)});
  }
  std::ranges::sort(listing.entries);
  return listing;
}

Result<FileInfo> HeldDirectory::stat(std::string_view relative, Symlinks symlinks) const {
  PRYX_TRY(const UniqueFd fd, resolve(relative, O_PATH, 0, symlinks));
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return refuse("look at", relative, errno);
  return info_from_stat(info);
}

Result<FileInfo> HeldDirectory::stat_entry(std::string_view relative) const {
  PRYX_TRY(const UniqueFd fd, resolve(relative, O_PATH | O_NOFOLLOW, 0, Symlinks::kFollowBeneath));
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return refuse("look at", relative, errno);
  return info_from_stat(info);
}

Result<std::string> HeldDirectory::read_file(std::string_view relative, std::size_t max_bytes,
                                             Symlinks symlinks) const {
  PRYX_TRY(const UniqueFd fd, open_file(relative, O_RDONLY, 0, symlinks));
  return read_all(fd.get(), max_bytes, shown(relative));
}

Result<void> HeldDirectory::write_file(std::string_view relative, std::string_view bytes, mode_t mode,
                                       Existing existing) const {
  PRYX_TRY(const Leaf leaf, resolve_parent(relative));
  const int parent = leaf.parent.get();
  struct stat old{};
  const bool existed = ::fstatat(parent, leaf.name.c_str(), &old, AT_SYMLINK_NOFOLLOW) == 0;
  if (existed && existing == Existing::kRefuse) return refuse("create", relative, EEXIST);
  if (existed && S_ISLNK(old.st_mode)) return refuse("write", relative, ELOOP);
  if (existed && !S_ISREG(old.st_mode)) {
    return fail(ErrorCode::kInvalidArgument, "'{}' is a {}, not a regular file", shown(relative),
                file_type_name(type_from_mode(old.st_mode)));
  }
  // rename() would replace a file that its owner made read-only; whoever may not open it for writing may not
  // replace it either.
  if (existed && ::faccessat(parent, leaf.name.c_str(), W_OK, AT_EACCESS) != 0)
    return refuse("write", relative, errno);
  const std::string temporary = internal::temporary_name();
  const UniqueFd fd(
      ::openat(parent, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return refuse("write", relative, errno);
  auto written = write_all(fd.get(), bytes, shown(relative));
  if (written && existed) keep_group(fd.get(), old);
  // As a write in place would, this drops set-user-id bits.
  if (written && ::fchmod(fd.get(), (existed ? old.st_mode : mode) & 01777) != 0)
    written = refuse("set the mode of", relative, errno);
  if (written && ::fsync(fd.get()) != 0) written = refuse("write to the disk", relative, errno);
  const unsigned flags = existing == Existing::kRefuse ? RENAME_NOREPLACE : 0;
  if (written && rename_entry(parent, temporary, parent, leaf.name, flags) != 0)
    written = refuse("replace", relative, errno);
  if (!written) {
    ::unlinkat(parent, temporary.c_str(), 0);
    return written;
  }
  if (::fsync(parent) != 0) return refuse("write to the disk", relative, errno);
  return {};
}

Result<void> HeldDirectory::make_directory(std::string_view relative, mode_t mode) const {
  PRYX_TRY(const Leaf leaf, resolve_parent(relative));
  if (::mkdirat(leaf.parent.get(), leaf.name.c_str(), mode) != 0)
    return refuse("make directory", relative, errno);
  return {};
}

Result<void> HeldDirectory::remove_file(std::string_view relative) const {
  PRYX_TRY(const Leaf leaf, resolve_parent(relative));
  if (::unlinkat(leaf.parent.get(), leaf.name.c_str(), 0) != 0) return refuse("delete", relative, errno);
  if (::fsync(leaf.parent.get()) != 0) return refuse("write to the disk", relative, errno);
  return {};
}

Result<void> HeldDirectory::remove_directory(std::string_view relative) const {
  PRYX_TRY(const Leaf leaf, resolve_parent(relative));
  if (::unlinkat(leaf.parent.get(), leaf.name.c_str(), AT_REMOVEDIR) != 0)
    return refuse("delete directory", relative, errno);
  return {};
}

Result<void> HeldDirectory::rename(std::string_view from, std::string_view to, Existing existing) const {
  PRYX_TRY(const Leaf source, resolve_parent(from));
  PRYX_TRY(const Leaf target, resolve_parent(to));
  const unsigned flags = existing == Existing::kRefuse ? RENAME_NOREPLACE : 0;
  if (rename_entry(source.parent.get(), source.name, target.parent.get(), target.name, flags) != 0) {
    if (errno == EXDEV) {
      return fail(ErrorCode::kUnsupported,
                  "rename '{}' to '{}': they lie on different file systems; copy and delete instead",
                  shown(from), shown(to));
    }
    return refuse("rename", from, errno);
  }
  // The new name first: a crash between the two leaves both names, never none.
  if (::fsync(target.parent.get()) != 0) return refuse("write to the disk", to, errno);
  if (::fsync(source.parent.get()) != 0) return refuse("write to the disk", from, errno);
  return {};
}

}  // namespace pryx::platform

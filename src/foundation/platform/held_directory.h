// SPDX-License-Identifier: MIT
// HeldDirectory: one directory held open, and every access below it resolved by the kernel from that
// descriptor (openat2 with RESOLVE_BENEATH). No path is compared as text, so a renamed parent or a swapped
// symbolic link cannot lead outside: such a path is refused with kDenied. Reads follow links that stay
// beneath; everything that changes the tree follows none. Blocking; any thread.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "foundation/platform/files.h"

namespace pryx::platform {

enum class FileType : std::uint8_t { kRegular, kDirectory, kSymlink, kFifo, kSocket, kDevice, kUnknown };
[[nodiscard]] std::string_view file_type_name(FileType type);

struct FileInfo {
  FileType type = FileType::kUnknown;
  std::uint64_t size = 0;
  WallTime modified_at;
  std::uint32_t mode = 0;  // permission bits
  uid_t uid = 0;
  gid_t gid = 0;
  std::uint64_t link_count = 0;  // more than one: another name, perhaps elsewhere, shares the bytes
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
};

struct DirectoryEntry {
  std::string name;  // as the disk has it: not always valid UTF-8
  FileType type = FileType::kUnknown;
  auto operator<=>(const DirectoryEntry&) const = default;
};

struct Listing {
  std::vector<DirectoryEntry> entries;  // sorted by name
  bool truncated = false;               // there were more than the limit
};

enum class Symlinks : std::uint8_t { kFollowBeneath, kRefuse };
// What a change does when its target name is taken. kRefuse is decided by the kernel, without a gap.
enum class Existing : std::uint8_t { kReplace, kRefuse };

class HeldDirectory {
 public:
  [[nodiscard]] static Result<HeldDirectory> open(const std::string& path);

  // `relative` is a path below this directory; "" and "." are the directory itself.
  // Never blocks on a FIFO and never hands out anything but a regular file (kInvalidArgument otherwise).
  // O_CLOEXEC is added. A call that may write or create follows no link, whatever `symlinks` says.
  [[nodiscard]] Result<UniqueFd> open_file(std::string_view relative, int flags, mode_t mode = 0,
                                           Symlinks symlinks = Symlinks::kFollowBeneath) const;
  [[nodiscard]] Result<HeldDirectory> open_directory(std::string_view relative,
                                                     Symlinks symlinks = Symlinks::kFollowBeneath) const;
  [[nodiscard]] Result<Listing> list(std::string_view relative, std::size_t max_entries,
                                     Symlinks symlinks = Symlinks::kFollowBeneath) const;
  [[nodiscard]] Result<FileInfo> stat(std::string_view relative,
                                      Symlinks symlinks = Symlinks::kFollowBeneath) const;
  // Of the name itself: a link at the end is reported as kSymlink.
  [[nodiscard]] Result<FileInfo> stat_entry(std::string_view relative) const;
  [[nodiscard]] Result<std::string> read_file(std::string_view relative, std::size_t max_bytes,
                                              Symlinks symlinks = Symlinks::kFollowBeneath) const;

  // Old or new content, never a mix, and on the disk when it returns. `mode` is for a file that does not
  // exist yet, whatever the umask; an existing one keeps its permission bits and, where the system lets us,
  // its group. Another name of the same file keeps the old content. kConflict: kRefuse, and the name is
  // taken.
  [[nodiscard]] Result<void> write_file(std::string_view relative, std::string_view bytes, mode_t mode = 0644,
                                        Existing existing = Existing::kReplace) const;
  [[nodiscard]] Result<void> make_directory(std::string_view relative,
                                            mode_t mode = 0755) const;  // kConflict when it exists
  [[nodiscard]] Result<void> remove_file(
      std::string_view relative) const;  // a link is removed, not what it names
  [[nodiscard]] Result<void> remove_directory(std::string_view relative) const;  // empty ones only
  // Durable when it returns, as the removals are.
  [[nodiscard]] Result<void> rename(std::string_view from, std::string_view to,
                                    Existing existing = Existing::kReplace) const;

  [[nodiscard]] int fd() const { return fd_.get(); }  // O_PATH
  // The path it was opened by, for messages. It may name another directory by the time it is shown.
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  HeldDirectory(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  struct Leaf {
    UniqueFd parent;
    std::string name;
  };
  [[nodiscard]] Result<UniqueFd> resolve(std::string_view relative, std::uint64_t flags, std::uint64_t mode,
                                         Symlinks symlinks) const;
  [[nodiscard]] Result<Leaf> resolve_parent(std::string_view relative) const;
  [[nodiscard]] std::unexpected<Error> refuse(std::string_view action, std::string_view relative,
                                              int error_number) const;

  UniqueFd fd_;
  std::string path_;
};

}  // namespace pryx::platform

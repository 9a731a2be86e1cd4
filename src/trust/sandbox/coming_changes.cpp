// SPDX-License-Identifier: MIT
#include "trust/sandbox/coming_changes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"
#include "foundation/platform/files.h"

namespace pryx::sandbox {
namespace {

constexpr std::uint64_t kPieceBytes = 8u << 20;
constexpr std::size_t kPieceNames = 2'000;

bool is_same(const ComingChange::Side& a, const ComingChange::Side& b) {
  return a.kind == b.kind && a.mode == b.mode && a.size == b.size && a.digest == b.digest &&
         !a.digest.empty();
}

// What a run wrote belongs to this user, whatever its bits are; the workspace's files stay as they are.
platform::UniqueFd open_own(int directory, const std::string& name, mode_t mode) {
  if (::fchmodat(directory, name.c_str(), S_IRUSR | S_IWUSR, 0) != 0) return {};
  platform::UniqueFd file(::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (::fchmodat(directory, name.c_str(), mode & 07777, 0) != 0) return {};
  return file;
}

}  // namespace

void ChangeCollector::read_file(int directory, const std::string& name, Owner owner, ComingChange::Side& side,
                                ComingChange& into) {
  platform::UniqueFd file(::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file && errno == EACCES && owner == Owner::kRun) file = open_own(directory, name, side.mode);
  struct stat info{};
  if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return;
  const std::uint64_t room = ChangeRecorder::kMaxTotalBytes - kept_bytes_;
  bool keeps = owner == Owner::kWorkspace && side.size <= ChangeRecorder::kMaxFileBytes && side.size <= room;
  crypto::Sha256 sum;
  std::uint64_t total = 0;
  char buffer[65536];
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return;
    if (got == 0) break;
    const std::string_view bytes(buffer, static_cast<std::size_t>(got));
    sum.update(bytes);
    total += bytes.size();
    keeps = keeps && total <= ChangeRecorder::kMaxFileBytes && total <= room;
    if (keeps) into.content += bytes;
  }
  side.size = total;
  side.digest = to_hex(sum.finish());
  into.has_content = keeps;
  if (owner == Owner::kWorkspace && !keeps) into.content.clear();
}

Result<std::optional<ComingChange::Side>> ChangeCollector::look(int directory, const std::string& name,
                                                                Owner owner, ComingChange& into) {
  struct stat info{};
  if (directory < 0) return std::nullopt;
  if (::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::nullopt;
    return std::unexpected(platform::system_error(fmt::format("look at '{}'", into.path), errno));
  }
  ComingChange::Side side;
  side.mode = info.st_mode & 0777;
  side.size = static_cast<std::uint64_t>(info.st_size);
  if (S_ISDIR(info.st_mode)) {
    side.kind = ComingChange::Kind::kFolder;
  } else if (S_ISREG(info.st_mode)) {
    read_file(directory, name, owner, side, into);
  } else {
    side.kind = ComingChange::Kind::kOther;
    char target[4097];
    const ssize_t size = ::readlinkat(directory, name.c_str(), target, sizeof target);
    if (size > 0) {
      const std::string_view named(target, static_cast<std::size_t>(size));
      side.digest = to_hex(crypto::sha256(named));
      side.size = named.size();
      if (owner == Owner::kWorkspace) into.content = named;
      into.has_content = owner == Owner::kWorkspace;
    }
  }
  return side;
}

Result<void> ChangeCollector::add(const std::string& path, const std::string& name, int before, int after) {
  if (!has_room()) return {};
  ComingChange change;
  change.path = path;
  ComingChange ignored;
  PRYX_TRY(change.before, look(before, name, Owner::kWorkspace, change));
  PRYX_TRY(change.after, look(after, name, Owner::kRun, ignored));
  if (!change.before && !change.after) return {};
  if (change.before && change.after && is_same(*change.before, *change.after)) return {};
  return keep(std::move(change));
}

Result<void> ChangeCollector::add_folder_mode(const std::string& path, std::uint32_t before,
                                              std::uint32_t after) {
  if (((before ^ after) & 0777) == 0 || !has_room()) return {};
  ComingChange change;
  change.path = path;
  ComingChange::Side side;
  side.kind = ComingChange::Kind::kFolder;
  side.mode = before & 0777;
  change.before = side;
  side.mode = after & 0777;
  change.after = side;
  return keep(std::move(change));
}

bool ChangeCollector::has_room() {
  if (recorder_ == nullptr) return false;
  if (names_ >= ChangeRecorder::kMaxNames) ++left_out_;
  return names_ < ChangeRecorder::kMaxNames;
}

Result<void> ChangeCollector::keep(ComingChange change) {
  ++names_;
  kept_bytes_ += change.content.size();
  pending_bytes_ += change.content.size();
  pending_.push_back(std::move(change));
  if (pending_bytes_ < kPieceBytes && pending_.size() < kPieceNames) return {};
  return hand_over();
}

Result<void> ChangeCollector::hand_over() {
  if (pending_.empty()) return {};
  pending_bytes_ = 0;
  return recorder_->record(std::exchange(pending_, {}));
}

Result<void> ChangeCollector::finish() {
  PRYX_TRY_VOID(hand_over());
  if (left_out_ == 0) return {};
  return recorder_->record_unknown(left_out_);
}

}  // namespace pryx::sandbox

// SPDX-License-Identifier: MIT
// SimulatedDisk: a disk in memory behind SQLite's VFS interface, with seeded faults. It knows for every file
// what a power cut would leave: what was synced, plus a random part of what was not. Used by
// DatabaseOptions{.open.vfs = disk.vfs_name(), .inline_mode = true}. One thread; outlives every connection
// that was opened through it.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pryx::db::testing {

// kAppend: a write that needs space the file does not have yet.
enum class DiskOperation : std::uint8_t { kOpen, kRead, kWrite, kAppend, kSync, kTruncate, kDelete };

enum class DiskFault : std::uint8_t {
  kNone,
  kFull,     // ENOSPC: a write fails, nothing is written
  kIoError,  // EIO: a read, write, truncate or delete fails without effect; a sync fails and keeps its pages
             // dirty
  kShortWrite,  // a prefix of an append is written, then the disk is full
  kLostSync,  // a sync fails and the kernel drops its dirty pages: a part of them reached the disk, no later
              // sync brings the rest
  kNoHandle,  // EMFILE: a file cannot be opened
};
[[nodiscard]] std::string_view to_text(DiskOperation operation);
[[nodiscard]] std::string_view to_text(DiskFault fault);
[[nodiscard]] bool can_happen(DiskFault fault, DiskOperation operation);

enum class Loss : std::uint8_t {
  kProcess,  // the process was killed: the kernel still writes what it was given
  kPower,    // the machine lost power: of what was not synced, a random part is on disk, torn at sectors
};

class SimulatedDisk {
 public:
  explicit SimulatedDisk(std::uint64_t seed);
  ~SimulatedDisk();
  SimulatedDisk(const SimulatedDisk&) = delete;
  SimulatedDisk& operator=(const SimulatedDisk&) = delete;

  [[nodiscard]] const std::string& vfs_name() const;
  // Takes over every file of another disk, all of it synced.
  void copy_from(const SimulatedDisk& other);

  // Asked before each operation; the number counts all operations from 1. Faults that cannot happen to the
  // operation are ignored.
  using Judge = std::function<DiskFault(DiskOperation operation, std::uint64_t number)>;
  void set_judge(Judge judge);
  // The n-th operation from here on, counting those that the fault can happen to, fails once.
  void fail_nth(std::uint64_t n, DiskFault fault);
  [[nodiscard]] bool has_failed() const;  // that one operation was reached

  // From the n-th operation on (this one may be half done) nothing works: the daemon died there. 0 takes it
  // back.
  void die_after(std::uint64_t n);
  void die();
  [[nodiscard]] bool is_dead() const;
  // After death or at rest, when every connection is closed: the disk as the next start finds it. Planned
  // faults are forgotten.
  void restart(Loss loss);

  [[nodiscard]] std::uint64_t operations() const;
  [[nodiscard]] std::optional<std::string> content(const std::string& path) const;  // as a reader sees it
  [[nodiscard]] bool flip_bit(const std::string& path, std::uint64_t offset, int bit);

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace pryx::db::testing

// SPDX-License-Identifier: MIT
#include "foundation/db/testing/simulated_disk.h"

#include <fmt/format.h>
#include <sqlcipher/sqlite3.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/testing/manual_clock.h"

namespace pryx::db::testing {
namespace {

constexpr std::size_t kSector = 512;  // what a disk writes whole or not at all

// One change that no sync has covered yet.
struct Change {
  bool is_truncate = false;
  std::size_t offset = 0;  // of a truncate: the length that remains
  std::string bytes;
};

void put(std::string& content, std::size_t offset, std::string_view bytes) {
  if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size(), '\0');
  content.replace(offset, bytes.size(), bytes);
}

void put(std::string& content, const Change& change) {
  if (change.is_truncate)
    content.resize(std::min(content.size(), change.offset));
  else
    put(content, change.offset, change.bytes);
}

struct Inode {
  std::string content;  // the page cache: what every reader sees
  std::string durable;  // what is on the disk for sure
  std::vector<Change> dirty;
  void sync() {
    for (const Change& change : dirty) put(durable, change);
    dirty.clear();
  }
};
using InodePtr = std::shared_ptr<Inode>;

}  // namespace

struct SimulatedDisk::State {
  explicit State(std::uint64_t seed) : random(seed) {}
  pryx::testing::SeededRandom random;
  std::string name;
  sqlite3_vfs vfs{};
  std::map<std::string, InodePtr> files;
  std::map<std::string, InodePtr> durable_names;  // the directory on disk
  std::uint64_t operations = 0;
  std::uint64_t dies_at = 0;
  bool dead = false;
  Judge judge;
  std::uint64_t fail_in = 0;
  DiskFault planned = DiskFault::kNone;
  bool failed = false;
  int open_files = 0;

  // What happens to this operation; a dead disk fails everything.
  DiskFault next(DiskOperation operation) {
    if (dead) return DiskFault::kIoError;
    ++operations;
    if (operations == dies_at) {
      dead = true;
      return DiskFault::kIoError;
    }
    if (fail_in > 0 && can_happen(planned, operation) && --fail_in == 0) {
      failed = true;
      return planned;
    }
    const DiskFault fault = judge ? judge(operation, operations) : DiskFault::kNone;
    return can_happen(fault, operation) ? fault : DiskFault::kNone;
  }
  bool dies_here() const { return dead && operations == dies_at; }

  // The journal of the file system keeps its order: whatever forces it to disk takes all earlier directory
  // changes along.
  void sync_directory() { durable_names = files; }

  void sync_in_part(Inode& inode) {
    for (const Change& change : inode.dirty) {
      if (random.below(2) == 0) put(inode.durable, change);
    }
  }

  // How much of the unsynced a power cut leaves.
  enum class Left : std::uint8_t { kNothing, kEverything, kSomeWrites, kSomeSectors };

  void lose_power(Inode& inode) {
    const auto left = static_cast<Left>(random.below(4));
    for (const Change& change : inode.dirty) {
      if (left == Left::kNothing) break;
      if (left == Left::kEverything || change.is_truncate || left == Left::kSomeWrites) {
        if (left == Left::kEverything || random.below(2) == 0) put(inode.durable, change);
        continue;
      }
      for (std::size_t at = 0; at < change.bytes.size();) {
        const std::size_t sector_end = ((change.offset + at) / kSector + 1) * kSector;
        const std::size_t end = std::min(change.bytes.size(), sector_end - change.offset);
        if (random.below(2) == 0) {
          put(inode.durable, change.offset + at, std::string_view(change.bytes).substr(at, end - at));
        }
        at = end;
      }
    }
    inode.dirty.clear();
    inode.content = inode.durable;
  }
};

namespace {

struct File {
  sqlite3_file base;
  SimulatedDisk::State* disk;
  InodePtr* inode;  // SQLite allocates this struct as raw bytes
};

File& file_of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

int close_file(sqlite3_file* base) {
  File& file = file_of(base);
  delete file.inode;
  --file.disk->open_files;
  return SQLITE_OK;
}

int read_file(sqlite3_file* base, void* out, int amount, sqlite3_int64 offset) {
  File& file = file_of(base);
  if (file.disk->next(DiskOperation::kRead) != DiskFault::kNone) return SQLITE_IOERR_READ;
  const std::string& content = (*file.inode)->content;
  const auto from = std::min(content.size(), static_cast<std::size_t>(offset));
  const std::size_t n = std::min(content.size() - from, static_cast<std::size_t>(amount));
  std::memcpy(out, content.data() + from, n);
  if (n == static_cast<std::size_t>(amount)) return SQLITE_OK;
  std::memset(static_cast<char*>(out) + n, 0, static_cast<std::size_t>(amount) - n);
  return SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* base, const void* data, int amount, sqlite3_int64 offset) {
  File& file = file_of(base);
  Inode& inode = **file.inode;
  const bool was_dead = file.disk->dead;
  const bool grows =
      inode.content.size() < static_cast<std::size_t>(offset) + static_cast<std::size_t>(amount);
  const DiskFault fault = file.disk->next(grows ? DiskOperation::kAppend : DiskOperation::kWrite);
  std::string bytes(static_cast<const char*>(data), static_cast<std::size_t>(amount));
  // Death in the middle of a write leaves a prefix of it behind, like a short write.
  const bool is_cut = fault == DiskFault::kShortWrite || (!was_dead && file.disk->dies_here());
  if (is_cut) bytes.resize(file.disk->random.below(bytes.size() + 1));
  if (fault == DiskFault::kNone || is_cut) {
    put(inode.content, static_cast<std::size_t>(offset), bytes);
    inode.dirty.push_back({false, static_cast<std::size_t>(offset), std::move(bytes)});
  }
  if (fault == DiskFault::kNone) return SQLITE_OK;
  return fault == DiskFault::kIoError ? SQLITE_IOERR_WRITE : SQLITE_FULL;
}

int truncate_file(sqlite3_file* base, sqlite3_int64 size) {
  File& file = file_of(base);
  if (file.disk->next(DiskOperation::kTruncate) != DiskFault::kNone) return SQLITE_IOERR_TRUNCATE;
  Change change{true, static_cast<std::size_t>(size), {}};
  put((*file.inode)->content, change);
  (*file.inode)->dirty.push_back(std::move(change));
  return SQLITE_OK;
}

int sync_file(sqlite3_file* base, int /*flags*/) {
  File& file = file_of(base);
  Inode& inode = **file.inode;
  const bool was_dead = file.disk->dead;
  const DiskFault fault = file.disk->next(DiskOperation::kSync);
  if (fault == DiskFault::kNone) {
    inode.sync();
    file.disk->sync_directory();
    return SQLITE_OK;
  }
  if (fault == DiskFault::kLostSync) {
    file.disk->sync_in_part(inode);
    inode.dirty.clear();
  } else if (!was_dead && file.disk->dies_here() && file.disk->random.below(2) == 0) {
    inode.sync();  // it was done, and nobody was left to hear of it
  }
  return SQLITE_IOERR_FSYNC;
}

int file_size(sqlite3_file* base, sqlite3_int64* out) {
  *out = static_cast<sqlite3_int64>((*file_of(base).inode)->content.size());
  return SQLITE_OK;
}

// One process, and the database's own lock file keeps others out: these have nothing to do.
int lock_file(sqlite3_file*, int) { return SQLITE_OK; }
int check_reserved_lock(sqlite3_file*, int* out) {
  *out = 0;
  return SQLITE_OK;
}
int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return 4096; }
int device_characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

const sqlite3_io_methods kMethods = {
    .iVersion = 1,  // no shared memory: WAL needs locking_mode=EXCLUSIVE
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = lock_file,
    .xCheckReservedLock = check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = device_characteristics,
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

SimulatedDisk::State& disk_of(sqlite3_vfs* vfs) { return *static_cast<SimulatedDisk::State*>(vfs->pAppData); }

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* base, int flags, int* out_flags) {
  SimulatedDisk::State& disk = disk_of(vfs);
  base->pMethods = nullptr;
  if (disk.next(DiskOperation::kOpen) != DiskFault::kNone) return SQLITE_CANTOPEN;
  InodePtr inode = std::make_shared<Inode>();
  if (name != nullptr) {
    const auto found = disk.files.find(name);
    if (found == disk.files.end() && (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    if (found == disk.files.end())
      disk.files.emplace(name, inode);
    else
      inode = found->second;
  }
  File& file = file_of(base);
  file.disk = &disk;
  file.inode = new InodePtr(std::move(inode));
  ++disk.open_files;
  base->pMethods = &kMethods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  SimulatedDisk::State& disk = disk_of(vfs);
  if (disk.next(DiskOperation::kDelete) != DiskFault::kNone) return SQLITE_IOERR_DELETE;
  if (disk.files.erase(name) == 0) return SQLITE_IOERR_DELETE_NOENT;
  if (sync_directory != 0) disk.sync_directory();
  return SQLITE_OK;
}

int access_file(sqlite3_vfs* vfs, const char* name, int /*flags*/, int* out) {
  *out = disk_of(vfs).files.contains(name) ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* name, int size, char* out) {
  if (std::strlen(name) >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  std::strcpy(out, name);
  return SQLITE_OK;
}

int fill_random(sqlite3_vfs* vfs, int size, char* out) {
  disk_of(vfs).random.fill({reinterpret_cast<std::uint8_t*>(out), static_cast<std::size_t>(size)});
  return size;
}
int do_not_sleep(sqlite3_vfs*, int microseconds) { return microseconds; }
int current_time(sqlite3_vfs*, double* out) {
  *out = 2460000.5;
  return SQLITE_OK;
}
int last_error(sqlite3_vfs*, int, char*) { return 0; }

}  // namespace

std::string_view to_text(DiskOperation operation) {
  static constexpr std::string_view kNames[] = {"open", "read",     "write", "append",
                                                "sync", "truncate", "delete"};
  return kNames[static_cast<std::size_t>(operation)];
}
std::string_view to_text(DiskFault fault) {
  static constexpr std::string_view kNames[] = {"none",        "full",      "io_error",
                                                "short_write", "lost_sync", "no_handle"};
  return kNames[static_cast<std::size_t>(fault)];
}

bool can_happen(DiskFault fault, DiskOperation operation) {
  switch (fault) {
    case DiskFault::kNone:
      return false;
    case DiskFault::kFull:
    case DiskFault::kShortWrite:
      return operation == DiskOperation::kAppend;
    case DiskFault::kIoError:
      return operation != DiskOperation::kOpen;
    case DiskFault::kLostSync:
      return operation == DiskOperation::kSync;
    case DiskFault::kNoHandle:
      return operation == DiskOperation::kOpen;
  }
  return false;
}

SimulatedDisk::SimulatedDisk(std::uint64_t seed) : state_(std::make_unique<State>(seed)) {
  state_->name = fmt::format("simulated-{}", static_cast<const void*>(this));
  sqlite3_vfs& vfs = state_->vfs;
  vfs.iVersion = 1;
  vfs.szOsFile = sizeof(File);
  vfs.mxPathname = 256;
  vfs.zName = state_->name.c_str();
  vfs.pAppData = state_.get();
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  vfs.xAccess = access_file;
  vfs.xFullPathname = full_path;
  vfs.xRandomness = fill_random;
  vfs.xSleep = do_not_sleep;
  vfs.xCurrentTime = current_time;
  vfs.xGetLastError = last_error;
  PRYX_CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

SimulatedDisk::~SimulatedDisk() {
  PRYX_CHECK(state_->open_files == 0);
  sqlite3_vfs_unregister(&state_->vfs);
}

const std::string& SimulatedDisk::vfs_name() const { return state_->name; }

void SimulatedDisk::copy_from(const SimulatedDisk& other) {
  PRYX_CHECK(state_->open_files == 0);
  state_->files.clear();
  for (const auto& [path, inode] : other.state_->files) {
    state_->files[path] = std::make_shared<Inode>(Inode{inode->content, inode->content, {}});
  }
  state_->sync_directory();
}

void SimulatedDisk::set_judge(Judge judge) { state_->judge = std::move(judge); }
void SimulatedDisk::fail_nth(std::uint64_t n, DiskFault fault) {
  state_->fail_in = n;
  state_->planned = fault;
  state_->failed = false;
}
bool SimulatedDisk::has_failed() const { return state_->failed; }
void SimulatedDisk::die_after(std::uint64_t n) { state_->dies_at = n == 0 ? 0 : state_->operations + n; }
void SimulatedDisk::die() { state_->dead = true; }
bool SimulatedDisk::is_dead() const { return state_->dead; }

void SimulatedDisk::restart(Loss loss) {
  State& state = *state_;
  PRYX_CHECK(state.open_files == 0);
  if (loss == Loss::kPower) {
    std::map<std::string, InodePtr> names;
    for (const auto& [path, inode] : state.durable_names) {
      const auto present = state.files.find(path);
      const bool changed = present == state.files.end() || present->second != inode;
      if (!changed || state.random.below(2) == 0)
        names[path] = inode;
      else if (present != state.files.end())
        names[path] = present->second;
    }
    for (const auto& [path, inode] : state.files) {
      if (!state.durable_names.contains(path) && state.random.below(2) == 0) names[path] = inode;
    }
    state.files = std::move(names);
    for (const auto& [path, inode] : state.files) state.lose_power(*inode);
    state.sync_directory();
  }
  state.dead = false;
  state.dies_at = 0;
  state.fail_in = 0;
  state.judge = nullptr;
}

std::uint64_t SimulatedDisk::operations() const { return state_->operations; }

std::optional<std::string> SimulatedDisk::content(const std::string& path) const {
  const auto found = state_->files.find(path);
  if (found == state_->files.end()) return std::nullopt;
  return found->second->content;
}

bool SimulatedDisk::flip_bit(const std::string& path, std::uint64_t offset, int bit) {
  const auto found = state_->files.find(path);
  if (found == state_->files.end() || offset >= found->second->content.size()) return false;
  Inode& inode = *found->second;
  inode.content[offset] = static_cast<char>(inode.content[offset] ^ (1 << bit));
  if (offset < inode.durable.size()) inode.durable[offset] = inode.content[offset];
  return true;
}

}  // namespace pryx::db::testing

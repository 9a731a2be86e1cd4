// SPDX-License-Identifier: MIT
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace pryx::sandbox_init {
namespace {

// The kernel's numbers, written out: headers on the oldest supported system stop at ABI 3.
struct RulesetAttributes {
  uint64_t handled_files;
  uint64_t handled_network;
  uint64_t scoped;
};
struct __attribute__((packed)) PathRule {
  uint64_t allowed;
  int32_t parent;
};
constexpr int kCreateVersion = 1;
constexpr int kPathBeneath = 1;

constexpr uint64_t kExecute = 1u << 0, kWriteFile = 1u << 1, kReadFile = 1u << 2, kReadDirectory = 1u << 3;
constexpr uint64_t kMakeCharacterDevice = 1u << 6, kMakeBlockDevice = 1u << 11;
constexpr uint64_t kFirstAbi = (1u << 13) - 1;
constexpr uint64_t kRefer = 1u << 13, kTruncate = 1u << 14, kIoctlDevice = 1u << 15;
constexpr uint64_t kForFiles = kExecute | kWriteFile | kReadFile | kTruncate | kIoctlDevice;
constexpr uint64_t kScopeAbstractSockets = 1, kScopeSignals = 2;

uint64_t handled_by(long abi) {
  uint64_t handled = kFirstAbi;
  if (abi >= 2) handled |= kRefer;
  if (abi >= 3) handled |= kTruncate;
  if (abi >= 5) handled |= kIoctlDevice;
  return handled;
}

void allow(int ruleset, const char* path, uint64_t rights, int socket) {
  const int fd = ::open(path, O_PATH | O_CLOEXEC);
  // A missing place needs no right.
  if (fd < 0) return;
  struct stat info;
  if (::fstat(fd, &info) != 0) refuse(socket, "look at", path, errno);
  PathRule rule{S_ISDIR(info.st_mode) ? rights : rights & kForFiles, fd};
  if (rule.allowed != 0 && ::syscall(SYS_landlock_add_rule, ruleset, kPathBeneath, &rule, 0) != 0)
    refuse(socket, "allow", path, errno);
  ::close(fd);
}

}  // namespace

void set_limits(const Configuration& configuration, int socket) {
  struct Row {
    const char* key;
    decltype(RLIMIT_CPU) resource;  // an enumeration in some C libraries
  };
  // Address space is left alone: language runtimes reserve far more than they use. What is written counts.
  static constexpr Row kRows[] = {{"limit_cpu", RLIMIT_CPU},         {"limit_data", RLIMIT_DATA},
                                  {"limit_processes", RLIMIT_NPROC}, {"limit_files", RLIMIT_NOFILE},
                                  {"limit_file_size", RLIMIT_FSIZE}, {"limit_core", RLIMIT_CORE}};
  for (const Row& row : kRows) {
    if (configuration.find(row.key) == nullptr) continue;
    const rlim_t wanted = configuration.number(row.key, 0);
    rlimit limit{};
    if (::getrlimit(row.resource, &limit) != 0) refuse(socket, "read limit", row.key, errno);
    limit.rlim_max = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(row.resource, &limit) != 0) refuse(socket, "set limit", row.key, errno);
  }
  // When memory runs out, the kernel takes this first.
  const int score = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score >= 0) {
    static_cast<void>(!::write(score, "1000", 4));
    ::close(score);
  }
}

void refuse_new_privileges(int socket) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) refuse(socket, "set", "no_new_privs", errno);
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
    refuse(socket, "clear", "ambient capabilities", errno);
}

void restrict_files(const Configuration& configuration, int socket) {
  long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kCreateVersion);
  if (abi < 1) refuse(socket, "use", "Landlock", errno);
  const auto cap = static_cast<long>(configuration.number("landlock_cap", 1000));
  if (cap < abi) abi = cap;
  const uint64_t handled = handled_by(abi);
  RulesetAttributes attributes{handled, 0, 0};
  size_t size = sizeof attributes.handled_files;
  if (abi >= 6) {
    attributes.scoped = kScopeAbstractSockets | kScopeSignals;
    size = sizeof attributes;
  }
  const int ruleset = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0));
  if (ruleset < 0) refuse(socket, "make", "a Landlock ruleset", errno);
  const uint64_t write = handled & ~(kMakeCharacterDevice | kMakeBlockDevice);
  const char* path = nullptr;
  for (size_t n = 0; (path = configuration.find("list", n)) != nullptr; ++n)
    allow(ruleset, path, kReadDirectory, socket);
  for (size_t n = 0; (path = configuration.find("read", n)) != nullptr; ++n)
    allow(ruleset, path, kExecute | kReadFile | kReadDirectory, socket);
  for (size_t n = 0; (path = configuration.find("write", n)) != nullptr; ++n)
    allow(ruleset, path, write, socket);
  if (::syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
    refuse(socket, "enter", "the Landlock ruleset", errno);
  ::close(ruleset);
}

void filter_system_calls(const Configuration& configuration, int socket) {
  static sock_filter instructions[8192];
  const char* value = nullptr;
  for (size_t n = 0; (value = configuration.find("seccomp", n)) != nullptr; ++n) {
    const int fd = atoi(value);
    const ssize_t got = ::pread(fd, instructions, sizeof instructions, 0);
    if (got <= 0 || static_cast<size_t>(got) % sizeof(sock_filter) != 0)
      refuse(socket, "read", "a system call filter", got < 0 ? errno : EBADMSG);
    sock_fprog program{static_cast<unsigned short>(static_cast<size_t>(got) / sizeof(sock_filter)),
                       instructions};
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
      refuse(socket, "load", "a system call filter", errno);
  }
}

}  // namespace pryx::sandbox_init

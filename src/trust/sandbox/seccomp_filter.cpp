// SPDX-License-Identifier: MIT
#include "trust/sandbox/seccomp_filter.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <span>

namespace pryx::sandbox {
namespace {

using Context = std::unique_ptr<void, decltype(&seccomp_release)>;

// What compilers, interpreters, build tools and ordinary programs use. Absent on purpose, among others:
// mounting in both its forms, io_uring, bpf, perf, keyrings, ptrace and reading other processes' memory,
// userfaultfd, handles that bypass paths, modules, clocks, swap, quotas, new namespaces.
constexpr const char* kAllowed[] = {
    // files
    "access", "chdir", "chmod", "chown", "close", "close_range", "copy_file_range", "creat", "dup", "dup2",
    "dup3", "faccessat", "faccessat2", "fadvise64", "fallocate", "fchdir", "fchmod", "fchmodat", "fchmodat2",
    "fchown", "fchownat", "fcntl", "fdatasync", "fgetxattr", "flistxattr", "flock", "fremovexattr",
    "fsetxattr", "fstat", "fstatfs", "fsync", "ftruncate", "futimesat", "getcwd", "getdents", "getdents64",
    "getxattr", "inotify_add_watch", "inotify_init", "inotify_init1", "inotify_rm_watch", "ioctl", "lchown",
    "lgetxattr", "link", "linkat", "listxattr", "llistxattr", "lremovexattr", "lseek", "lsetxattr", "lstat",
    "mkdir", "mkdirat", "newfstatat", "open", "openat", "openat2", "pread64", "preadv", "preadv2", "pwrite64",
    "pwritev", "pwritev2", "read", "readahead", "readlink", "readlinkat", "readv", "removexattr", "rename",
    "renameat", "renameat2", "rmdir", "sendfile", "setxattr", "splice", "stat", "statfs", "statx", "symlink",
    "symlinkat", "sync", "sync_file_range", "syncfs", "tee", "truncate", "umask", "unlink", "unlinkat",
    "utime", "utimensat", "utimes", "write", "writev", "cachestat",
    // memory
    "brk", "madvise", "membarrier", "memfd_create", "mincore", "mlock", "mlock2", "mlockall", "mmap",
    "mprotect", "mremap", "mseal", "msync", "munlock", "munlockall", "munmap", "pkey_alloc", "pkey_free",
    "pkey_mprotect", "process_madvise", "get_mempolicy", "set_mempolicy", "mbind", "map_shadow_stack",
    // processes and threads
    "arch_prctl", "capget", "capset", "execve", "execveat", "exit", "exit_group", "fork", "futex",
    "futex_wait", "futex_waitv", "futex_wake", "futex_requeue", "get_robust_list", "get_thread_area",
    "getcpu", "getegid", "geteuid", "getgid", "getgroups", "getpgid", "getpgrp", "getpid", "getppid",
    "getpriority", "getresgid", "getresuid", "getrlimit", "getrusage", "getsid", "gettid", "getuid",
    "ioprio_get", "ioprio_set", "kill", "pidfd_open", "pidfd_send_signal", "prctl", "prlimit64",
    "restart_syscall", "rseq", "sched_get_priority_max", "sched_get_priority_min", "sched_getaffinity",
    "sched_getattr", "sched_getparam", "sched_getscheduler", "sched_rr_get_interval", "sched_setaffinity",
    "sched_setattr", "sched_setparam", "sched_setscheduler", "sched_yield", "set_robust_list",
    "set_thread_area", "set_tid_address", "setfsgid", "setfsuid", "setgid", "setgroups", "setpgid",
    "setpriority", "setregid", "setresgid", "setresuid", "setreuid", "setrlimit", "setsid", "setuid",
    "tgkill", "times", "tkill", "vfork", "wait4", "waitid", "sysinfo", "uname", "getrandom",
    // signals, time, waiting
    "alarm", "clock_getres", "clock_gettime", "clock_nanosleep", "epoll_create", "epoll_create1", "epoll_ctl",
    "epoll_ctl_old", "epoll_pwait", "epoll_pwait2", "epoll_wait", "epoll_wait_old", "eventfd", "eventfd2",
    "getitimer", "gettimeofday", "nanosleep", "pause", "pipe", "pipe2", "poll", "ppoll", "pselect6",
    "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend",
    "rt_sigtimedwait", "rt_tgsigqueueinfo", "select", "setitimer", "sigaltstack", "signalfd", "signalfd4",
    "time", "timer_create", "timer_delete", "timer_getoverrun", "timer_gettime", "timer_settime",
    "timerfd_create", "timerfd_gettime", "timerfd_settime",
    // sockets; which kinds may be made is said below
    "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen", "recvfrom",
    "recvmmsg", "recvmsg", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown", "socketpair",
    // System V and POSIX objects (the namespace is the sandbox's own), Linux native asynchronous files
    "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedsend", "mq_unlink", "msgctl",
    "msgget", "msgrcv", "msgsnd", "semctl", "semget", "semop", "semtimedop", "shmat", "shmctl", "shmdt",
    "shmget", "io_cancel", "io_destroy", "io_getevents", "io_pgetevents", "io_setup", "io_submit",
    // layers that a program puts around itself can only take rights away
    "landlock_add_rule", "landlock_create_ruleset", "landlock_restrict_self", "seccomp"};

constexpr std::uint64_t kNewNamespaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                                         CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_NEWTIME;
// The kernel looks at 32 bits of these arguments; a comparison of 64 would be passed by with the rest set.
constexpr std::uint64_t kLow = 0xffffffffu;
constexpr std::uint64_t kSocketType = 0xf;  // without SOCK_CLOEXEC and SOCK_NONBLOCK
constexpr std::uint64_t kTiocLinux = 0x541c;

Result<void> add(void* context, std::uint32_t action, const char* name,
                 std::span<const scmp_arg_cmp> arguments) {
  const int number = ::seccomp_syscall_resolve_name(name);
  // Not on this machine, or younger than the library: the default of the list is right for it.
  if (number < 0) return {};
  const int result = ::seccomp_rule_add_array(context, action, number,
                                              static_cast<unsigned>(arguments.size()), arguments.data());
  if (result < 0)
    return std::unexpected(platform::system_error(fmt::format("compile the filter for {}", name), -result));
  return {};
}

Result<Context> start(std::uint32_t otherwise) {
  Context context(::seccomp_init(otherwise), &seccomp_release);
  if (!context) return fail(ErrorCode::kInternal, "libseccomp gives no filter");
  // A call through another instruction set's numbers would mean something else.
  ::seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  ::seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_NNP, 0);
  ::seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a binary tree instead of a long chain
  return context;
}

Result<platform::UniqueFd> store(void* context, const char* name) {
  platform::UniqueFd file(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return std::unexpected(platform::system_error("keep a system call filter in memory", errno));
  if (const int result = ::seccomp_export_bpf(context, file.get()); result < 0)
    return std::unexpected(platform::system_error("compile the system call filter", -result));
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
    return std::unexpected(platform::system_error("seal the system call filter", errno));
  return file;
}

Result<void> allow_sockets(void* context) {
  // No AF_UNIX: sockets of the host's services are files, and no other layer of every kernel can refuse to
  // connect to one that is visible. socketpair() stays.
  for (const int family : {AF_INET, AF_INET6}) {
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
      const scmp_arg_cmp is[] = {{0, SCMP_CMP_MASKED_EQ, kLow, static_cast<std::uint64_t>(family)},
                                 {1, SCMP_CMP_MASKED_EQ, kSocketType, static_cast<std::uint64_t>(type)}};
      PRYX_TRY_VOID(add(context, SCMP_ACT_ALLOW, "socket", is));
    }
  }
  // Which interfaces there are: asked by resolvers and servers. Only the routing protocol.
  const scmp_arg_cmp routing[] = {{0, SCMP_CMP_MASKED_EQ, kLow, AF_NETLINK},
                                  {2, SCMP_CMP_MASKED_EQ, kLow, 0}};
  return add(context, SCMP_ACT_ALLOW, "socket", routing);
}

Result<platform::UniqueFd> compile_allow_list() {
  PRYX_TRY(Context context, start(SCMP_ACT_ERRNO(ENOSYS)));
  for (const char* name : kAllowed) PRYX_TRY_VOID(add(context.get(), SCMP_ACT_ALLOW, name, {}));
  PRYX_TRY_VOID(allow_sockets(context.get()));
  // clone3 hides its flags in memory that a filter cannot read; libc falls back to clone.
  const scmp_arg_cmp no_namespace[] = {{0, SCMP_CMP_MASKED_EQ, kNewNamespaces, 0}};
  PRYX_TRY_VOID(add(context.get(), SCMP_ACT_ALLOW, "clone", no_namespace));
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{ADDR_NO_RANDOMIZE}, kLow}) {
    const scmp_arg_cmp is[] = {{0, SCMP_CMP_MASKED_EQ, kLow, value}};
    PRYX_TRY_VOID(add(context.get(), SCMP_ACT_ALLOW, "personality", is));
  }
  for (const auto& [name, at] : {std::pair{"mknod", 1u}, std::pair{"mknodat", 2u}}) {
    for (const std::uint64_t type : {std::uint64_t{0}, std::uint64_t{S_IFREG}, std::uint64_t{S_IFIFO}}) {
      const scmp_arg_cmp is[] = {{at, SCMP_CMP_MASKED_EQ, S_IFMT, type}};
      PRYX_TRY_VOID(add(context.get(), SCMP_ACT_ALLOW, name, is));
    }
  }
  return store(context.get(), "pryx-allowed-calls");
}

Result<platform::UniqueFd> compile_refusals() {
  PRYX_TRY(Context context, start(SCMP_ACT_ALLOW));
  // Typing into the terminal that a sandbox shares, and its cousins.
  for (const std::uint64_t request :
       {std::uint64_t{TIOCSTI}, kTiocLinux, std::uint64_t{TIOCCONS}, std::uint64_t{TIOCSETD}}) {
    const scmp_arg_cmp is[] = {{1, SCMP_CMP_MASKED_EQ, kLow, request}};
    PRYX_TRY_VOID(add(context.get(), SCMP_ACT_ERRNO(EPERM), "ioctl", is));
  }
  return store(context.get(), "pryx-refused-forms");
}

}  // namespace

Result<SyscallFilters> compile_syscall_filters() {
  SyscallFilters filters;
  PRYX_TRY(filters.allow_list, compile_allow_list());
  PRYX_TRY(filters.refusals, compile_refusals());
  return filters;
}

}  // namespace pryx::sandbox

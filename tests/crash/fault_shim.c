// SPDX-License-Identifier: MIT
// Preloaded into a daemon under test: counts the calls that change a file, and at the one it is told to
// either kills the process with SIGKILL (before or after the call) or makes it fail. It is told through a
// small file that the test maps too (PRYX_FAULT_SHIM names it; faults.py holds the same layout). Only the
// process whose first argument is "serve" is touched, never its children.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum Mode { kOff = 0, kKillBefore = 1, kKillAfter = 2, kFail = 3, kShortWrite = 4 };
enum Kind { kWrite = 1, kSync = 2, kTruncate = 4, kOpen = 8, kSocket = 16, kRename = 32 };

struct Control {
  uint32_t mode;
  uint32_t kinds;
  int32_t error;
  int32_t pid;        // of the process that mapped it
  int64_t countdown;  // the call that finds 1 is hit
  int64_t repeat;     // how many calls are hit from there on; negative: all until mode is 0
  int64_t calls;      // counted so far
  int64_t hits;
};

static struct Control* control;
static pid_t own_pid;

__attribute__((constructor)) static void attach(void) {
  const char* path = getenv("PRYX_FAULT_SHIM");
  if (path == NULL) return;
  char line[4096] = {0};
  const int self = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  const ssize_t size = self < 0 ? -1 : read(self, line, sizeof line - 1);
  if (self >= 0) close(self);
  if (size <= 0) return;
  const size_t first = strlen(line) + 1;
  if (first >= (size_t)size || strcmp(line + first, "serve") != 0) return;
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped == MAP_FAILED) return;
  own_pid = getpid();
  ((struct Control*)mapped)->pid = own_pid;
  control = mapped;
}

static int is_file(int fd) {
  struct stat info;
  return fd > 2 && fstat(fd, &info) == 0 && (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode));
}

// What to do with this call: 0 nothing, else a Mode.
static uint32_t judge(uint32_t kind) {
  struct Control* c = control;
  if (c == NULL || c->mode == kOff || (c->kinds & kind) == 0 || getpid() != own_pid) return kOff;
  __atomic_fetch_add(&c->calls, 1, __ATOMIC_SEQ_CST);
  const int64_t left = __atomic_sub_fetch(&c->countdown, 1, __ATOMIC_SEQ_CST);
  if (left > 0 || (c->repeat >= 0 && -left >= c->repeat)) return kOff;
  __atomic_fetch_add(&c->hits, 1, __ATOMIC_SEQ_CST);
  return c->mode;
}

static void die(void) {
  kill(own_pid, SIGKILL);
  for (;;) pause();
}

static void* real(const char* name) { return dlsym(RTLD_NEXT, name); }

// A short write hands half of the bytes to the kernel; calls that write nothing go through.
#define FORWARD(type, name, kind, counted, short_call, params, args) \
  type name params {                                                 \
    static type(*next) params;                                       \
    if (next == NULL) next = (type(*) params)real(#name);            \
    const uint32_t verdict = (counted) ? judge(kind) : kOff;         \
    if (verdict == kKillBefore) die();                               \
    if (verdict == kFail) {                                          \
      errno = control->error;                                        \
      return -1;                                                     \
    }                                                                \
    if (verdict == kShortWrite) return short_call;                   \
    const type result = next args;                                   \
    if (verdict == kKillAfter) die();                                \
    return result;                                                   \
  }

FORWARD(ssize_t, write, kWrite, is_file(fd), next(fd, data, size > 1 ? size / 2 : size),
        (int fd, const void* data, size_t size), (fd, data, size))
FORWARD(ssize_t, pwrite, kWrite, is_file(fd), next(fd, data, size > 1 ? size / 2 : size, at),
        (int fd, const void* data, size_t size, off_t at), (fd, data, size, at))
FORWARD(ssize_t, pwrite64, kWrite, is_file(fd), next(fd, data, size > 1 ? size / 2 : size, at),
        (int fd, const void* data, size_t size, off64_t at), (fd, data, size, at))
FORWARD(ssize_t, writev, kWrite, is_file(fd), next(fd, parts, 1),
        (int fd, const struct iovec* parts, int count), (fd, parts, count))
FORWARD(int, fsync, kSync, is_file(fd), next(fd), (int fd), (fd))
FORWARD(int, fdatasync, kSync, is_file(fd), next(fd), (int fd), (fd))
FORWARD(int, ftruncate, kTruncate, is_file(fd), next(fd, size), (int fd, off_t size), (fd, size))
FORWARD(int, ftruncate64, kTruncate, is_file(fd), next(fd, size), (int fd, off64_t size), (fd, size))
FORWARD(int, rename, kRename, 1, next(from, to), (const char* from, const char* to), (from, to))
FORWARD(int, renameat, kRename, 1, next(a, from, b, to), (int a, const char* from, int b, const char* to),
        (a, from, b, to))
FORWARD(int, accept4, kSocket, 1, next(fd, at, size, flags),
        (int fd, struct sockaddr* at, socklen_t* size, int flags), (fd, at, size, flags))
FORWARD(int, socket, kSocket, 1, next(domain, type, protocol), (int domain, int type, int protocol),
        (domain, type, protocol))

#define FORWARD_OPEN(name, params, args)            \
  int name params {                                 \
    static int (*next)(__VA_ARGS_OF_##name);        \
    mode_t mode = 0;                                \
    if (flags & (O_CREAT | O_TMPFILE)) {            \
      va_list list;                                 \
      va_start(list, flags);                        \
      mode = va_arg(list, mode_t);                  \
      va_end(list);                                 \
    }                                               \
    if (next == NULL) *(void**)&next = real(#name); \
    if (judge(kOpen) == kFail) {                    \
      errno = control->error;                       \
      return -1;                                    \
    }                                               \
    return next args;                               \
  }
#define __VA_ARGS_OF_open const char*, int, ...
#define __VA_ARGS_OF_open64 const char*, int, ...
#define __VA_ARGS_OF_openat int, const char*, int, ...
#define __VA_ARGS_OF_openat64 int, const char*, int, ...
FORWARD_OPEN(open, (const char* path, int flags, ...), (path, flags, mode))
FORWARD_OPEN(open64, (const char* path, int flags, ...), (path, flags, mode))
FORWARD_OPEN(openat, (int at, const char* path, int flags, ...), (at, path, flags, mode))
FORWARD_OPEN(openat64, (int at, const char* path, int flags, ...), (at, path, flags, mode))

// SPDX-License-Identifier: MIT
// One attempt of something that a sandbox must not allow. Prints "REACHED" when it worked, else "blocked:
// <errno>". The verbs are listed at the end; tests/sandbox/probes.py says which are tried on what. Files of
// the host that are not decoys of the campaign are only opened, never written.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static int reached(void) {
  puts("REACHED");
  return 0;
}
static int blocked(void) {
  printf("blocked: %s\n", strerror(errno));
  return 1;
}
static int verdict(long result) { return result >= 0 ? reached() : blocked(); }

static int do_read(char** a) {
  const int fd = open(a[0], O_RDONLY | O_CLOEXEC);
  if (fd < 0) return blocked();
  char byte;
  const ssize_t got = read(fd, &byte, 1);
  if (got == 0) errno = ENODATA;
  return got == 1 || (got < 0 && errno == EISDIR) ? reached() : blocked();
}
static int do_write(char** a) {
  const int fd = open(a[0], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  return fd < 0 ? blocked() : verdict(write(fd, "pwned\n", 6));
}
static int do_append(char** a) {
  const int fd = open(a[0], O_WRONLY | O_APPEND | O_CLOEXEC);
  return fd < 0 ? blocked() : verdict(write(fd, "pwned\n", 6));
}
static int do_tmpfile(char** a) {
  const int fd = open(a[0], O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
  if (fd < 0) return blocked();
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  return verdict(linkat(AT_FDCWD, name, AT_FDCWD, a[1], AT_SYMLINK_FOLLOW));
}
static int do_truncate(char** a) { return verdict(truncate(a[0], 0)); }
static int do_unlink(char** a) { return verdict(unlink(a[0])); }
static int do_rename(char** a) { return verdict(rename(a[0], a[1])); }
static int do_exchange(char** a) {
  return verdict(syscall(SYS_renameat2, AT_FDCWD, a[0], AT_FDCWD, a[1], 2));
}
static int do_symlink(char** a) { return verdict(symlink(a[0], a[1])); }
static int do_link(char** a) { return verdict(link(a[0], a[1])); }
static int do_mkdir(char** a) { return verdict(mkdir(a[0], 0755)); }
static int do_mkfifo(char** a) { return verdict(mkfifo(a[0], 0644)); }
static int do_chmod(char** a) { return verdict(chmod(a[0], 0777)); }
static int do_setxattr(char** a) { return verdict(setxattr(a[0], "user.pwned", "1", 1, 0)); }
// A path over a descriptor that was opened for looking only.
static int do_reopen(char** a) {
  const int fd = open(a[0], O_PATH | O_CLOEXEC);
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  char* again[] = {name};
  return fd < 0 ? blocked() : do_read(again);
}

static int greet(int fd) {
  if (send(fd, "hello", 5, MSG_NOSIGNAL) < 0) return blocked();
  struct pollfd entry = {fd, POLLIN, 0};
  char reply[16];
  if (poll(&entry, 1, 3000) != 1) {
    errno = ETIMEDOUT;
    return blocked();
  }
  return recv(fd, reply, sizeof reply, 0) > 0 ? reached() : blocked();
}
static int connect_unix(const char* path, int abstract, int type) {
  const int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const size_t length = strlen(path);
  memcpy(address.sun_path + abstract, path, length < 106 ? length : 106);
  const socklen_t size =
      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)abstract + length + (abstract ? 0 : 1));
  if (fd < 0 || connect(fd, (struct sockaddr*)&address, size) != 0) return blocked();
  return greet(fd);
}
static int do_unix(char** a) { return connect_unix(a[0], 0, SOCK_STREAM); }
static int do_abstract(char** a) { return connect_unix(a[0], 1, SOCK_STREAM); }
static int connect_inet(const char* host, const char* port, int type) {
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port))};
  struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  const int is_six = strchr(host, ':') != NULL;
  if (is_six)
    inet_pton(AF_INET6, host, &six.sin6_addr);
  else
    inet_pton(AF_INET, host, &four.sin_addr);
  const int fd = socket(is_six ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, is_six ? (struct sockaddr*)&six : (struct sockaddr*)&four,
                        is_six ? sizeof six : sizeof four) != 0)
    return blocked();
  return greet(fd);
}
static int do_tcp(char** a) { return connect_inet(a[0], a[1], SOCK_STREAM); }
static int do_udp(char** a) { return connect_inet(a[0], a[1], SOCK_DGRAM); }
static int do_fastopen(char** a) {
  struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(a[1]))};
  inet_pton(AF_INET, a[0], &four.sin_addr);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || sendto(fd, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr*)&four, sizeof four) < 0)
    return blocked();
  return greet(fd);
}
static int do_socket(char** a) { return verdict(socket(atoi(a[0]), atoi(a[1]) | SOCK_CLOEXEC, atoi(a[2]))); }

// Whether the system call exists for us at all: nonsense arguments are an error of their own kind.
static int do_call(char** a) {
  const long number = atol(a[0]);
  errno = 0;
  const long result = syscall(number, -1L, -1L, -1L, -1L, -1L, -1L);
  return result >= 0 || (errno != ENOSYS && errno != EPERM) ? reached() : blocked();
}
static int new_namespaces(int flags) { return unshare(CLONE_NEWUSER | flags); }
static int do_unshare(char** a) { return verdict(new_namespaces((int)strtol(a[0], NULL, 0))); }
static int do_clone3(char** a) {
  (void)a;
  struct {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
  } arguments = {.flags = CLONE_NEWUSER | CLONE_NEWNS, .exit_signal = SIGCHLD};
  const long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0) _exit(0);
  return verdict(pid);
}
static int do_clone(char** a) {
  const long pid = syscall(SYS_clone, strtol(a[0], NULL, 0) | CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) _exit(0);
  return verdict(pid);
}
static int do_mount(char** a) {
  (void)a;
  if (new_namespaces(CLONE_NEWNS) != 0) return blocked();
  return verdict(mount("none", "/tmp", "tmpfs", 0, NULL));
}
static int do_fsopen(char** a) {
  (void)a;
  new_namespaces(CLONE_NEWNS);
  return verdict(syscall(430, "tmpfs", 0));
}
static int do_open_tree(char** a) {
  (void)a;
  new_namespaces(CLONE_NEWNS);
  return verdict(syscall(428, AT_FDCWD, "/", 1));
}
static int do_chroot(char** a) {
  new_namespaces(0);
  return verdict(chroot(a[0]));
}
static int do_sethostname(char** a) {
  (void)a;
  new_namespaces(CLONE_NEWUTS);
  return verdict(sethostname("pwned", 5));
}
static int do_uring(char** a) {
  (void)a;
  char parameters[120] = {0};
  return verdict(syscall(425, 4, parameters));
}
static int do_userfaultfd(char** a) {
  (void)a;
  return verdict(syscall(SYS_userfaultfd, 1 | O_CLOEXEC));
}
static int do_addkey(char** a) {
  (void)a;
  return verdict(syscall(SYS_add_key, "user", "pryx-probe", "x", 1, KEY_SPEC_PROCESS_KEYRING));
}
static int do_keyctl(char** a) {
  (void)a;
  return verdict(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1));
}
static int do_perf(char** a) {
  (void)a;
  struct perf_event_attr attributes = {
      .type = PERF_TYPE_SOFTWARE, .size = sizeof attributes, .config = PERF_COUNT_SW_TASK_CLOCK};
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  return verdict(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}
static int do_bpf(char** a) {
  (void)a;
  uint32_t attributes[32] = {1 /* hash */, 4, 4, 1};
  return verdict(syscall(SYS_bpf, 0, attributes, sizeof attributes));
}
static int do_personality(char** a) { return verdict(personality(strtoul(a[0], NULL, 0))); }
static pid_t child_that_waits(void) {
  const pid_t pid = fork();
  if (pid == 0) {
    pause();
    _exit(0);
  }
  return pid;
}
static int do_ptrace(char** a) {
  const pid_t pid = a[0] != NULL ? atoi(a[0]) : child_that_waits();
  const long result = ptrace(PTRACE_SEIZE, pid, 0, 0);
  const int code = verdict(result);
  if (a[0] == NULL) kill(pid, SIGKILL);
  return code;
}
static int do_readmemory(char** a) {
  static char from[8] = "secret";
  char to[8];
  const pid_t pid = a[0] != NULL ? atoi(a[0]) : child_that_waits();
  struct iovec local = {to, 1}, remote = {a[0] != NULL ? (void*)strtoul(a[1], NULL, 0) : from, 1};
  const int code = verdict(process_vm_readv(pid, &local, 1, &remote, 1, 0));
  if (a[0] == NULL) kill(pid, SIGKILL);
  return code;
}
static int do_getfd(char** a) {
  (void)a;
  const pid_t pid = child_that_waits();
  const int handle = (int)syscall(434, pid, 0);
  const int code = verdict(syscall(438, handle, 1, 0));
  kill(pid, SIGKILL);
  return code;
}
static int do_kill(char** a) { return verdict(kill(atoi(a[0]), 0)); }
static int do_priority(char** a) { return verdict(setpriority(PRIO_PROCESS, (id_t)atoi(a[0]), 19)); }
static int do_prlimit(char** a) {
  return verdict(prlimit(atoi(a[0]), RLIMIT_NOFILE, NULL, &(struct rlimit){0, 0}));
}
static int do_pidfd(char** a) { return verdict(syscall(434, atoi(a[0]), 0)); }
static int do_shm(char** a) { return verdict(shmget((key_t)strtol(a[0], NULL, 0), 0, 0)); }
static int do_env(char** a) {
  if (getenv(a[0]) != NULL) return reached();
  errno = ENOENT;
  return blocked();
}
static int do_sti(char** a) {
  (void)a;
  // On a terminal of our own: only the request itself is judged.
  const int master = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(master);
  unlockpt(master);
  setsid();
  const int terminal = open(ptsname(master), O_RDWR);
  ioctl(terminal, TIOCSCTTY, 0);
  return verdict(ioctl(terminal, strtoul(a[0], NULL, 0), "x"));
}
static int do_session(char** a) { return getsid(0) == atoi(a[0]) ? reached() : (errno = ESRCH, blocked()); }
static int do_fds(char** a) {
  (void)a;
  for (int fd = 3; fd < 256; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) return reached();
  }
  errno = EBADF;
  return blocked();
}
static int do_processes(char** a) {
  const int wanted = atoi(a[0]);
  for (int i = 0; i < wanted; ++i) {
    const pid_t pid = fork();
    if (pid < 0) {
      const int problem = errno;
      signal(SIGTERM, SIG_IGN);
      kill(0, SIGTERM);
      errno = problem;
      return blocked();
    }
    if (pid == 0) {
      pause();
      _exit(0);
    }
  }
  signal(SIGTERM, SIG_IGN);
  kill(0, SIGTERM);
  return reached();
}
static int do_memory(char** a) {
  // Not touched: the promise of the memory is what is limited.
  void* p = mmap(NULL, strtoull(a[0], NULL, 10), PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p == MAP_FAILED ? blocked() : reached();
}
static int do_bigfile(char** a) {
  signal(SIGXFSZ, SIG_IGN);
  const int fd = open(a[0], O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  return fd < 0 ? blocked() : verdict(ftruncate(fd, strtoll(a[1], NULL, 10)));
}
static int do_manyfiles(char** a) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  for (int i = atoi(a[0]); i > 0; --i) {
    if (open("/dev/null", O_RDONLY) < 0) return blocked();
  }
  return reached();
}
static int do_orphan(char** a) {
  // Survives its parent, its session and a polite signal.
  if (fork() == 0) {
    setsid();
    if (fork() == 0) {
      signal(SIGTERM, SIG_IGN);
      signal(SIGHUP, SIG_IGN);
      close(0);
      close(1);
      close(2);
      execl("/bin/sleep", "sleep", a[0], NULL);
    }
    _exit(0);
  }
  wait(NULL);
  usleep(20000);
  puts("started");
  return 0;
}
static int do_suid(char** a) {
  const pid_t pid = fork();
  if (pid == 0) {
    execv(a[0], (char*[]){a[0], NULL});
    _exit(1);
  }
  return verdict(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 ? 0 : (errno = EPERM, -1));
}

static const struct {
  const char* verb;
  int (*act)(char**);
} kVerbs[] = {{"read", do_read},
              {"write", do_write},
              {"append", do_append},
              {"tmpfile", do_tmpfile},
              {"truncate", do_truncate},
              {"unlink", do_unlink},
              {"rename", do_rename},
              {"exchange", do_exchange},
              {"symlink", do_symlink},
              {"link", do_link},
              {"mkdir", do_mkdir},
              {"mkfifo", do_mkfifo},
              {"chmod", do_chmod},
              {"setxattr", do_setxattr},
              {"reopen", do_reopen},
              {"unix", do_unix},
              {"abstract", do_abstract},
              {"tcp", do_tcp},
              {"udp", do_udp},
              {"fastopen", do_fastopen},
              {"socket", do_socket},
              {"call", do_call},
              {"unshare", do_unshare},
              {"clone3", do_clone3},
              {"clone", do_clone},
              {"mount", do_mount},
              {"fsopen", do_fsopen},
              {"open_tree", do_open_tree},
              {"chroot", do_chroot},
              {"sethostname", do_sethostname},
              {"uring", do_uring},
              {"userfaultfd", do_userfaultfd},
              {"addkey", do_addkey},
              {"keyctl", do_keyctl},
              {"perf", do_perf},
              {"bpf", do_bpf},
              {"personality", do_personality},
              {"ptrace", do_ptrace},
              {"readmemory", do_readmemory},
              {"getfd", do_getfd},
              {"kill", do_kill},
              {"priority", do_priority},
              {"prlimit", do_prlimit},
              {"pidfd", do_pidfd},
              {"shm", do_shm},
              {"env", do_env},
              {"sti", do_sti},
              {"session", do_session},
              {"fds", do_fds},
              {"processes", do_processes},
              {"memory", do_memory},
              {"bigfile", do_bigfile},
              {"manyfiles", do_manyfiles},
              {"orphan", do_orphan},
              {"nnp", do_suid}};

int main(int argc, char** argv) {
  setvbuf(stdout, NULL, _IONBF, 0);
  for (size_t i = 0; argc >= 2 && i < sizeof kVerbs / sizeof kVerbs[0]; ++i) {
    if (strcmp(argv[1], kVerbs[i].verb) == 0) return kVerbs[i].act(argv + 2);
  }
  fputs("no such probe\n", stderr);
  return 2;
}

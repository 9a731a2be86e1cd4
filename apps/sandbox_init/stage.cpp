// SPDX-License-Identifier: MIT
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "devices.h"

namespace pryx::sandbox_init {
namespace {

void write_file(const char* path, const char* text, int socket) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || ::write(fd, text, strlen(text)) < 0)
    refuse(socket, "map users of the namespace in", path, errno);
  ::close(fd);
}

// Appends a path to mount options; the separators of the option string are escaped.
size_t append_path(char* out, size_t at, size_t size, const char* path, int socket) {
  for (; *path != '\0'; ++path) {
    if (at + 3 >= size) refuse(socket, "mount", "an overlay at such a long path", ENAMETOOLONG);
    if (*path == ',' || *path == ':' || *path == '\\') out[at++] = '\\';
    out[at++] = *path;
  }
  out[at] = '\0';
  return at;
}

// New namespaces, in which this user keeps its number. `parent` is who started this program.
void enter_namespaces(int kinds, pid_t parent, int socket) {
  const uid_t user = ::getuid();
  const gid_t group = ::getgid();
  if (::unshare(CLONE_NEWUSER | kinds) != 0) refuse(socket, "make", "a user namespace", errno);
  char map[64];
  write_file("/proc/self/setgroups", "deny", socket);
  snprintf(map, sizeof map, "%u %u 1", user, user);
  write_file("/proc/self/uid_map", map, socket);
  snprintf(map, sizeof map, "%u %u 1", group, group);
  write_file("/proc/self/gid_map", map, socket);
  // A change of credentials disarms the death signal.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != parent) ::_exit(125);
}

// What follows is the first process of a pid namespace, so that its end is the end of everything that it
// starts; and it ends with this program, which ends with the daemon. bubblewrap's own --die-with-parent is
// armed late: whoever was killed before that left bubblewrap's child behind, and what that had started.
void hold(int socket) {
  int lifeline[2];
  if (::pipe2(lifeline, O_CLOEXEC) != 0) refuse(socket, "hold", "the first process of the sandbox", errno);
  const pid_t first = ::fork();
  if (first < 0) refuse(socket, "start", "the first process of the sandbox", errno);
  if (first == 0) {
    ::close(lifeline[1]);
    pollfd entry{lifeline[0], POLLIN, 0};
    // The number of the parent says nothing in here, the pipe does.
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::poll(&entry, 1, 0) != 0) ::_exit(125);
    ::close(lifeline[0]);
    return;
  }
  // The daemon adopts it when this program is killed, and has to wait for it then.
  hand_over(socket, 'H', first);
  // The end of the status socket says that the command has begun: no copy stays here.
  if (::dup3(lifeline[1], 3, O_CLOEXEC) != 3) ::_exit(125);
  ::syscall(SYS_close_range, 4u, ~0u, 0);
  int status = 0;
  while (::waitpid(first, &status, 0) < 0 && errno == EINTR) {
  }
  ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

// The daemon works out the mounts while this program starts. They are complete when it says so, and nothing
// is to be executed when it ends or changes its mind before that.
void wait_for_word(int socket) {
  char word = 0;
  ssize_t got = -1;
  do {
    got = ::recv(socket, &word, 1, 0);
  } while (got < 0 && errno == EINTR);
  if (got != 1 || word != 'G') ::_exit(125);
}

[[noreturn]] void execute(char** argv, int socket) {
  char* environment[] = {nullptr};
  ::execve(argv[0], argv, environment);
  refuse(socket, "execute", argv[0], errno);
}

}  // namespace

void run_hold_stage(int argc, char** argv) {
  if (argc < 3) ::_exit(125);
  const int socket = atoi(argv[0]);
  if (strcmp(argv[1], "hold") == 0) {
    enter_namespaces(CLONE_NEWPID, ::getppid(), socket);
    hold(socket);
  }
  wait_for_word(socket);
  execute(argv + 2, socket);
}

void run_overlay_stage(int argc, char** argv) {
  if (argc < 8) ::_exit(125);
  const int workspace = atoi(argv[0]);
  const char *upper = argv[1], *work = argv[2], *merged = argv[3], *devices = argv[4];
  const int socket = atoi(argv[5]);
  const bool holds = strcmp(argv[6], "hold") == 0;
  const pid_t parent = ::getppid();
  // The directory is entered, not named: the namespace that follows takes the working directory along.
  if (::fchdir(workspace) != 0) refuse(socket, "enter", "the workspace", errno);
  enter_namespaces(CLONE_NEWNS | (holds ? CLONE_NEWPID : 0), parent, socket);
  if (holds) hold(socket);
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    refuse(socket, "detach", "the mounts", errno);
  static char options[3 * 4096 + 128];
  const size_t size = sizeof options;
  // volatile: the end of the mount would otherwise write out the whole disk that the upper directory is on.
  // Nobody needs the overlay after a crash: what is in it is dropped then.
  strcpy(options, "userxattr,volatile,lowerdir=.,upperdir=");
  size_t at = append_path(options, strlen(options), size, upper, socket);
  at += static_cast<size_t>(snprintf(options + at, size - at, ",workdir="));
  append_path(options, at, size, work, socket);
  if (::mount("overlay", merged, "overlay", MS_NOSUID | MS_NODEV, options) != 0)
    refuse(socket, "mount", "the overlay over the workspace", errno);
  make_devices(devices, socket);
  if (::chdir("/") != 0) refuse(socket, "leave", "the workspace", errno);
  ::close(workspace);
  wait_for_word(socket);
  execute(argv + 7, socket);
}

}  // namespace pryx::sandbox_init

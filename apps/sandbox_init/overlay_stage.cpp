// SPDX-License-Identifier: MIT
#include "overlay_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "channel.h"

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

}  // namespace

void run_overlay_stage(int argc, char** argv) {
  if (argc < 6) ::_exit(125);
  const int workspace = atoi(argv[0]);
  const char *upper = argv[1], *work = argv[2], *merged = argv[3];
  const int socket = atoi(argv[4]);
  const pid_t parent = ::getppid();
  const uid_t user = ::getuid();
  const gid_t group = ::getgid();
  // The directory is entered, not named: the namespace that follows takes the working directory along.
  if (::fchdir(workspace) != 0) refuse(socket, "enter", "the workspace", errno);
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) refuse(socket, "make", "a user namespace", errno);
  char map[64];
  write_file("/proc/self/setgroups", "deny", socket);
  snprintf(map, sizeof map, "%u %u 1", user, user);
  write_file("/proc/self/uid_map", map, socket);
  snprintf(map, sizeof map, "%u %u 1", group, group);
  write_file("/proc/self/gid_map", map, socket);
  // A change of credentials disarms the death signal.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != parent) ::_exit(125);
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
  if (::chdir("/") != 0) refuse(socket, "leave", "the workspace", errno);
  ::close(workspace);
  char* environment[] = {nullptr};
  ::execve(argv[5], argv + 5, environment);
  refuse(socket, "execute", argv[5], errno);
}

}  // namespace pryx::sandbox_init

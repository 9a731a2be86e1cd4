// SPDX-License-Identifier: MIT
#include "devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel.h"

namespace pryx::sandbox_init {
namespace {

constexpr const char* kDevices[] = {"null", "zero", "full", "random", "urandom", "tty"};
constexpr const char* kFolders[] = {"pts", "shm"};
struct Link {
  const char *name, *target;
};
constexpr Link kLinks[] = {{"stdin", "/proc/self/fd/0"},  {"stdout", "/proc/self/fd/1"},
                           {"stderr", "/proc/self/fd/2"}, {"fd", "/proc/self/fd"},
                           {"core", "/proc/kcore"},       {"ptmx", "pts/ptmx"}};

void bind_device(const char* name, int socket) {
  char host[32];
  snprintf(host, sizeof host, "/dev/%s", name);
  const int fd = ::open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) refuse(socket, "make room for", host, errno);
  ::close(fd);
  if (::mount(host, name, nullptr, MS_BIND, nullptr) != 0) refuse(socket, "bind", host, errno);
}

}  // namespace

void make_devices(const char* folder, int socket) {
  if (::mount("tmpfs", folder, "tmpfs", MS_NOSUID, "mode=0755") != 0 || ::chdir(folder) != 0)
    refuse(socket, "mount", "a folder for devices", errno);
  for (const char* name : kDevices) bind_device(name, socket);
  for (const char* name : kFolders) {
    if (::mkdir(name, 0755) != 0) refuse(socket, "make a folder for", name, errno);
  }
  for (const Link& link : kLinks) {
    if (::symlink(link.target, link.name) != 0) refuse(socket, "link", link.name, errno);
  }
  if (::mount("devpts", "pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620") != 0)
    refuse(socket, "mount", "terminals", errno);
}

}  // namespace pryx::sandbox_init

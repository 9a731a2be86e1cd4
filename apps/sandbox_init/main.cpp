// SPDX-License-Identifier: MIT
// pryx-sandbox-init: the first program of Pryx inside a sandbox. bubblewrap has made the namespaces; this
// puts limits, Landlock and system call filters around itself and becomes the command. What it does comes
// from a descriptor that only the daemon writes; the daemon's side is src/trust/sandbox.
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "channel.h"
#include "confine.h"
#include "forward.h"
#include "stage.h"

namespace pryx::sandbox_init {
namespace {

Configuration configuration;

void enter_directory(int socket) {
  const char* root = configuration.find("root");
  if (root == nullptr) root = "/";
  const int held = ::open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (held < 0) refuse(socket, "enter", root, errno);
  const char* below = configuration.find("cwd");
  if (below == nullptr || below[0] == '\0') below = ".";
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const int fd = static_cast<int>(::syscall(SYS_openat2, held, below, &how, sizeof how));
  if (fd < 0 || ::fchdir(fd) != 0) refuse(socket, "enter", below, errno);
  ::close(fd);
  ::close(held);
}

// Tries each directory of the sandbox's own PATH, like a shell.
void execute(char** argv, char** environment, int socket) {
  const char* program = configuration.find("program");
  if (program == nullptr || program[0] == '\0') report_missing_program(socket, ENOENT);
  if (strchr(program, '/') != nullptr) {
    ::execve(program, argv, environment);
    report_missing_program(socket, errno);
  }
  const char* search = configuration.find("path");
  int problem = ENOENT;
  while (search != nullptr && *search != '\0') {
    const char* end = strchrnul(search, ':');
    char candidate[4096];
    const int size =
        snprintf(candidate, sizeof candidate, "%.*s/%s", static_cast<int>(end - search), search, program);
    if (size > 0 && static_cast<size_t>(size) < sizeof candidate) {
      ::execve(candidate, argv, environment);
      if (errno != ENOENT && errno != ENOTDIR) problem = errno;
    }
    search = *end == ':' ? end + 1 : end;
  }
  report_missing_program(socket, problem);
}

char** make_environment(int socket) {
  static char* environment[4096];
  size_t count = 0;
  while (const char* entry = configuration.find("env", count)) {
    if (count + 1 >= sizeof environment / sizeof environment[0])
      refuse(socket, "take over", "so many environment variables", E2BIG);
    environment[count++] = const_cast<char*>(entry);
  }
  return environment;
}

[[noreturn]] void run(int config_fd, int socket, char** argv) {
  // Nobody but the daemon hears of a failure, and the command inherits neither descriptor.
  if (::fcntl(socket, F_SETFD, FD_CLOEXEC) != 0) ::_exit(125);
  configuration.read(config_fd, socket);
  ::umask(0022);
  if (const char* path = configuration.find("forward_socket"))
    start_forwarder(static_cast<uint16_t>(configuration.number("forward_port", 0)), path, socket);
  enter_directory(socket);
  char** environment = make_environment(socket);
  report_ready(socket, configuration.is_on("pid_namespace"));
  if (configuration.is_on("limits")) set_limits(configuration, socket);
  if (configuration.is_on("no_new_privileges")) refuse_new_privileges(socket);
  if (configuration.is_on("landlock")) restrict_files(configuration, socket);
  filter_system_calls(configuration, socket);
  // The socket stays for one last word and closes with the start of the command.
  const auto above = static_cast<unsigned>(socket);
  if (above > 3) ::syscall(SYS_close_range, 3u, above - 1, 0);
  ::syscall(SYS_close_range, above + 1, ~0u, 0);
  execute(argv, environment, socket);
  ::_exit(125);
}

// What the daemon asks at its start: the truth about this very process, a line each.
int describe() {
  printf("no_new_privs %d\n", ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  printf("seccomp %d\n", ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0));
  printf("pid %d\n", ::getpid());
  // /run is writable for the mounts, so only Landlock refuses this.
  const int fd = ::open("/run/landlock-probe", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  printf("landlock %d\n", fd < 0 && errno == EACCES ? 1 : 0);
  const int outside = ::open("/etc/hostname", O_WRONLY | O_CLOEXEC);
  printf("write_outside %d\n", outside >= 0 ? 1 : 0);
  FILE* status = fopen("/proc/self/status", "re");
  char line[256];
  while (status != nullptr && fgets(line, sizeof line, status) != nullptr) {
    if (strncmp(line, "CapEff:", 7) == 0) printf("capabilities %llx\n", strtoull(line + 7, nullptr, 16));
  }
  printf("overlay %d\n", ::open("pryx-overlay-probe", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0 ? 1 : 0);
  return 0;
}

}  // namespace
}  // namespace pryx::sandbox_init

int main(int argc, char** argv) {
  using namespace pryx::sandbox_init;
  if (argc >= 4 && strcmp(argv[1], "run") == 0) run(atoi(argv[2]), atoi(argv[3]), argv + 4);
  if (argc >= 2 && strcmp(argv[1], "overlay") == 0) run_overlay_stage(argc - 2, argv + 2);
  if (argc >= 2 && strcmp(argv[1], "hold") == 0) run_hold_stage(argc - 2, argv + 2);
  if (argc == 2 && strcmp(argv[1], "describe") == 0) return describe();
  fputs("pryx-sandbox-init is started by pryx, inside a sandbox; it has no use of its own\n", stderr);
  return 2;
}

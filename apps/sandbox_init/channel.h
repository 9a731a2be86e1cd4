// SPDX-License-Identifier: MIT
// The two descriptors that join this program to the daemon: the configuration (a sealed memory file of
// NUL-terminated "key=value" rows) and the status socket, on which every refusal is named. Single thread.
#pragma once
#include <stddef.h>
#include <sys/types.h>

namespace pryx::sandbox_init {

// Ends the process after telling which step failed, on what, and errno. `socket` < 0: on standard error.
[[noreturn]] void refuse(int socket, const char* step, const char* subject, int error_number);
// The program itself could not be executed: not a fault of the sandbox.
[[noreturn]] void report_missing_program(int socket, int error_number);
// The walls stand. Hands over a handle on the first process of the pid namespace, whose end is the end of
// all.
void report_ready(int socket, bool in_pid_namespace);
// A handle on a process: 'P' as above, 'H' the first process of the pid namespace around it, which ends with
// the daemon. Ends this process when nobody listens.
void hand_over(int socket, char kind, pid_t process);

class Configuration {
 public:
  // Ends the process when the file is missing, too long or not made of whole rows.
  void read(int fd, int socket);
  // The n-th value of a key; null when there are fewer.
  [[nodiscard]] const char* find(const char* key, size_t n = 0) const;
  [[nodiscard]] bool is_on(const char* key) const;
  [[nodiscard]] unsigned long long number(const char* key, unsigned long long otherwise) const;

 private:
  static constexpr size_t kMaxBytes = 1u << 20;
  char bytes_[kMaxBytes];
  size_t size_ = 0;
};

}  // namespace pryx::sandbox_init

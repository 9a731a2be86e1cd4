// SPDX-License-Identifier: MIT
#include "channel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace pryx::sandbox_init {
namespace {

constexpr int kExitCode = 125;  // the number other wrappers use for "could not start it"

void send_text(int socket, const char* text, size_t size) {
  if (socket >= 0 && ::send(socket, text, size, MSG_NOSIGNAL) >= 0) return;
  static_cast<void>(!::write(2, text, size));
}

}  // namespace

void refuse(int socket, const char* step, const char* subject, int error_number) {
  char text[1024];
  const int size = snprintf(text, sizeof text, "E%s %.700s: %s", step, subject,
                            error_number == 0 ? "not there" : strerror(error_number));
  send_text(socket, text,
            size < 0                                  ? 0
            : static_cast<size_t>(size) < sizeof text ? static_cast<size_t>(size)
                                                      : sizeof text - 1);
  ::_exit(kExitCode);
}

void report_missing_program(int socket, int error_number) {
  char text[32];
  const int size = snprintf(text, sizeof text, "X%d", error_number);
  send_text(socket, text, static_cast<size_t>(size));
  ::_exit(error_number == ENOENT ? 127 : 126);
}

void report_ready(int socket, bool in_pid_namespace) {
  hand_over(socket, 'P', in_pid_namespace ? 1 : ::getpid());
}

void hand_over(int socket, char kind, pid_t process) {
  if (socket < 0) return;
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
  if (handle < 0) refuse(socket, "watch", "the first process", errno);
  iovec body{&kind, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &body;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &handle, sizeof handle);
  if (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0) ::_exit(kExitCode);  // nobody owns this run any more
  ::close(handle);
}

void Configuration::read(int fd, int socket) {
  // By position: the file may be shared with other starts.
  while (size_ < kMaxBytes) {
    const ssize_t got = ::pread(fd, bytes_ + size_, kMaxBytes - size_, static_cast<off_t>(size_));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse(socket, "read", "the configuration", errno);
    if (got == 0) break;
    size_ += static_cast<size_t>(got);
  }
  if (size_ == kMaxBytes) refuse(socket, "read", "the configuration", EFBIG);
  if (size_ == 0 || bytes_[size_ - 1] != '\0') refuse(socket, "read", "the configuration", EBADMSG);
}

const char* Configuration::find(const char* key, size_t n) const {
  const size_t key_length = strlen(key);
  for (size_t at = 0; at < size_;) {
    const char* row = bytes_ + at;
    const size_t length = strlen(row);
    if (length > key_length && row[key_length] == '=' && memcmp(row, key, key_length) == 0 && n-- == 0)
      return row + key_length + 1;
    at += length + 1;
  }
  return nullptr;
}

bool Configuration::is_on(const char* key) const {
  const char* value = find(key);
  return value != nullptr && value[0] == '1';
}

unsigned long long Configuration::number(const char* key, unsigned long long otherwise) const {
  const char* value = find(key);
  return value == nullptr ? otherwise : strtoull(value, nullptr, 10);
}

}  // namespace pryx::sandbox_init

// SPDX-License-Identifier: MIT
#include "trust/sandbox/start_report.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include "foundation/base/text.h"

namespace pryx::sandbox {

StartReport hear_start(int socket) {
  StartReport start;
  for (;;) {
    pollfd entry{socket, POLLIN, 0};
    const int ready = ::poll(&entry, 1, kStartLimitMs);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      start.late = true;
      return start;
    }
    char text[1024];
    iovec body{text, sizeof text};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message{};
    message.msg_iov = &body;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    // A program that ends before it has read the daemon's word: the kernel tells of that once, in front of
    // what the program has said.
    if (got < 0 && (errno == EINTR || errno == ECONNRESET)) continue;
    if (got <= 0) return start;
    const std::string_view said(text, static_cast<std::size_t>(got));
    if (said.front() != 'H') start.silent = false;
    if (said.front() == 'E') start.refusal = to_valid_utf8(said.substr(1));
    if (said.front() == 'X')
      std::from_chars(said.data() + 1, said.data() + said.size(), start.missing_program);
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
      int handle = -1;
      std::memcpy(&handle, CMSG_DATA(header), sizeof handle);
      (said.front() == 'H' ? start.holder : start.first_process).reset(handle);
    }
  }
}

}  // namespace pryx::sandbox

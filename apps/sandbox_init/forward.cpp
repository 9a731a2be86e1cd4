// SPDX-License-Identifier: MIT
#include "forward.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"

namespace pryx::sandbox_init {
namespace {

constexpr int kMaxLinks = 64;
constexpr size_t kBufferBytes = 32 * 1024;

// One direction of one link: what was read from `from` and is not yet written to `to`.
struct Flow {
  size_t begin = 0, end = 0;
  bool ended = false;   // `from` will give no more
  bool closed = false;  // `to` was told so
  char bytes[kBufferBytes] = {};
};
struct Link {
  bool is_open = false;
  int inner = 0, outer = 0;
  Flow up, down;
};
// All zero at the start: this program begins twice for each command, and writing a -1 into each of these 4
// MiB of links took as long as everything else that it does.
constinit Link links[kMaxLinks];

void drop(Link& link) {
  ::close(link.inner);
  ::close(link.outer);
  link.is_open = false;
}

// False when the link is broken.
bool move_bytes(int from, int to, Flow& flow, short from_events, short to_events) {
  if (flow.begin == flow.end && !flow.ended && (from_events & (POLLIN | POLLHUP | POLLERR)) != 0) {
    const ssize_t got = ::read(from, flow.bytes, sizeof flow.bytes);
    if (got < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (got == 0) flow.ended = true;
    if (got > 0) flow.begin = 0, flow.end = static_cast<size_t>(got);
  }
  if (flow.begin < flow.end && (to_events & (POLLERR | POLLNVAL)) != 0) return false;
  if (flow.begin < flow.end) {
    const ssize_t put = ::send(to, flow.bytes + flow.begin, flow.end - flow.begin, MSG_NOSIGNAL);
    if (put < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (put > 0) flow.begin += static_cast<size_t>(put);
  }
  if (flow.begin == flow.end && flow.ended && !flow.closed) {
    ::shutdown(to, SHUT_WR);
    flow.closed = true;
  }
  return true;
}

short wanted(const Flow& in, const Flow& out) {
  short events = 0;
  if (in.begin == in.end && !in.ended) events |= POLLIN;
  if (out.begin < out.end) events |= POLLOUT;
  return events;
}

void admit(int listener, const sockaddr_un& broker) {
  const int inner = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (inner < 0) return;
  for (Link& link : links) {
    if (link.is_open) continue;
    const int outer = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (outer >= 0 && ::connect(outer, reinterpret_cast<const sockaddr*>(&broker), sizeof broker) == 0 &&
        ::fcntl(outer, F_SETFL, O_NONBLOCK) == 0) {
      link.up.begin = link.up.end = link.down.begin = link.down.end = 0;
      link.up.ended = link.up.closed = link.down.ended = link.down.closed = false;
      link.inner = inner;
      link.outer = outer;
      link.is_open = true;
      return;
    }
    if (outer >= 0) ::close(outer);
    break;
  }
  ::close(inner);
}

[[noreturn]] void serve(int listener, const sockaddr_un& broker) {
  for (;;) {
    pollfd entries[1 + 2 * kMaxLinks];
    bool is_full = true;
    for (int i = 0; i < kMaxLinks; ++i) {
      const Link& link = links[i];
      is_full = is_full && link.is_open;
      entries[1 + 2 * i] = entries[2 + 2 * i] = {-1, 0, 0};
      if (!link.is_open) continue;
      const short inner_events = wanted(link.up, link.down), outer_events = wanted(link.down, link.up);
      // A side that nothing is wanted of is left out, or its hang-up would wake us for ever.
      if (inner_events != 0) entries[1 + 2 * i] = {link.inner, inner_events, 0};
      if (outer_events != 0) entries[2 + 2 * i] = {link.outer, outer_events, 0};
    }
    entries[0] = {is_full ? -1 : listener, POLLIN, 0};
    if (::poll(entries, 1 + 2 * kMaxLinks, -1) < 0) continue;
    for (int i = 0; i < kMaxLinks; ++i) {
      Link& link = links[i];
      if (!link.is_open) continue;
      const short inner = entries[1 + 2 * i].revents, outer = entries[2 + 2 * i].revents;
      if (!move_bytes(link.inner, link.outer, link.up, inner, outer) ||
          !move_bytes(link.outer, link.inner, link.down, outer, inner) ||
          (link.up.closed && link.down.closed))
        drop(link);
    }
    if (entries[0].revents != 0) admit(listener, broker);
  }
}

}  // namespace

void start_forwarder(uint16_t port, const char* socket_path, int status_socket) {
  sockaddr_un broker{};
  broker.sun_family = AF_UNIX;
  if (strlen(socket_path) >= sizeof broker.sun_path)
    refuse(status_socket, "reach", socket_path, ENAMETOOLONG);
  strcpy(broker.sun_path, socket_path);
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (listener < 0 || ::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, kMaxLinks) != 0)
    refuse(status_socket, "listen on", "the loopback of the sandbox", errno);
  // Forked twice: the command must not find a child that it never started.
  const pid_t first = ::fork();
  if (first < 0) refuse(status_socket, "start", "the way to the network", errno);
  if (first == 0) {
    if (::fork() != 0) ::_exit(0);
    ::setsid();
    ::prctl(PR_SET_DUMPABLE, 0);
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (::dup3(listener, 3, O_CLOEXEC) < 0) ::_exit(1);
    ::close(0);
    ::close(1);
    ::close(2);
    ::syscall(SYS_close_range, 4u, ~0u, 0);
    serve(3, broker);
  }
  int status = 0;
  while (::waitpid(first, &status, 0) < 0 && errno == EINTR) {
  }
  ::close(listener);
}

}  // namespace pryx::sandbox_init

// SPDX-License-Identifier: MIT
#include "foundation/platform/process_identity.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "foundation/base/text.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

namespace pryx::platform {
namespace {

constexpr int kMaxAncestors =
    4096;  // deeper than any honest process tree; ends a walk that races with reparenting

struct StatLine {
  char state = '?';
  pid_t parent = 0;
  pid_t session = 0;
  std::uint64_t start_ticks = 0;
};

// Small files of /proc report size 0, so they are read without a size check.
std::optional<std::string> read_proc(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return std::nullopt;
  auto text = read_all(fd.get(), 1u << 20, path);
  if (!text) return std::nullopt;
  return std::move(*text);
}

template <class Number>
Number number_or_zero(std::string_view text) {
  Number value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The second field is the program's name in parentheses and may itself hold spaces and parentheses: count
// from the last one.
std::optional<StatLine> read_stat(pid_t pid) {
  const auto text = read_proc(fmt::format("/proc/{}/stat", pid));
  if (!text) return std::nullopt;
  const std::size_t end = text->rfind(')');
  if (end == std::string::npos || end + 2 >= text->size()) return std::nullopt;
  const auto fields = split(std::string_view(*text).substr(end + 2), ' ');
  if (fields.size() < 20 || fields[0].empty()) return std::nullopt;
  StatLine line;
  line.state = fields[0][0];
  line.parent = number_or_zero<pid_t>(fields[1]);
  line.session = number_or_zero<pid_t>(fields[3]);
  line.start_ticks = number_or_zero<std::uint64_t>(fields[19]);
  return line;
}

bool contains(const std::vector<pid_t>& pids, pid_t pid) {
  return std::ranges::find(pids, pid) != pids.end();
}

bool has_ended(int pidfd) {
  pollfd entry{pidfd, POLLIN, 0};
  return ::poll(&entry, 1, 0) != 0;
}

}  // namespace

ProcessIdentity this_process() {
  const auto self = identify_process(::getpid());
  PRYX_CHECK(self.has_value());
  return *self;
}

std::optional<ProcessIdentity> identify_process(pid_t pid) {
  if (pid <= 0) return std::nullopt;
  const auto line = read_stat(pid);
  if (!line || line->state == 'Z' || line->state == 'X') return std::nullopt;
  return ProcessIdentity{pid, line->start_ticks};
}

bool is_running(const ProcessIdentity& process) { return identify_process(process.pid) == process; }

std::string boot_id() {
  return std::string(trim(read_proc("/proc/sys/kernel/random/boot_id").value_or("unknown")));
}

Result<PeerCredentials> peer_credentials(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return std::unexpected(system_error("ask who is at the other end of the socket", errno));
  }
  return PeerCredentials{credentials.pid, credentials.uid, credentials.gid};
}

Membership membership_of(pid_t pid, const ProcessFamily& family) {
  if (pid <= 0) return Membership::kUnknown;
  for (int depth = 0; depth < kMaxAncestors; ++depth) {
    const auto line = read_stat(pid);
    if (!line) return Membership::kUnknown;
    if (contains(family.sessions, line->session)) return Membership::kMember;
    // The process itself counts: a member's own pid may be listed as an ancestor.
    if (contains(family.ancestors, pid)) return Membership::kMember;
    if (line->parent <= 0 || pid == 1) return Membership::kOutside;
    pid = line->parent;
  }
  return Membership::kUnknown;
}

Membership membership_of_peer(int socket, const ProcessFamily& family) {
  const auto peer = peer_credentials(socket);
  if (!peer || peer->pid <= 0) return Membership::kUnknown;
  int raw = -1;
  socklen_t size = sizeof raw;
  // Kernels before 6.5 cannot give a handle on the peer itself; a handle opened by number serves there.
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &raw, &size) != 0) {
    raw = static_cast<int>(::syscall(SYS_pidfd_open, peer->pid, 0));
  }
  const UniqueFd handle(raw);
  if (!handle) return Membership::kUnknown;
  const Membership membership = membership_of(peer->pid, family);
  return has_ended(handle.get()) ? Membership::kUnknown : membership;
}

Result<void> adopt_orphans() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
    return std::unexpected(system_error("adopt orphaned processes", errno));
  return {};
}

}  // namespace pryx::platform

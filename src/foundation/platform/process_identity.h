// SPDX-License-Identifier: MIT
// Who a process is beyond its number: pid and start time (a pid alone is reused), who sits at the other end
// of a Unix socket, and whether a process descends from another. Reads /proc; any thread.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/result.h"
#include "foundation/platform/files.h"

namespace pryx::platform {

struct ProcessIdentity {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;  // field 22 of /proc/PID/stat: clock ticks since boot
  bool operator==(const ProcessIdentity&) const = default;
};

[[nodiscard]] ProcessIdentity this_process();
// Nothing when no such process exists or it has ended and only waits to be reaped.
[[nodiscard]] std::optional<ProcessIdentity> identify_process(pid_t pid);
[[nodiscard]] bool is_running(const ProcessIdentity& process);
// Differs after each boot of the machine: start ticks may repeat across boots.
[[nodiscard]] std::string boot_id();

struct PeerCredentials {
  pid_t pid = 0;  // 0: in a pid namespace that this process cannot see
  uid_t uid = 0;
  gid_t gid = 0;
};
// Of a connected Unix socket, as they were when the peer connected.
[[nodiscard]] Result<PeerCredentials> peer_credentials(int socket);

// The processes that count as ours: any descendant of one of these pids, any member of one of these sessions.
struct ProcessFamily {
  std::vector<pid_t> ancestors;
  std::vector<pid_t> sessions;
};
enum class Membership : std::uint8_t {
  kOutside,
  kMember,
  kUnknown,  // the process is gone or cannot be seen: treat it like a member
};
[[nodiscard]] Membership membership_of(pid_t pid, const ProcessFamily& family);
// The same for the peer of a socket; a peer that ended while it was being looked at is kUnknown, so a reused
// pid cannot pass.
[[nodiscard]] Membership membership_of_peer(int socket, const ProcessFamily& family);

// From here on, orphaned descendants become children of this process instead of init's, so a child that forks
// twice and starts a session of its own still descends from us. Whoever starts a child waits for what it may
// leave.
[[nodiscard]] Result<void> adopt_orphans();

}  // namespace pryx::platform

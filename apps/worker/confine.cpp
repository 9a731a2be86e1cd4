// SPDX-License-Identifier: MIT
#include "confine.h"

#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace pryx::worker {
namespace {

// The kernel's numbers, written out: headers on the oldest supported system stop at ABI 3.
struct RulesetAttributes {
  std::uint64_t handled_files;
  std::uint64_t handled_network;
  std::uint64_t scoped;
};

RulesetAttributes everything(long abi) {
  RulesetAttributes all{(1u << 13) - 1, 0, 0};
  if (abi >= 2) all.handled_files |= 1u << 13;  // moving between folders
  if (abi >= 3) all.handled_files |= 1u << 14;  // truncating
  if (abi >= 5) all.handled_files |= 1u << 15;  // device controls
  if (abi >= 4) all.handled_network = 3;        // TCP: bind and connect
  if (abi >= 6) all.scoped = 3;                 // abstract sockets and signals
  return all;
}

std::size_t size_for(long abi) {
  if (abi >= 6) return sizeof(RulesetAttributes);
  return abi >= 4 ? 2 * sizeof(std::uint64_t) : sizeof(std::uint64_t);
}

}  // namespace

bool close_files_and_network() {
  // Not every kernel lets an ordinary user have them; Landlock and the filter do not depend on it.
  (void)::unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS);
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1 /* only the version */);
  if (abi < 1) return true;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  const RulesetAttributes all = everything(abi);
  const long ruleset = ::syscall(SYS_landlock_create_ruleset, &all, size_for(abi), 0);
  // Without a rule nothing is allowed.
  const bool closed = ruleset >= 0 && ::syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
  if (ruleset >= 0) ::close(static_cast<int>(ruleset));
  return closed;
}

bool confine() {
  if (!close_files_and_network()) return false;
  ::prctl(PR_SET_DUMPABLE, 0);  // a crash leaves no copy of the document
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
  if (filter == nullptr) return false;
  bool ok = true;
  for (const int call :
       {SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(close), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(brk),
        SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(rt_sigreturn),
        SCMP_SYS(rt_sigprocmask), SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(tgkill),
        SCMP_SYS(clock_gettime), SCMP_SYS(getrandom)})
    ok = ok && seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) == 0;
  // Memory, but none that can be executed.
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)})
    ok = ok &&
         seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
  ok = ok && seccomp_load(filter) == 0;  // sets no_new_privs first
  seccomp_release(filter);
  return ok;
}

}  // namespace pryx::worker

// SPDX-License-Identifier: MIT
#include "foundation/platform/hardening.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>

#include "foundation/platform/files.h"

namespace pryx::platform {

Result<void> harden_process() {
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return std::unexpected(system_error("forbid core dumps", errno));
  if (::prctl(PR_SET_DUMPABLE, 0) != 0)
    return std::unexpected(system_error("forbid reading this process's memory", errno));
  // Not being allowed more is no reason to stay down: the server pauses accepting when descriptors run out.
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &files);
  }
  return {};
}

}  // namespace pryx::platform

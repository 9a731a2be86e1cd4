// SPDX-License-Identifier: MIT
// The system calls of a sandboxed program, compiled once to the two programs that the kernel runs on each
// call: an allow-list (what is not on it does not exist) and a list of forms that are refused although the
// call itself is allowed. Pure but for the memory files that hold the result.
#pragma once
#include "foundation/base/result.h"
#include "foundation/platform/files.h"

namespace pryx::sandbox {

struct SyscallFilters {
  platform::UniqueFd allow_list;  // sealed; read by position, so one pair serves every run
  platform::UniqueFd refusals;
};
[[nodiscard]] Result<SyscallFilters> compile_syscall_filters();

}  // namespace pryx::sandbox

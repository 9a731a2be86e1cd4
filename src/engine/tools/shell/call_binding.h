// SPDX-License-Identifier: MIT
// What a command depends on beyond its own words: where its programs are, and what the files of the workspace
// that it names, by a pattern or in a here-document too, or reads by habit (a Makefile) hold. An approval is
// bound to these facts, so a script that changes between the yes and the launch asks again. Blocking: for a
// worker thread.
#pragma once
#include <stop_token>

#include "engine/tools/shell/exec_request.h"
#include "foundation/platform/held_directory.h"

namespace pryx::tools::shell {

// Raised when the same request would run under other walls: an old approval does not fit then.
inline constexpr int kSandboxProfile = 3;

// A command that names more is refused: what is left out of a binding could change after the yes. Of the
// files so many bytes are hashed; what is beyond them counts by size, time and inode, which a program cannot
// forge together.
struct BindingLimits {
  std::size_t files = 1024;
  std::size_t folders = 32;
  std::uint64_t bytes = 256u << 20;
};

// {"cwd","environment":["NAME=value"],"programs":{name: "path (device:inode:size:time)"|null},"files":{path:
// "sha256:…", pattern: "N found, sha256:…"},"scripts":{path: …},"sandbox"}. kTooLarge beyond the limits.
// `search_path`: where the sandbox looks for programs, in its order (Sandbox::search_path()).
[[nodiscard]] Result<json::object> gather_binding(const ExecRequest& request, const commands::Parse& parse,
                                                  const platform::HeldDirectory& workspace,
                                                  const std::vector<std::string>& search_path,
                                                  std::stop_token stop, BindingLimits limits = {});

}  // namespace pryx::tools::shell

// SPDX-License-Identifier: MIT
// What an approval is bound to: one JSON document over everything that decides what a call does, and its
// hash. Two documents can be compared in words, so that a person who is asked again sees why. Pure; any
// thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/tools/tool.h"

namespace pryx::tools {

struct BoundCall {
  // Everything that is hashed but the arguments themselves, which are in it by their hash: they can be large
  // and are kept beside it.
  json::object document;
  std::string hash;  // "sha256:…"
};

// Turn and step are in it, so an approval cannot travel to another call; the folder is, because a session can
// be moved to another one while the question stands; the release and the tool's digest are, because the same
// arguments mean something else to another tool.
[[nodiscard]] BoundCall bind_call(std::string_view tool, std::string_view tool_digest,
                                  std::string_view arguments_hash, const ToolContext& context,
                                  const json::object& facts, std::string_view policy_version);

// One line for each thing that differs: "cwd: \"a\" is \"b\"", "files.run.sh changed". At most 20.
[[nodiscard]] std::vector<std::string> changes_between(const json::object& before, const json::object& now);

}  // namespace pryx::tools

// SPDX-License-Identifier: MIT
#include "engine/tools/call_facts.h"

#include <algorithm>

#include "foundation/base/text.h"
#include "trust/sandbox/protected_names.h"

namespace pryx::tools {

trust::Sink sink_of(const ToolDescription& description, const Touches& touches) {
  const bool writes_instructions =
      !description.read_only && std::ranges::any_of(touches.workspace_paths, [](const std::string& path) {
        return sandbox::is_own_future(path);
      });
  if (touches.writes_own_future || writes_instructions) return trust::Sink::kOwnFuture;
  if (touches.needs_sandbox && !touches.hosts.empty()) return trust::Sink::kExecWithNetwork;
  if (touches.is_outward_sink || !touches.hosts.empty()) return trust::Sink::kEgress;
  return trust::Sink::kNone;
}

trust::CallFacts facts_of(const ToolDescription& description, const json::object& arguments, Touches touches,
                          bool sandbox_usable) {
  trust::CallFacts facts;
  facts.tool = description.name;
  facts.arguments = arguments;
  facts.read_only = description.read_only;
  facts.sink = sink_of(description, touches);
  facts.parse_complete = touches.parse_complete;
  facts.hands_out_secret = touches.hands_out_secret;
  if (touches.needs_sandbox) {
    facts.sandbox = sandbox_usable ? trust::SandboxState::kAvailable : trust::SandboxState::kUnavailable;
    // With a network even a command that only reads can send away what it reads.
    facts.read_only_commands =
        touches.hosts.empty() && !touches.hands_out_secret &&
        commands::is_read_only({.complete = touches.parse_complete && !touches.commands.empty(),
                                .why_not = {},
                                .commands = touches.commands});
  }
  facts.paths = std::move(touches.workspace_paths);
  facts.outside_workspace = touches.outside_workspace;
  facts.hosts = std::move(touches.hosts);
  facts.method = std::move(touches.method);
  facts.commands = std::move(touches.commands);
  return facts;
}

Result<trust::CallFacts> facts_of_call(const Registry& registry, const std::string& tool,
                                       const json::object& arguments, bool sandbox_usable) {
  const Tool* known = registry.find(tool);
  if (known == nullptr) return fail(ErrorCode::kNotFound, "there is no tool '{}'", utf8_prefix(tool, 64));
  const std::vector<std::string> problems = registry.check_arguments(tool, arguments);
  if (!problems.empty())
    return fail(ErrorCode::kInvalidArgument, "the arguments of {} do not fit: {}", tool,
                fmt::format("{}", fmt::join(problems, "; ")));
  auto touches = known->touches(arguments);
  if (!touches) return fail(ErrorCode::kInvalidArgument, "{}", touches.error().message);
  return facts_of(known->description(), arguments, std::move(*touches), sandbox_usable);
}

Result<trust::CallFacts> imagined_facts(const Registry& registry, const std::string& tool,
                                        const json::object& arguments, bool sandbox_usable) {
  if (registry.find(tool) != nullptr) return facts_of_call(registry, tool, arguments, sandbox_usable);
  trust::CallFacts facts;
  facts.tool = tool;
  facts.arguments = arguments;
  facts.parse_complete = true;
  return facts;
}

}  // namespace pryx::tools

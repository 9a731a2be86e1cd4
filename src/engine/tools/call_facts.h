// SPDX-License-Identifier: MIT
// From what a tool says a call touches to what the policy decides on. Pure; any thread.
#pragma once
#include "engine/tools/registry.h"
#include "engine/tools/tool.h"
#include "trust/policy/call_facts.h"

namespace pryx::tools {

// Where a call sends something. A tool says it of itself; names that agents read as their own instructions
// count as the agent's own future whatever the tool says.
[[nodiscard]] trust::Sink sink_of(const ToolDescription& description, const Touches& touches);

// Facts of the call itself; who asks, in which context and bound to what is added by the gate.
// `sandbox_usable`: every layer that a program needs around it can be set up.
[[nodiscard]] trust::CallFacts facts_of(const ToolDescription& description, const json::object& arguments,
                                        Touches touches, bool sandbox_usable);

// Of a call that nobody makes right now: a past or an imagined one. kNotFound: there is no such tool;
// kInvalidArgument: the arguments do not fit it.
[[nodiscard]] Result<trust::CallFacts> facts_of_call(const Registry& registry, const std::string& tool,
                                                     const json::object& arguments, bool sandbox_usable);
// The same for a tool that does not exist yet: by its name, with nothing known in its favour.
[[nodiscard]] Result<trust::CallFacts> imagined_facts(const Registry& registry, const std::string& tool,
                                                      const json::object& arguments, bool sandbox_usable);

}  // namespace pryx::tools

// SPDX-License-Identifier: MIT
// What the gate knows about one call when it asks for a decision: facts that our code found out, never what a
// model claims. A plain value. Everything left out counts against the call: a default-made CallFacts does not
// parse completely.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "foundation/base/ids.h"
#include "foundation/base/json.h"
#include "trust/commands/shell_grammar.h"
#include "trust/labels/labels.h"

namespace pryx::trust {

enum class SandboxState : std::uint8_t {
  kNotNeeded,    // the call runs inside the daemon, through code of ours
  kAvailable,    // every layer that the call needs can be set up
  kUnavailable,  // at least one cannot: the call is denied
};

struct CallFacts {
  std::string tool;        // full name, "fs.read"
  json::object arguments;  // validated against the tool's schema
  std::string call_hash;   // hash over everything that an approval binds; empty when there is none yet
  bool read_only = false;  // this call changes nothing, inside or outside
  bool read_only_commands =
      false;  // a shell call: every simple command of its parse is on the shipped read-only list
  std::vector<commands::SimpleCommand>
      commands;  // of a call that runs programs, each by its final executable
  std::vector<std::string>
      paths;  // touched, relative to the workspace, normalised; "" is the workspace itself
  bool outside_workspace = false;  // it touches something outside of the workspace
  std::vector<std::string> hosts;  // touched, lower case, with the port when it is not one of http and https
  std::string method;              // of a request: "GET", also where the arguments leave it out; else empty
  Sink sink = Sink::kNone;
  Labels context;  // joined over everything the model has seen
  SessionId session;
  PrincipalId principal;
  // Path of the folder that a person chose to work in; empty: none was chosen, so there is no folder or one
  // that Pryx made. What a person allows counts there only.
  std::string workspace;
  bool parse_complete = false;    // we understood the whole call, down to its last command
  bool digest_changed = false;    // tool, server or script is not what it was when it was approved
  bool hands_out_secret = false;  // a stored secret goes into a program or a request
  SandboxState sandbox = SandboxState::kNotNeeded;
  // The call_hash that a person has approved for exactly this step, else empty. It answers every ask, also a
  // forced one, and no deny.
  std::string approved_call_hash;
};

}  // namespace pryx::trust

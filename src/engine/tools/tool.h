// SPDX-License-Identifier: MIT
// What a tool is. A tool declares its arguments, effect class, risk, what a call touches and how a call
// reads; only the gate can run one, because run() wants a GatePass that nobody else can make. Tools are owned
// by the registry and live on the I/O thread.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "foundation/async/task.h"
#include "foundation/base/ids.h"
#include "foundation/base/json.h"
#include "trust/commands/shell_grammar.h"
#include "trust/labels/labels.h"
#include "trust/principals/principal.h"

namespace pryx::platform {
class HeldDirectory;
}

namespace pryx::tools {

// What may happen to a call that was started but not finished when the daemon died (docs/architecture.md,
// recovery).
enum class EffectClass : std::uint8_t { kPure, kIdempotent, kQueryable, kOneShot };
enum class Risk : std::uint8_t { kLow, kMedium, kHigh };
[[nodiscard]] std::string_view to_text(EffectClass effect);
[[nodiscard]] std::string_view to_text(Risk risk);
[[nodiscard]] std::optional<EffectClass> effect_class_from_text(std::string_view text);

struct ToolDescription {
  std::string name;         // "fs.read"
  std::string description;  // for the model
  json::object parameters;  // JSON Schema 2020-12 of the arguments
  EffectClass effect = EffectClass::kOneShot;
  Risk risk = Risk::kHigh;
  bool read_only = false;   // changes nothing, inside or outside
  bool keeps_undo = false;  // notes everything it changes in the undo journal first
};

// What one call would touch, as far as it can be told without doing it. The policy decides on this, never on
// the model's words.
struct Touches {
  std::vector<std::string> workspace_paths;  // normalised, relative; "" is the workspace itself
  bool outside_workspace = false;            // a path that is absolute or climbs out
  std::vector<std::string> hosts;            // canonical; with the port when it is not one of http and https
  bool writes_own_future = false;            // memory, skills, schedules
  bool is_outward_sink = false;              // sends data out of this machine or to someone else
  std::string method;                        // of a request ("GET"), for rules that name it beside a host
  bool hands_out_secret = false;             // a stored secret goes into a program or a request
  bool needs_sandbox = false;  // it runs a program: denied while a layer of the sandbox cannot be set up
  // Of a call that runs programs: every simple command, as the grammar read them. `parse_complete` is false
  // when there may be more than these.
  std::vector<commands::SimpleCommand> commands;
  bool parse_complete = true;
};

// What a call is bound to beyond its arguments: facts found out on this machine, never told by a model. The
// gate hashes `facts` into what a person approves, asks for them again at launch, and runs nothing when they
// differ.
struct Binding {
  // cwd, environment, digests of programs, scripts and files it depends on… Under "scripts", by their names:
  // programs that anybody who writes into the workspace can replace. A rule that a person kept counts for
  // them as they were then (ToolGate).
  json::object facts;
  std::string preview;  // for people, below the one line: a diff, the whole command. Raw; surfaces sanitise
  bool shown_whole = true;  // false: the preview leaves something out, so one key cannot approve it
};

// Where a running tool's output goes while it runs. Ephemeral: the outcome holds what counts.
class OutputSink {
 public:
  virtual ~OutputSink() = default;
  virtual void write(std::string_view bytes) = 0;  // never blocks; may drop when a surface is slow
};

// Everything a call may know about where it runs.
struct ToolContext {
  Principal principal;
  SessionId session;
  TurnId turn;
  StepId step;
  std::shared_ptr<const platform::HeldDirectory> workspace;  // null: the session has none that can be opened
  // Path of the folder that a person chose for the session, also when it cannot be opened; empty: none was
  // chosen. A rule that a person kept counts where it was kept.
  std::string chosen_folder;
  trust::Labels context_labels;     // of everything the model had seen when it asked
  std::vector<std::string> skills;  // names or globs it may read; empty: all
  // Globs over workspace paths (`glob_match`, names encoded as in Touches): what the rules deny to this call
  // wherever it gets to, by a walk or through a link. The paths that it names were decided on before.
  std::vector<std::string> denied_paths;
  std::string idempotency_key;
  Binding binding;                     // as re-checked at launch; empty in bind() itself
  std::shared_ptr<OutputSink> output;  // may be null
};

struct ToolOutcome {
  bool ok = true;        // false: the tool ran and says no (file absent); the model may try something else
  std::string text;      // whole result for the model, before trimming
  std::string summary;   // one line for people: "12 entries", "3 matches in 2 files"
  json::object details;  // structured facts for surfaces
  trust::Labels labels;  // of the content
  // It may have taken effect, and nobody can tell; `text` says why. Never for what was surely not begun.
  bool is_unknown = false;
};

enum class PastEffect : std::uint8_t { kHappened, kDidNotHappen, kUnknown };

namespace testing {
struct UngatedPass;  // engine/tools/testing/ungated_pass.h: tests of single tools
}

// Proof that a call went through validation, policy, approval and audit. Only the gate makes one.
class GatePass {
  friend class ToolGate;
  friend struct testing::UngatedPass;
  GatePass() = default;
};

class Tool {
 public:
  virtual ~Tool() = default;
  [[nodiscard]] virtual const ToolDescription& description() const = 0;
  // Pure. An error means the arguments cannot be understood although they fit the schema.
  [[nodiscard]] virtual Result<Touches> touches(const json::object& arguments) const = 0;
  // The effect class of this very call: the declared one, or a weaker one when the arguments prove it (a
  // command that only reads may run again). Pure.
  [[nodiscard]] virtual EffectClass effect(const json::object& arguments) const;
  // One line for people, complete: "fs.read src/main.cpp (lines 1-200)". Raw text; surfaces sanitise.
  [[nodiscard]] virtual std::string render(const json::object& arguments) const = 0;
  // Reads what the call depends on; changes nothing. Called before the decision and again right before run().
  [[nodiscard]] virtual async::Task<Result<Binding>> bind(json::object arguments, ToolContext context);
  // Cancellable; a cancelled read-only call returns kCancelled.
  [[nodiscard]] virtual async::Task<Result<ToolOutcome>> run(const GatePass& pass, json::object arguments,
                                                             ToolContext context) = 0;
  // Only for kQueryable: did the effect with this key happen?
  [[nodiscard]] virtual async::Task<PastEffect> query(json::object arguments, ToolContext context);
};

}  // namespace pryx::tools

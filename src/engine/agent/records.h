// SPDX-License-Identifier: MIT
// The rows of the agent's tables as values, and how each looks on the wire. Written by the stores of this
// module only.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/agent/states.h"
#include "engine/agent/turn_options.h"
#include "engine/models/provider.h"
#include "engine/tools/tool.h"
#include "foundation/base/ids.h"
#include "foundation/base/json.h"
#include "trust/labels/labels.h"

namespace pryx::agent {

struct Workspace {
  PrincipalId principal;
  WorkspaceId id;
  std::string path;  // real path; for a private one, a folder below Pryx's data directory
  std::string name;
  bool is_private = false;  // made for a session that named none; its folder appears with the first use
  WallTime created_at;
  [[nodiscard]] json::object to_json() const;
};

struct Session {
  PrincipalId principal;
  SessionId id;
  WorkspaceId workspace;  // empty: a private folder, made on first use
  std::string agent;
  std::string model;  // "provider/model"; empty: the default at the time of the turn
  std::string title;
  std::string status;   // "active", "archived"
  bool hidden = false;  // one request of the OpenAI front
  std::string surface;  // where it was created
  SessionId parent;     // of a fork
  std::int64_t message_count = 0;
  bool unread = false;  // an answer that no surface has received yet
  TurnId last_turn;     // empty: there was none yet
  std::optional<TurnState> last_state;
  // Of all its turns together.
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t cost_nano = 0;  // nano-USD, of the calls whose price is known
  std::int64_t model_calls = 0;
  std::int64_t unpriced_calls = 0;
  WallTime created_at;
  WallTime updated_at;
  // Null when nothing of it has a price.
  [[nodiscard]] json::value cost_json() const;
  [[nodiscard]] json::object to_json() const;
};

enum class Role : std::uint8_t { kUser, kAssistant, kTool, kSystem };
[[nodiscard]] std::string_view to_text(Role role);
[[nodiscard]] Role role_from_text(std::string_view text);

struct Part {
  std::string type = "text";  // text | reasoning | tool_call | tool_result | image | file | summary
  PartState state = PartState::kComplete;
  std::string text;  // text, reasoning; tool_call: the arguments as the model wrote them; tool_result: what
                     // the model sees
  std::string tool;  // tool_call, tool_result
  std::string call_id;  // the provider's id of the call
  StepId step;
  bool ok = true;          // tool_result
  std::string result_ref;  // tool_result: where the whole result is, when it is longer than `text`; image,
                           // file: where the bytes are
  std::string media_type;  // image, file
  std::string name;        // image, file: as the sender called it; may be empty
  std::int64_t bytes = 0;  // image, file
  std::string detail;      // image: "low" or "high"; empty: the model's choice
  // image: in pixels, by which its tokens are counted; 0: nobody knows. Kept in the row.
  std::int64_t width = 0;
  std::int64_t height = 0;
  // summary: what it stands for, and what it carries on word for word.
  std::vector<std::string> covers;  // ids of messages
  std::int64_t count = 0;           // with those that covered summaries stood for
  std::int64_t left_out = 0;        // of these, that it does not tell of
  std::vector<std::string> kept;
  bool dropped = false;  // nobody could summarise them
  bool denied = false;   // tool_result: the gate said no
  // On the first part of an answer: what its provider wants back with it. Kept in the row, never shown.
  models::ProviderData provider_data;
  std::int64_t thinking_tokens = 0;  // beside it: what the reasoning of this answer took
  bool thoughts_dropped = false;     // it stays in the row and is sent no more
  trust::Labels labels;
  [[nodiscard]] json::object to_json() const;    // what surfaces see
  [[nodiscard]] json::object to_record() const;  // what the row holds: that, and provider_data
  [[nodiscard]] static Part from_json(const json::object& o);
};

// Of a message's row; anything in it that is no part is skipped.
[[nodiscard]] std::vector<Part> parts_from_text(std::string_view text);

struct Message {
  PrincipalId principal;
  SessionId session;
  MessageId id;
  std::int64_t seq = 0;  // grows over all messages: the order
  Role role = Role::kUser;
  TurnId turn;
  StepId step;
  std::vector<Part> parts;
  WallTime created_at;
  [[nodiscard]] json::object to_json() const;
  [[nodiscard]] std::string text() const;  // all text parts together
};

// High: the owner waits. Medium: work in the background, sub-agents among it. Low: what a clock started.
enum class Priority : std::uint8_t { kOwner = 0, kBackground = 1, kScheduled = 2 };
inline constexpr std::size_t kPriorities = 3;

// Of a turn that failed because a model did: which one, and what its vendor would have to know.
struct ModelFailure {
  std::string provider;  // empty: no model was asked
  std::string model;     // "provider/model" whose call failed
  int http_status = 0;   // 0: it gave no answer, or failed after it began to answer
  std::string request_id;
  [[nodiscard]] std::string to_text() const;
  [[nodiscard]] static ModelFailure from_text(std::string_view text);
};

struct Turn {
  PrincipalId principal;
  TurnId id;
  SessionId session;
  std::int64_t seq = 0;
  TurnState state = TurnState::kQueued;
  Priority priority = Priority::kOwner;
  std::string surface;
  std::string model;        // asked for; empty until it fails: the session's, then the default
  std::string answered_by;  // what really answered
  MessageId message;        // the user's
  bool interactive = true;  // false: an ask that nothing answers is a denial at once
  std::string approve;      // text of an --approve fragment, already checked
  TurnOptions options;
  int starts = 0;  // how often a daemon began or went on with it
  models::Usage usage;
  std::int64_t cost_nano = 0;  // nano-USD, of the calls whose price is known
  int model_calls = 0;
  int unpriced_calls = 0;
  int denied_calls = 0;
  std::string error_code;  // name from the error table, or one of turn_failure.h
  std::string error_detail;
  ModelFailure failure;
  WallTime created_at;
  std::optional<WallTime> started_at;
  std::optional<WallTime> ended_at;
  int format = 1;
  void add_cost(const models::Usage& more, std::optional<std::int64_t> nano);
  // Null when nothing of it has a price.
  [[nodiscard]] json::value cost_json() const;
  [[nodiscard]] json::object to_json() const;
};

struct Step {
  PrincipalId principal;
  StepId id;
  TurnId turn;
  int seq = 0;
  StepKind kind = StepKind::kModel;
  std::string purpose;  // of a model step; empty: an answer. "compaction"
  StepState state = StepState::kPlanned;
  tools::EffectClass effect = tools::EffectClass::kIdempotent;
  int attempt = 0;  // how often it was started, for whatever reason
  int crashes = 0;  // of the daemon while it was under way
  std::string tool;
  std::string call_id;    // the provider's id of the tool call
  std::string arguments;  // as the model wrote them
  std::string args_hash;
  std::string call_hash;  // what it was bound to when it last started
  std::string idempotency_key;
  trust::Labels labels;  // of the context when it was planned
  std::string policy_version;
  std::string decision_rule;
  // What the policy itself said when it was first asked, before any answer of a person: allow, ask or deny,
  // and by which rule. Empty: it was not asked, or an older release did not keep it.
  std::string verdict;
  std::string verdict_rule;
  ApprovalId approval;
  std::string result_ref;
  std::string error_code;
  std::string summary;  // one line for people
  WallTime planned_at;
  std::optional<WallTime> started_at;
  std::optional<WallTime> ended_at;
  std::string boot_id;
  int format = 1;
  [[nodiscard]] json::object to_json() const;
};

struct OutboxRow {
  PrincipalId principal;
  OutboxId id;
  TurnId turn;
  SessionId session;
  std::string target;  // "pull"
  OutboxState state = OutboxState::kPending;
  std::uint64_t event_version = 0;  // of the turn's terminal event: acknowledging it delivers the row
  WallTime created_at;
  std::optional<WallTime> delivered_at;
};

}  // namespace pryx::agent

// SPDX-License-Identifier: MIT
// A span: one piece of work of a turn, with begin and end. Ids come from the rows the work belongs to, so a
// write job needs no source of chance and a recovered turn names the same spans: a trace id is the 128 bits
// of the turn's own id (or of the request's, where there is no turn). Attributes carry the names of the
// OpenTelemetry GenAI conventions, and never content. Values; any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/base/ids.h"
#include "foundation/base/json.h"

namespace pryx::trace {

enum class SpanKind : std::uint8_t {
  kTurn,        // the whole turn, the root
  kQueue,       // accepted, and waiting for a slot or for the daemon to come back
  kModel,       // one attempt at a model
  kTool,        // one start of a tool
  kApproval,    // waiting for a person
  kCompaction,  // making a summary of what no longer fits
  kAgent,       // a sub-agent's whole work, seen from the turn that started it
  kRequest      // one request that left through the broker
};
enum class SpanStatus : std::uint8_t {
  kOpen,  // still under way: only in what is made for a reader, never in the table
  kOk,
  kError,
  kDenied,
  kCancelled,
  kInterrupted  // the daemon ended while it was under way; its end is the last that is known
};
[[nodiscard]] std::string_view to_text(SpanKind kind);
[[nodiscard]] std::string_view to_text(SpanStatus status);
[[nodiscard]] std::optional<SpanKind> span_kind_from_text(std::string_view text);
[[nodiscard]] std::optional<SpanStatus> span_status_from_text(std::string_view text);

struct Span {
  std::int64_t seq = 0;  // in the order in which they ended; given by the store
  PrincipalId principal;
  SessionId session;
  TurnId turn;
  StepId step;            // empty: of the turn itself
  std::string trace_id;   // 32 hex digits
  std::string span_id;    // 16 hex digits
  std::string parent_id;  // empty: the root
  SpanKind kind = SpanKind::kTurn;
  std::string name;           // "chat gpt-4o-mini", "execute_tool fs.read"
  std::int64_t start_ns = 0;  // since the Unix epoch
  std::int64_t end_ns = 0;
  SpanStatus status = SpanStatus::kOk;
  std::string message;      // of a status that is not ok; never a secret
  json::object attributes;  // "gen_ai.…" and "pryx.…"
  [[nodiscard]] json::object to_json() const;
};

// The 128 bits of an id's ULID as 32 hex digits; empty for what is no id.
[[nodiscard]] std::string trace_id_of(std::string_view id);
// 16 hex digits for a name that is unique within its trace: "turn/trn_…", "stp_…/2".
[[nodiscard]] std::string span_id_of(std::string_view trace_id, std::string_view name);
// The span of a turn as a whole.
[[nodiscard]] std::string turn_span_id(std::string_view trace_id, const TurnId& turn);
// "00-<trace>-<span>-01".
[[nodiscard]] std::string traceparent(std::string_view trace_id, std::string_view span_id);

// gen_ai.provider.name for a provider as it is configured: the conventions' own name where they have one.
[[nodiscard]] std::string provider_name(std::string_view provider, std::string_view kind);

[[nodiscard]] constexpr std::int64_t to_ns(WallTime time) { return time.unix_ms * 1'000'000; }
[[nodiscard]] std::string to_rfc3339_ns(std::int64_t ns);

}  // namespace pryx::trace

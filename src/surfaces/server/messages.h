// SPDX-License-Identifier: MIT
// What the HTTP routes and the bus both read from JSON: a message to send, an answer to an approval. Pure.
#pragma once
#include "engine/agent/inbox.h"
#include "foundation/base/json.h"
#include "surfaces/server/server.h"
#include "trust/approvals/approvals.h"

namespace pryx::server {

// {text, model?, idempotency_key?, interactive?, approve?, max_cost?, allow_unpriced?, max_output_tokens?}
[[nodiscard]] Result<agent::NewMessage> decode_message(const json::object& body, const Caller& caller,
                                                       SessionId session, const models::ModelRouter& models);
// {decision, scope?, rule?, reason?, confirm?, expires?}
[[nodiscard]] Result<trust::Resolution> decode_resolution(const json::object& body, WallTime now);
// A time to come, as RFC 3339 or as a duration from now: "2026-12-24T18:00:00Z", "30d".
[[nodiscard]] Result<WallTime> decode_expiry(const std::string& text, WallTime now);
// kInvalidArgument, naming each problem with its line, when the fragment is no valid --approve file.
[[nodiscard]] Result<void> check_approve_fragment(const std::string& text);

}  // namespace pryx::server

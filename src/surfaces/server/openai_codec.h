// SPDX-License-Identifier: MIT
// The OpenAI-compatible front's wire form: requests in, completions and chunks out. What is not understood is
// refused, never ignored. Pure.
#pragma once
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "engine/agent/records.h"
#include "foundation/base/json.h"
#include "trust/principals/principal.h"

namespace pryx::server {

struct OpenAiRefusal {
  Error error;
  std::string param;
  std::string code;
};

struct ChatRequest {
  std::string model;                    // "provider/model"; empty: the configured default
  std::vector<agent::Message> history;  // before the last message, labelled channel:openai
  std::string text;                     // of the last message
  bool stream = false;
  bool include_usage = false;
  SessionId session;  // pryx.session; empty: a hidden one is made
};

[[nodiscard]] std::expected<ChatRequest, OpenAiRefusal> decode_chat_request(const json::object& body,
                                                                            const PrincipalId& principal);
[[nodiscard]] trust::Labels openai_labels(const PrincipalId& principal);

// How a turn ended, read from the payload of its terminal event.
struct ChatOutcome {
  std::string text;
  std::string model;   // that really answered
  json::object usage;  // Pryx's own form
};
[[nodiscard]] ChatOutcome outcome_of(const json::object& payload);
[[nodiscard]] Error failure_of(std::string_view event_name, const json::object& payload);

struct ChatIds {
  SessionId session;
  TurnId turn;
  std::int64_t created = 0;  // seconds since the Unix epoch
  std::string model;         // asked for
};
[[nodiscard]] json::object completion_body(const ChatIds& ids, const ChatOutcome& outcome);
[[nodiscard]] std::string role_chunk(const ChatIds& ids);
[[nodiscard]] std::string text_chunk(const ChatIds& ids, std::string_view text);
// The chunk with finish_reason, the usage chunk if wanted, and [DONE].
[[nodiscard]] std::string last_chunks(const ChatIds& ids, const ChatOutcome& outcome, bool include_usage);
[[nodiscard]] std::string sse_data(const json::object& body);

}  // namespace pryx::server

// SPDX-License-Identifier: MIT
// The fronts: other vendors' APIs in front of Pryx's own turns. A request becomes a FrontRequest, a turn like
// any other runs, and its events become that API's wire again. What is the same for all of them is in
// front_run.h; what differs is a FrontCodec, one for each API, pure but for what it remembers of the one
// answer that it writes. What a codec does not understand it refuses, by name; nothing is ignored.
#pragma once
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/agent/records.h"
#include "foundation/base/json.h"
#include "foundation/net/http_types.h"
#include "trust/principals/principal.h"

namespace pryx::server {

struct FrontRefusal {
  Error error;
  std::string param;  // the path of what is refused, "messages[2].content"; may be empty
  std::string code;   // for programs, "unsupported_parameter"; may be empty
};
template <class T>
using Decoded = std::expected<T, FrontRefusal>;

struct FrontRequest {
  std::string model;                     // "provider/model"; empty: the configured default
  std::vector<agent::Message> messages;  // the whole conversation, roles and parts only
  std::vector<std::string> blobs;  // bytes of images; a part's result_ref is "blob:<index>" until stored
  agent::TurnOptions options;
  bool stream = false;
  SessionId session;  // goes on in this session; empty: a hidden one is made
  TurnId previous;    // goes on after this turn; empty: none
};

struct FrontIds {
  SessionId session;
  TurnId turn;
  std::int64_t created = 0;  // seconds since the Unix epoch
  std::string model;         // asked for
};

// How a turn ended, read from the payload of its terminal event.
struct FrontOutcome {
  std::string text;                     // of the last model step
  std::string reasoning;                // the same; only what was streamed
  std::vector<models::ToolCall> calls;  // to the client's tools
  models::FinishReason finish = models::FinishReason::kStop;
  std::string model;          // that really answered
  json::object usage;         // Pryx's own form
  json::value cost;           // {"amount","currency"} or null
  std::int64_t left_out = 0;  // messages that this model was not shown
};
[[nodiscard]] FrontOutcome outcome_of(const json::object& payload);
// Of a turn that did not end well, as vendors say it themselves. `name`: of its failure.
[[nodiscard]] FrontRefusal failure_named(std::string_view name, std::string detail);
[[nodiscard]] FrontRefusal failure_of(std::string_view event_name, const json::object& payload);

enum class FrontText : std::uint8_t { kAnswer, kReasoning };

// One request and its answer. decode() first; then either whole(), or open(), any number of the pieces, and
// close() or failed().
class FrontCodec {
 public:
  virtual ~FrontCodec() = default;
  [[nodiscard]] virtual Decoded<FrontRequest> decode(const json::object& body,
                                                     const PrincipalId& principal) = 0;

  [[nodiscard]] virtual json::object whole(const FrontIds& ids, const FrontOutcome& outcome) = 0;

  // Bytes of server-sent events.
  [[nodiscard]] virtual std::string open(const FrontIds& ids) = 0;
  [[nodiscard]] virtual std::string piece(const FrontIds& ids, FrontText kind, std::string_view text) = 0;
  // What comes next is another step's text, or another attempt's; what was sent cannot be taken back.
  [[nodiscard]] virtual std::string next_step(const FrontIds& ids) = 0;
  [[nodiscard]] virtual std::string keep_alive() = 0;
  [[nodiscard]] virtual std::string close(const FrontIds& ids, const FrontOutcome& outcome) = 0;
  [[nodiscard]] virtual std::string failed(const FrontIds& ids, const FrontRefusal& failure,
                                           std::string_view request_id) = 0;

  [[nodiscard]] virtual net::Response refuse(const FrontRefusal& refusal, std::string_view request_id) = 0;
};

[[nodiscard]] std::unique_ptr<FrontCodec> make_chat_codec();       // /v1/chat/completions
[[nodiscard]] std::unique_ptr<FrontCodec> make_responses_codec();  // /v1/responses
[[nodiscard]] std::unique_ptr<FrontCodec> make_messages_codec();   // /v1/messages

// {"session","turn","model","cost"} and, where the model was not shown everything, "left_out": the field
// `pryx` of every front's answers.
[[nodiscard]] json::object front_facts(const FrontIds& ids, const FrontOutcome& outcome);
[[nodiscard]] std::string front_model(const FrontIds& ids, const FrontOutcome& outcome);
[[nodiscard]] std::string sse_data(const json::object& body);
[[nodiscard]] std::string sse_event(std::string_view name, const json::object& body);

}  // namespace pryx::server

// SPDX-License-Identifier: MIT
// What a model provider is: a request goes in, events are pulled out one at a time. Values here know no wire
// format. Providers are owned by the ModelRouter; a stream is owned by the turn that opened it. I/O thread
// only.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "foundation/async/task.h"
#include "foundation/base/json.h"
#include "foundation/base/result.h"

namespace pryx::models {

struct ToolCall {
  std::string id;              // the provider's id, echoed in ChatMessage::tool_call_id of the result
  std::string name;            // Pryx's own name, "fs.read"; the codec maps it to and from the wire
  std::string arguments_json;  // as the model wrote it: may be no JSON at all, the gate judges
  bool operator==(const ToolCall&) const = default;
};

struct ChatMessage {
  enum class Role : std::uint8_t { kSystem, kUser, kAssistant, kTool };
  Role role = Role::kUser;
  std::string text;
  std::vector<ToolCall> tool_calls;  // assistant only
  std::string tool_call_id;          // tool only: which call this answers
  bool tool_failed = false;          // tool only: the call was denied or failed; `text` says why
};

struct ToolSpec {
  std::string name;
  std::string description;
  json::object parameters;  // JSON Schema of the arguments
};

struct ModelRequest {
  std::string model;  // without the provider: "gpt-4o-mini". At the router: "provider/model"
  std::vector<ChatMessage> messages;
  std::vector<ToolSpec> tools;
  std::int64_t max_output_tokens = 0;  // 0: the provider's default
  std::string request_id;              // the same for every attempt of one step: idempotency key on the wire
};

struct Usage {
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t cached_input_tokens = 0;  // part of input_tokens
  std::int64_t reasoning_tokens = 0;     // part of output_tokens
  bool estimated = false;                // the provider did not say; counted from the text
  bool operator==(const Usage&) const = default;
};

struct TextDelta {
  std::string text;  // valid UTF-8; a code point is never cut in two
  bool operator==(const TextDelta&) const = default;
};
struct ReasoningDelta {
  std::string text;
  bool operator==(const ReasoningDelta&) const = default;
};
// Emitted once its arguments are whole, in the order of `index`.
struct ToolCallComplete {
  ToolCall call;
  std::size_t index = 0;
  bool operator==(const ToolCallComplete&) const = default;
};
struct UsageReport {
  Usage usage;
  bool operator==(const UsageReport&) const = default;
};
enum class FinishReason : std::uint8_t { kStop, kLength, kToolCalls, kContentFilter };
[[nodiscard]] std::string_view to_text(FinishReason reason);
// The last event of a stream that ended well; next() then gives nullopt.
struct Finished {
  FinishReason reason = FinishReason::kStop;
  std::string model_that_answered;  // as the provider names it; may differ from the one asked for
  bool operator==(const Finished&) const = default;
};

using ModelEvent = std::variant<TextDelta, ReasoningDelta, ToolCallComplete, UsageReport, Finished>;

// Destroying a stream cancels the request upstream at once.
class ModelStream {
 public:
  virtual ~ModelStream() = default;
  // The next event; nullopt after Finished. Errors end the stream. The code tells what kind of failure it was
  // (retry_policy.h): kUnavailable: not reachable, or cut in the middle (the text so far is interrupted).
  // kTimeout: silent too long. kOverloaded: rate limit, retry_after_ms when it said so. kUnauthenticated: the
  // key is wrong. kProvider: the provider failed (5xx) or answered nonsense. kInvalidArgument, kForbidden,
  // kNotFound, kTooLarge, kConflict, kBudget: it refused this request. kCancelled.
  [[nodiscard]] virtual async::Task<Result<std::optional<ModelEvent>>> next() = 0;
};

// Integer nano-USD a token.
struct Price {
  std::int64_t input = 0;
  std::int64_t output = 0;
  std::int64_t cached_input = 0;
};

struct ModelInfo {
  std::string id;                      // without the provider
  std::string provider;                // the configured name
  std::int64_t context_tokens = 0;     // 0: unknown
  std::int64_t max_output_tokens = 0;  // 0: unknown
  std::optional<Price> price;          // nullopt: unpriced
  [[nodiscard]] std::string full_name() const { return provider + "/" + id; }
};

class Provider {
 public:
  virtual ~Provider() = default;
  [[nodiscard]] virtual std::string_view kind() const = 0;  // "starter", "openai", …
  // One attempt, no retries: returns when the provider accepted the request. The errors are those of
  // ModelStream::next().
  [[nodiscard]] virtual async::Task<Result<std::unique_ptr<ModelStream>>> stream(ModelRequest request) = 0;
  [[nodiscard]] virtual async::Task<Result<std::vector<ModelInfo>>> list_models() = 0;
  // The last request ended with kUnauthenticated: ask for a fresh key before the next one.
  virtual void key_was_refused() {}
};

}  // namespace pryx::models

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

#include "engine/models/model_info.h"
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

// An image or a file that stands among the text of a message.
struct Attachment {
  enum class Kind : std::uint8_t { kImage, kFile };
  enum class Detail : std::uint8_t { kAuto, kLow, kHigh };  // how closely the model looks at an image
  Kind kind = Kind::kImage;
  std::string media_type;  // "image/png"
  std::string name;        // as the sender called it; may be empty
  std::string ref;         // where the bytes are kept, "sha256:…"; codecs never read it
  std::int64_t size = 0;   // of the bytes, known before they are loaded
  std::int64_t width = 0;  // of an image, in pixels; 0: nobody knows
  std::int64_t height = 0;
  std::size_t text_at = 0;  // it stands before this byte of `text`; beyond the end: behind it
  Detail detail = Detail::kAuto;
  std::shared_ptr<const std::string> bytes;  // raw, shared by copies; set before the request is sent
};

// What a vendor wants back unchanged with an answer of its own: signatures of its reasoning, encrypted
// thoughts. Only the codec that wrote it reads it, and only for the model that wrote the answer; everybody
// else drops it.
struct ProviderData {
  std::string format;  // "anthropic-messages/1"
  std::string model;   // as it was asked for, without the provider
  std::string json;    // bounded by the codec
  [[nodiscard]] bool empty() const { return json.empty(); }
  bool operator==(const ProviderData&) const = default;
};

struct ChatMessage {
  enum class Role : std::uint8_t { kSystem, kUser, kAssistant, kTool };
  Role role = Role::kUser;
  std::string text;
  std::vector<Attachment> attachments = {};  // user and tool, in order of text_at; see content_parts()
  std::vector<ToolCall> tool_calls = {};     // assistant only
  std::string tool_call_id = {};             // tool only: which call this answers
  bool tool_failed = false;                  // tool only: the call was denied or failed; `text` says why
  ProviderData provider_data = {};           // assistant only
  // A hint: what comes up to and with this message will be sent again as it is, so a vendor that caches by
  // marks sets one here. Without any hint the codec chooses.
  bool cache_until_here = false;
};

// A message's text and attachments in the order they are read; exactly one of the two is set. Empty text is
// left out. The views look into `message`.
struct ContentPart {
  std::string_view text;
  const Attachment* attachment = nullptr;
};
[[nodiscard]] std::vector<ContentPart> content_parts(const ChatMessage& message);

struct ToolSpec {
  std::string name;
  std::string description;
  json::object parameters;  // JSON Schema of the arguments
  bool strict = false;      // the provider holds the arguments to the schema, or refuses the request
};

struct ToolChoice {
  enum class Mode : std::uint8_t { kAuto, kNone, kRequired, kOne };
  Mode mode = Mode::kAuto;
  std::string name;              // kOne: Pryx's name of the tool
  std::optional<bool> parallel;  // false: at most one call an answer
  bool operator==(const ToolChoice&) const = default;
};

// Absent: the provider's default. What a vendor's wire cannot carry fails the request with kInvalidArgument;
// nothing is dropped in silence.
struct Sampling {
  std::optional<double> temperature;
  std::optional<double> top_p;
  std::optional<std::int64_t> top_k;
  std::optional<double> presence_penalty;
  std::optional<double> frequency_penalty;
  std::optional<std::int64_t> seed;
  std::vector<std::string> stop;  // texts at which the answer ends; they are not part of it
  bool operator==(const Sampling&) const = default;
};

// How long a model that can think may do so; a model that cannot ignores it.
enum class ReasoningEffort : std::uint8_t { kDefault, kNone, kMinimal, kLow, kMedium, kHigh };
[[nodiscard]] std::string_view to_text(ReasoningEffort effort);  // "default", "none", …
[[nodiscard]] std::optional<ReasoningEffort> reasoning_effort_from_text(std::string_view text);

// The form that the answer's text must have.
struct ResponseFormat {
  enum class Kind : std::uint8_t { kText, kJsonObject, kJsonSchema };
  Kind kind = Kind::kText;
  std::string name;  // kJsonSchema, as the three below
  std::string description;
  json::object schema;
  std::optional<bool> strict;
};

enum class PromptCache : std::uint8_t { kAuto, kOff };

// What the server of a provider said to the last attempt of a request, for whoever has to ask the vendor
// about it, and for whoever pays.
struct AttemptFacts {
  int http_status = 0;            // 0: there was no answer
  std::string request_id;         // the vendor's; empty: it gave none
  bool was_read = false;          // the provider has the request, and may bill it whatever comes of it
  std::int64_t answer_bytes = 0;  // of all that it said so far, what no event told of as well
};

struct ModelRequest {
  std::string model;  // without the provider: "gpt-4o-mini". At the router: "provider/model"
  std::vector<ChatMessage> messages;
  std::vector<ToolSpec> tools;
  std::int64_t max_output_tokens = 0;  // 0: the provider's default
  std::string request_id;              // the same for every attempt of one step: idempotency key on the wire
  ToolChoice tool_choice = {};
  Sampling sampling = {};
  ReasoningEffort reasoning = ReasoningEffort::kDefault;
  ResponseFormat format = {};
  PromptCache cache = PromptCache::kAuto;
  // Requests with the same key share beginnings: some vendors route by it. The session's id, or empty.
  std::string cache_key = {};
  // What is known about the model; the router fills it in. May be null.
  std::shared_ptr<const ModelInfo> about = {};
  // Written by the provider at each attempt. May be null.
  std::shared_ptr<AttemptFacts> facts = {};
  // What fits beside the input, for a wire that must name a limit where max_output_tokens is 0. 0: unknown.
  std::int64_t longest_output_tokens = 0;
};

struct Usage {
  std::int64_t input_tokens = 0;  // everything that was read, cached or not
  std::int64_t output_tokens = 0;
  std::int64_t cached_input_tokens = 0;  // part of input_tokens: read from the vendor's cache
  std::int64_t cache_write_tokens = 0;   // part of input_tokens, apart from the cached: written to the cache
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
// Before Finished, at most once: belongs on the ChatMessage that repeats this answer.
struct ProviderDataReport {
  ProviderData data;
  bool operator==(const ProviderDataReport&) const = default;
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

using ModelEvent =
    std::variant<TextDelta, ReasoningDelta, ToolCallComplete, UsageReport, Finished, ProviderDataReport>;

// Destroying a stream cancels the request upstream at once.
class ModelStream {
 public:
  virtual ~ModelStream() = default;
  // The next event; nullopt after Finished. Errors end the stream. The code tells what kind of failure it was
  // (retry_policy.h): kUnavailable: not reachable, or cut in the middle (the text so far is interrupted).
  // kTimeout: silent too long. kOverloaded: rate limit, retry_after_ms when it said so. kUnauthenticated: the
  // key is wrong. kProvider: the provider failed (5xx) or answered nonsense. kInvalidArgument, kForbidden,
  // kNotFound, kConflict, kBudget: it refused this request. kTooLarge: the request is longer than the model
  // or the provider takes. kCancelled.
  [[nodiscard]] virtual async::Task<Result<std::optional<ModelEvent>>> next() = 0;
};

// What a provider's wire can promise about the form of an answer. The router refuses what is asked for and
// not promised, so that a provider which knows nothing of it cannot drop it in silence.
struct FormAbilities {
  bool json_object = false;
  bool json_schema = false;
  bool strict_tools = false;
};

class Provider {
 public:
  virtual ~Provider() = default;
  [[nodiscard]] virtual FormAbilities form_abilities() const { return {}; }
  [[nodiscard]] virtual std::string_view kind() const = 0;  // "starter", "openai", …
  // One attempt, no retries: returns when the provider accepted the request. The errors are those of
  // ModelStream::next().
  [[nodiscard]] virtual async::Task<Result<std::unique_ptr<ModelStream>>> stream(ModelRequest request) = 0;
  [[nodiscard]] virtual async::Task<Result<std::vector<ModelInfo>>> list_models() = 0;
  // What only the server knows about one model, where it has to be asked for each; nullopt: nothing.
  [[nodiscard]] virtual async::Task<Result<std::optional<ModelInfo>>> ask_about(std::string) {
    co_return std::optional<ModelInfo>{};
  }
  // The last request ended with kUnauthenticated: ask for a fresh key before the next one.
  virtual void key_was_refused() {}
};

}  // namespace pryx::models

// SPDX-License-Identifier: MIT
// OpenAI Chat Completions as bytes: requests out, stream chunks, error bodies and model lists in. Lenient
// towards the many servers that speak it almost right; bounded. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/models/provider.h"
#include "engine/models/tool_names.h"
#include "foundation/base/clock.h"

namespace pryx::models {

// OpenAI's own newer models refuse "max_tokens"; most other servers know nothing else.
enum class OutputLimitField : std::uint8_t { kMaxTokens, kMaxCompletionTokens };

[[nodiscard]] std::string encode_chat_request(const ModelRequest& request, const ToolNames& names,
                                              OutputLimitField limit_field);

// A rough count for providers that report none: four bytes a token.
[[nodiscard]] std::int64_t estimate_tokens(std::size_t bytes);

class ChatStreamDecoder {
 public:
  // `request_bytes` feeds the usage estimate.
  ChatStreamDecoder(ToolNames names, std::string asked_model, std::size_t request_bytes);

  // The data of one server-sent event, or the whole body of a server that ignored "stream". Errors end the
  // stream.
  [[nodiscard]] Result<void> feed(std::string_view data, std::vector<ModelEvent>& out);
  // The body ended properly. kUnavailable when the answer was not complete.
  [[nodiscard]] Result<void> finish(std::vector<ModelEvent>& out);
  [[nodiscard]] bool is_done() const { return done_; }  // [DONE] came: nothing that follows matters

 private:
  struct PartialCall {
    std::int64_t index = 0;
    std::size_t arrival = 0;  // some servers number every call 0
    ToolCall call;
  };
  [[nodiscard]] Result<void> take_choice(const json::object& choice, std::vector<ModelEvent>& out);
  [[nodiscard]] Result<void> take_tool_calls(const json::array& calls);
  void take_usage(const json::object& usage);
  void complete(std::vector<ModelEvent>& out);

  ToolNames names_;
  std::string model_;
  std::size_t request_bytes_;
  std::size_t answer_bytes_ = 0;
  std::vector<PartialCall> calls_;
  std::size_t call_bytes_ = 0;
  std::optional<Usage> usage_;
  std::optional<FinishReason> reason_;
  bool saw_chunk_ = false;
  bool done_ = false;
  bool completed_ = false;
};

// The Error of an answer that is not 200, or of an error object inside a stream (status 0). `provider` is the
// configured name.
[[nodiscard]] Error decode_error(int status, std::string_view body, std::string_view provider);
// Retry-After as seconds or an HTTP date; negative when it says neither.
[[nodiscard]] std::int64_t parse_retry_after(std::string_view value, WallTime now);
[[nodiscard]] Result<std::vector<ModelInfo>> decode_model_list(std::string_view body,
                                                               std::string_view provider);

}  // namespace pryx::models

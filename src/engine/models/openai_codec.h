// SPDX-License-Identifier: MIT
// OpenAI Chat Completions as bytes: requests out, stream chunks, error bodies and model lists in. Lenient
// towards the many servers that speak it almost right; bounded. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/models/chat_quirks.h"
#include "engine/models/chat_thoughts.h"
#include "engine/models/provider_config.h"
#include "engine/models/tool_names.h"
#include "engine/models/wire_codec.h"

namespace pryx::models {

// OpenAI itself, whose newer models refuse "max_tokens", and the many others, most of which know nothing
// else.
enum class OpenAiDialect : std::uint8_t { kOpenAi, kCompatible };

[[nodiscard]] Result<std::string> encode_chat_request(const ModelRequest& request, const ToolNames& names,
                                                      OpenAiDialect dialect,
                                                      const ChatQuirks& quirks = quirks_of({}));

class ChatStreamDecoder final : public AnswerDecoder {
 public:
  // `request_bytes` feeds the usage estimate.
  ChatStreamDecoder(ToolNames names, std::string asked_model, std::size_t request_bytes,
                    ChatQuirks::Thoughts thoughts = ChatQuirks::Thoughts::kForgotten);

  [[nodiscard]] Result<void> feed(const Frame& frame, std::vector<ModelEvent>& out) override;
  [[nodiscard]] Result<void> finish(std::vector<ModelEvent>& out) override;
  [[nodiscard]] bool is_done() const override { return done_; }  // [DONE] came
  [[nodiscard]] std::size_t progress() const override {
    return answer_bytes_ + call_bytes_ + thoughts_.untold();
  }

 private:
  struct PartialCall {
    std::int64_t index = 0;
    std::size_t arrival = 0;  // some servers number every call 0
    ToolCall call;
  };
  [[nodiscard]] Result<void> take_choice(const json::object& choice, std::vector<ModelEvent>& out);
  [[nodiscard]] Result<void> take_tool_calls(const json::array& calls);
  void take_parts(const json::array& parts, std::vector<ModelEvent>& out);
  void say(std::string_view text, std::vector<ModelEvent>& out);
  void think(std::string_view text, std::vector<ModelEvent>& out);
  void take_usage(const json::object& usage);
  void complete(std::vector<ModelEvent>& out);

  ToolNames names_;
  std::string asked_model_;
  std::string model_;
  std::size_t request_bytes_;
  KeptThoughts thoughts_;
  std::size_t answer_bytes_ = 0;
  std::vector<PartialCall> calls_;
  std::size_t call_bytes_ = 0;
  std::optional<Usage> usage_;
  std::optional<FinishReason> reason_;
  bool saw_chunk_ = false;
  bool done_ = false;
  bool completed_ = false;
};

[[nodiscard]] Error decode_chat_error(int status, std::string_view body, std::string_view provider);
[[nodiscard]] Result<std::vector<ModelInfo>> decode_model_list(std::string_view body,
                                                               std::string_view provider);

[[nodiscard]] std::unique_ptr<WireCodec> make_openai_codec(const ProviderConfig& config);

}  // namespace pryx::models

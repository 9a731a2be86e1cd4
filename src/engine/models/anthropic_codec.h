// SPDX-License-Identifier: MIT
// Anthropic's Messages API as bytes: requests out, stream events, error bodies and model lists in. Bounded.
// Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/models/provider_config.h"
#include "engine/models/tool_names.h"
#include "engine/models/wire_codec.h"

namespace pryx::models {

inline constexpr std::string_view kAnthropicData = "anthropic-messages/1";

[[nodiscard]] Result<std::string> encode_messages_request(const ModelRequest& request,
                                                          const ToolNames& names);

class MessagesDecoder final : public AnswerDecoder {
 public:
  // `request` is kept for an answer that the vendor pauses.
  MessagesDecoder(ModelRequest request, std::size_t request_bytes);

  [[nodiscard]] Result<void> feed(const Frame& frame, std::vector<ModelEvent>& out) override;
  [[nodiscard]] Result<void> finish(std::vector<ModelEvent>& out) override;
  [[nodiscard]] bool is_done() const override { return done_; }  // message_stop came
  [[nodiscard]] std::size_t progress() const override { return answer_bytes_ + signature_bytes_; }
  [[nodiscard]] std::size_t said() const override { return answer_bytes_; }
  [[nodiscard]] std::optional<WireRequest> continuation() override;

 private:
  // One content block. What is neither text nor a call of ours is kept to be sent back as it came.
  struct Block {
    std::int64_t index = 0;
    std::string type;
    std::string text;       // text, thinking
    std::string signature;  // thinking
    std::string input;      // tool_use and the vendor's own tools: pieces of JSON
    ToolCall call;          // tool_use
    json::object raw;       // as it began
  };
  [[nodiscard]] Result<void> take_whole(const json::object& message, std::vector<ModelEvent>& out);
  [[nodiscard]] Result<void> start_block(std::int64_t index, const json::object& block,
                                         std::vector<ModelEvent>& out);
  [[nodiscard]] Result<void> take_delta(const json::object& event, std::vector<ModelEvent>& out);
  void take_usage(const json::object& usage);
  void take_stop(const json::object& delta);
  [[nodiscard]] json::array layout() const;
  [[nodiscard]] ProviderData provider_data() const;
  [[nodiscard]] Usage usage() const;

  ModelRequest request_;
  ToolNames names_;
  std::string model_;
  std::size_t request_bytes_;
  std::size_t answer_bytes_ = 0;
  std::size_t signature_bytes_ = 0;
  std::vector<Block> blocks_;
  std::size_t continued_from_ = 0;  // blocks before it belong to the requests before the last pause
  std::int64_t fresh_input_ = 0, cache_read_ = 0, cache_write_ = 0, output_ = 0, thinking_ = 0;
  Usage before_pause_;
  std::string stop_reason_;
  bool saw_message_ = false;
  bool done_ = false;
  bool completed_ = false;
};

[[nodiscard]] Error decode_messages_error(int status, std::string_view body, std::string_view provider);
[[nodiscard]] Result<ModelPage> decode_anthropic_models(std::string_view body, std::string_view provider);

[[nodiscard]] std::unique_ptr<WireCodec> make_anthropic_codec(const ProviderConfig& config);

}  // namespace pryx::models

// SPDX-License-Identifier: MIT
// Google's Gemini API (generateContent) as bytes: requests out, stream chunks, error bodies and model lists
// in. Bounded. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/models/provider_config.h"
#include "engine/models/tool_names.h"
#include "engine/models/wire_codec.h"

namespace pryx::models {

inline constexpr std::string_view kGoogleData = "google-generate/1";

[[nodiscard]] Result<std::string> encode_generate_request(const ModelRequest& request,
                                                          const ToolNames& names);

class GenerateDecoder final : public AnswerDecoder {
 public:
  GenerateDecoder(ToolNames names, std::string asked_model, std::size_t request_bytes);

  [[nodiscard]] Result<void> feed(const Frame& frame, std::vector<ModelEvent>& out) override;
  [[nodiscard]] Result<void> finish(std::vector<ModelEvent>& out) override;
  [[nodiscard]] bool is_done() const override { return false; }  // the stream ends without a sign
  [[nodiscard]] std::size_t progress() const override { return said() + signature_bytes_; }
  [[nodiscard]] std::size_t said() const override { return answer_bytes_ + call_bytes_; }

 private:
  // What has to go back as it came: runs of text and calls in order, with their signatures.
  struct Piece {
    bool is_call = false;
    std::size_t text_bytes = 0;
    std::string id;  // the vendor's, of a call
    std::string signature;
  };
  [[nodiscard]] Result<void> take_chunk(const json::object& chunk, std::vector<ModelEvent>& out);
  [[nodiscard]] Result<void> take_part(const json::object& part, std::vector<ModelEvent>& out);
  [[nodiscard]] Result<void> take_call(const json::object& call, std::string_view signature);
  [[nodiscard]] Result<void> take_finish(std::string_view reason);
  void take_usage(const json::object& usage);
  [[nodiscard]] ProviderData provider_data() const;

  ToolNames names_;
  std::string asked_model_;
  std::string model_;
  std::size_t request_bytes_;
  std::size_t answer_bytes_ = 0;
  std::size_t call_bytes_ = 0;
  std::size_t signature_bytes_ = 0;
  std::vector<ToolCall> calls_;
  std::vector<Piece> pieces_;
  std::optional<Usage> usage_;
  std::optional<FinishReason> reason_;
  bool saw_chunk_ = false;
  bool completed_ = false;
};

[[nodiscard]] Error decode_generate_error(int status, std::string_view body, std::string_view provider);
[[nodiscard]] Result<ModelPage> decode_google_models(std::string_view body, std::string_view provider);

[[nodiscard]] std::unique_ptr<WireCodec> make_google_codec(const ProviderConfig& config);

}  // namespace pryx::models

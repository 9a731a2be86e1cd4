// SPDX-License-Identifier: MIT
// What a hostile or broken provider may send to the Gemini codec: each line is one frame; the whole is an
// error body, a model list and a tool's schema too. What was kept of the answer must make a request that is
// JSON.
#include <cstdint>
#include <cstdlib>

#include "engine/models/google_codec.h"
#include "engine/models/google_schema.h"
#include "foundation/base/text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pryx::models;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ModelRequest request;
  request.model = "gemini-3-pro";
  request.messages = {{.role = ChatMessage::Role::kUser, .text = "hi"}};
  request.tools.push_back({.name = "fs.read", .description = {}, .parameters = {}});
  GenerateDecoder decoder(ToolNames(request), request.model, 10);
  std::vector<ModelEvent> events;
  bool ok = true;
  for (const std::string_view line : pryx::split(bytes, '\n')) {
    if (ok) ok = decoder.feed({{}, line}, events).has_value();
  }
  if (ok && decoder.finish(events) && !std::holds_alternative<Finished>(events.back())) std::abort();
  ChatMessage answer{.role = ChatMessage::Role::kAssistant};
  for (const ModelEvent& event : events) {
    if (const auto* text = std::get_if<TextDelta>(&event)) {
      if (!pryx::is_valid_utf8(text->text)) std::abort();
      answer.text += text->text;
    }
    if (const auto* call = std::get_if<ToolCallComplete>(&event)) answer.tool_calls.push_back(call->call);
    if (const auto* kept = std::get_if<ProviderDataReport>(&event)) answer.provider_data = kept->data;
  }
  request.messages.push_back(std::move(answer));
  const auto encoded = encode_generate_request(request, ToolNames(request));
  if (!encoded || !pryx::json::parse_object(*encoded, pryx::json::kOwnText)) std::abort();
  if (!pryx::is_valid_utf8(decode_generate_error(500, bytes, "p").message)) std::abort();
  (void)decode_google_models(bytes, "p");
  if (const auto schema = pryx::json::parse_object(bytes))
    (void)pryx::json::to_text(to_google_schema(*schema));
  return 0;
}

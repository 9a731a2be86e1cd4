// SPDX-License-Identifier: MIT
// What a hostile or broken server may send to the responses codec: each line is one frame; the whole is an
// error body, a model list and what is known about a model too.
#include <cstdint>
#include <cstdlib>

#include "engine/models/responses_codec.h"
#include "foundation/base/text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pryx::models;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ModelRequest request;
  request.model = "m";
  request.tools.push_back({.name = "fs.read", .description = {}, .parameters = {}});
  const auto codec = make_responses_codec();
  const auto decoder = codec->make_decoder(request, 10);
  std::vector<ModelEvent> events;
  bool ok = true;
  for (const std::string_view line : pryx::split(bytes, '\n')) {
    if (ok && !decoder->is_done()) ok = decoder->feed({{}, line}, events).has_value();
  }
  if (ok && decoder->finish(events) && !std::holds_alternative<Finished>(events.back())) std::abort();
  ChatMessage said{.role = ChatMessage::Role::kAssistant};
  for (const ModelEvent& event : events) {
    if (const auto* text = std::get_if<TextDelta>(&event)) {
      if (!pryx::is_valid_utf8(text->text)) std::abort();
      said.text += text->text;
    }
    if (const auto* call = std::get_if<ToolCallComplete>(&event)) said.tool_calls.push_back(call->call);
    if (const auto* kept = std::get_if<ProviderDataReport>(&event)) said.provider_data = kept->data;
  }
  // What it gave to keep is sent again with the next request.
  request.messages.push_back(std::move(said));
  if (!codec->encode(request)) std::abort();
  if (!pryx::is_valid_utf8(codec->decode_error(500, bytes, "p").message)) std::abort();
  (void)codec->decode_models(bytes, "p");
  ModelInfo info;
  (void)codec->decode_model_answer(bytes, info);
  if (info.context_tokens < 0) std::abort();
  return 0;
}

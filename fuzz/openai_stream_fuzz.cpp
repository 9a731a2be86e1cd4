// SPDX-License-Identifier: MIT
// What a hostile or broken provider may send: each line is one frame; the whole is an error body and a model
// list too.
#include <cstdint>
#include <cstdlib>

#include "engine/models/openai_codec.h"
#include "engine/models/wire_text.h"
#include "foundation/base/text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pryx::models;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ModelRequest request;
  request.tools.push_back({.name = "fs.read", .description = {}, .parameters = {}});
  ChatStreamDecoder decoder(ToolNames(request), "m", 10);
  std::vector<ModelEvent> events;
  bool ok = true;
  for (const std::string_view line : pryx::split(bytes, '\n')) {
    if (ok) ok = decoder.feed({{}, line}, events).has_value();
  }
  if (ok && decoder.finish(events) && !std::holds_alternative<Finished>(events.back())) std::abort();
  for (const ModelEvent& event : events) {
    if (const auto* text = std::get_if<TextDelta>(&event);
        text != nullptr && !pryx::is_valid_utf8(text->text))
      std::abort();
  }
  if (!pryx::is_valid_utf8(decode_chat_error(500, bytes, "p").message)) std::abort();
  (void)decode_model_list(bytes, "p");
  (void)parse_retry_after(bytes, {});
  return 0;
}

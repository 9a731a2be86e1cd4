// SPDX-License-Identifier: MIT
// What a hostile or broken provider may send: each line is one frame; the whole is an error body and a model
// list too.
#include <cstdint>
#include <cstdlib>

#include "engine/models/openai_codec.h"
#include "engine/models/wire_text.h"
#include "foundation/base/text.h"

namespace {
using namespace pryx::models;
using Thoughts = ChatQuirks::Thoughts;

// As a vendor's that wants thoughts back in this form, or not at all.
void read_answer(std::string_view bytes, Thoughts thoughts) {
  ModelRequest request;
  request.model = "m";
  request.tools.push_back({.name = "fs.read", .description = {}, .parameters = {}});
  ChatStreamDecoder decoder(ToolNames(request), "m", 10, thoughts);
  std::vector<ModelEvent> events;
  bool ok = true;
  for (const std::string_view line : pryx::split(bytes, '\n')) {
    if (ok) ok = decoder.feed({{}, line}, events).has_value();
  }
  if (ok && decoder.finish(events) && !std::holds_alternative<Finished>(events.back())) std::abort();
  ChatMessage said{.role = ChatMessage::Role::kAssistant};
  for (const ModelEvent& event : events) {
    if (const auto* text = std::get_if<TextDelta>(&event);
        text != nullptr && !pryx::is_valid_utf8(text->text))
      std::abort();
    if (const auto* call = std::get_if<ToolCallComplete>(&event)) said.tool_calls.push_back(call->call);
    if (const auto* kept = std::get_if<ProviderDataReport>(&event)) said.provider_data = kept->data;
  }
  // What it gave to keep is sent again with the next request.
  request.messages.push_back(std::move(said));
  const auto again = encode_chat_request(request, ToolNames(request), OpenAiDialect::kCompatible,
                                         {.vendor = {}, .thoughts = thoughts});
  if (!again || !pryx::is_valid_utf8(*again)) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const Thoughts form : {Thoughts::kForgotten, Thoughts::kText, Thoughts::kDetails})
    read_answer(bytes, form);
  if (!pryx::is_valid_utf8(decode_chat_error(500, bytes, "p").message)) std::abort();
  (void)decode_model_list(bytes, "p");
  (void)parse_retry_after(bytes, {});
  return 0;
}

// SPDX-License-Identifier: MIT
#include "engine/models/responses_codec.h"

#include <algorithm>

#include "engine/models/openai_codec.h"
#include "engine/models/responses_decoder.h"
#include "engine/models/retry_policy.h"
#include "engine/models/tool_names.h"
#include "engine/models/wire_text.h"
#include "foundation/base/text.h"

namespace pryx::models {
namespace {

// A model that reasons, as far as anybody knows: others refuse what only those take.
bool reasons(const ModelRequest& request) {
  return request.about && request.about->reasoning.value_or(false);
}

Result<json::object> encode_attachment(const Attachment& attachment) {
  if (!attachment.bytes)
    return fail(ErrorCode::kInternal, "an attachment of the request was not loaded before it was sent");
  std::string data = fmt::format("data:{};base64,{}", attachment.media_type, to_base64(*attachment.bytes));
  if (attachment.kind == Attachment::Kind::kFile) {
    return json::object{{"type", "input_file"},
                        {"filename", attachment.name.empty() ? "file" : attachment.name},
                        {"file_data", std::move(data)}};
  }
  std::string_view detail = "auto";
  if (attachment.detail == Attachment::Detail::kLow) detail = "low";
  if (attachment.detail == Attachment::Detail::kHigh) detail = "high";
  return json::object{{"type", "input_image"}, {"image_url", std::move(data)}, {"detail", detail}};
}

Result<json::array> encode_parts(const ChatMessage& message) {
  json::array out;
  for (const ContentPart& part : content_parts(message)) {
    if (part.attachment == nullptr) {
      out.push_back(json::object{{"type", "input_text"}, {"text", to_valid_utf8(part.text)}});
      continue;
    }
    PRYX_TRY(json::object attachment, encode_attachment(*part.attachment));
    out.push_back(std::move(attachment));
  }
  return out;
}

// The order that the decoder wrote, when this very model answered and text and calls are still those of it:
// a thought is refused without the item that it led to.
json::array layout_of(const ModelRequest& request, const ChatMessage& message) {
  const ProviderData& data = message.provider_data;
  if (data.format != kResponsesFormat || data.model != request.model) return {};
  const auto parsed = json::parse(data.json, json::kOwnText);
  const json::array* layout = parsed ? parsed->if_array() : nullptr;
  if (layout == nullptr) return {};
  std::size_t bytes = 0;
  std::size_t calls = 0;
  for (const json::value& item : *layout) {
    const json::object* entry = item.if_object();
    if (entry == nullptr) return {};
    bytes += static_cast<std::size_t>(find_count(*entry, "text"));
    if (entry->contains("call")) ++calls;
  }
  if (bytes != message.text.size() || calls != message.tool_calls.size()) return {};
  return *layout;
}

void add_text(std::string_view text, json::array& input) {
  if (text.empty()) return;
  input.push_back(json::object{
      {"type", "message"},
      {"role", "assistant"},
      {"content", json::array{json::object{{"type", "output_text"}, {"text", to_valid_utf8(text)}}}}});
}

void add_call(const ToolCall& call, const ToolNames& names, json::array& input) {
  input.push_back(json::object{{"type", "function_call"},
                               {"call_id", call.id},
                               {"name", names.to_wire(call.name)},
                               {"arguments", arguments_for_history(call.arguments_json)}});
}

void encode_answer(const ModelRequest& request, const ChatMessage& message, const ToolNames& names,
                   json::array& input) {
  std::string_view text = message.text;
  std::size_t call = 0;
  for (const json::value& item : layout_of(request, message)) {
    const json::object& entry = item.get_object();
    if (const json::object* thought = find_object(entry, "item")) {
      input.push_back(*thought);
    } else if (entry.contains("call")) {
      add_call(message.tool_calls[call++], names, input);
    } else {
      const auto bytes = std::min(static_cast<std::size_t>(find_count(entry, "text")), text.size());
      add_text(text.substr(0, bytes), input);
      text.remove_prefix(bytes);
    }
  }
  add_text(text, input);
  for (; call < message.tool_calls.size(); ++call) add_call(message.tool_calls[call], names, input);
}

Result<void> encode_message(const ModelRequest& request, const ChatMessage& message, const ToolNames& names,
                            json::array& input) {
  switch (message.role) {
    case ChatMessage::Role::kAssistant:
      encode_answer(request, message, names, input);
      return {};
    case ChatMessage::Role::kTool: {
      json::object result{{"type", "function_call_output"}, {"call_id", message.tool_call_id}};
      if (message.attachments.empty()) {
        result["output"] = to_valid_utf8(message.text);
      } else {
        PRYX_TRY(result["output"], encode_parts(message));
      }
      input.push_back(std::move(result));
      return {};
    }
    case ChatMessage::Role::kSystem:
    case ChatMessage::Role::kUser:
      break;
  }
  PRYX_TRY(json::array parts, encode_parts(message));
  if (parts.empty()) return {};
  const bool is_system = message.role == ChatMessage::Role::kSystem;
  input.push_back(json::object{
      {"type", "message"}, {"role", is_system ? "system" : "user"}, {"content", std::move(parts)}});
  return {};
}

void add_tools(const ModelRequest& request, const ToolNames& names, json::object& body) {
  if (request.tools.empty()) return;
  json::array tools;
  for (const ToolSpec& tool : request.tools) {
    // Strict mode would demand that every argument be required.
    tools.push_back(json::object{{"type", "function"},
                                 {"name", names.to_wire(tool.name)},
                                 {"description", tool.description},
                                 {"parameters", tool.parameters},
                                 {"strict", tool.strict}});
  }
  body["tools"] = std::move(tools);
  const ToolChoice& choice = request.tool_choice;
  if (choice.parallel) body["parallel_tool_calls"] = *choice.parallel;
  if (choice.mode == ToolChoice::Mode::kNone) body["tool_choice"] = "none";
  if (choice.mode == ToolChoice::Mode::kRequired) body["tool_choice"] = "required";
  if (choice.mode == ToolChoice::Mode::kOne)
    body["tool_choice"] = json::object{{"type", "function"}, {"name", names.to_wire(choice.name)}};
}

Result<void> add_sampling(const Sampling& sampling, json::object& body) {
  if (sampling.top_k || sampling.presence_penalty || sampling.frequency_penalty || sampling.seed ||
      !sampling.stop.empty()) {
    return fail(
        ErrorCode::kInvalidArgument,
        "the Responses API takes only temperature and top_p; add the provider with `--api chat` for more");
  }
  if (sampling.temperature) body["temperature"] = *sampling.temperature;
  if (sampling.top_p) body["top_p"] = *sampling.top_p;
  return {};
}

void add_format(const ResponseFormat& format, json::object& body) {
  json::object form;
  if (format.kind == ResponseFormat::Kind::kText) return;
  if (format.kind == ResponseFormat::Kind::kJsonObject) {
    form["type"] = "json_object";
  } else {
    form = {{"type", "json_schema"}, {"name", format.name}, {"schema", format.schema}};
    if (!format.description.empty()) form["description"] = format.description;
    if (format.strict) form["strict"] = *format.strict;
  }
  body["text"] = json::object{{"format", std::move(form)}};
}

class ResponsesCodec final : public WireCodec {
 public:
  [[nodiscard]] FormAbilities form_abilities() const override { return {true, true, true}; }
  [[nodiscard]] WireHeader key_header(const Secret& key) const override { return chat_->key_header(key); }

  [[nodiscard]] Result<WireRequest> encode(const ModelRequest& request) const override {
    const ToolNames names(request);
    json::array input;
    for (const ChatMessage& message : request.messages)
      PRYX_TRY_VOID(encode_message(request, message, names, input));
    json::object body{
        {"model", request.model}, {"input", std::move(input)}, {"stream", true}, {"store", false}};
    add_tools(request, names, body);
    PRYX_TRY_VOID(add_sampling(request.sampling, body));
    add_format(request.format, body);
    if (request.max_output_tokens > 0) body["max_output_tokens"] = request.max_output_tokens;
    if (!request.cache_key.empty() && request.cache == PromptCache::kAuto)
      body["prompt_cache_key"] = request.cache_key;
    if (reasons(request)) {
      json::object reasoning{{"summary", "auto"}};
      if (request.reasoning != ReasoningEffort::kDefault) reasoning["effort"] = to_text(request.reasoning);
      body["reasoning"] = std::move(reasoning);
      body["include"] = json::array{"reasoning.encrypted_content"};
    }
    WireRequest out{.target = "/responses", .body = json::to_text(body)};
    if (!request.request_id.empty()) out.headers.push_back({"Idempotency-Key", request.request_id});
    return out;
  }

  [[nodiscard]] std::unique_ptr<AnswerDecoder> make_decoder(const ModelRequest& request,
                                                            std::size_t request_bytes) const override {
    return make_responses_decoder(request, request_bytes);
  }
  // Errors and the model list are those of Chat Completions.
  [[nodiscard]] Error decode_error(int status, std::string_view body,
                                   std::string_view provider) const override {
    return chat_->decode_error(status, body, provider);
  }
  [[nodiscard]] WireRequest model_list(std::string_view page) const override {
    return chat_->model_list(page);
  }
  [[nodiscard]] Result<ModelPage> decode_models(std::string_view body,
                                                std::string_view provider) const override {
    return chat_->decode_models(body, provider);
  }

 private:
  std::unique_ptr<WireCodec> chat_ = make_openai_codec({});
};

}  // namespace

std::unique_ptr<WireCodec> make_responses_codec() { return std::make_unique<ResponsesCodec>(); }

}  // namespace pryx::models

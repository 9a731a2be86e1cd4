// SPDX-License-Identifier: MIT
// The request half of the Gemini codec: contents that alternate, calls and their results side by side, and
// the signatures that go back with them.
#include <algorithm>
#include <map>

#include "engine/models/google_codec.h"
#include "engine/models/google_schema.h"
#include "engine/models/model_version.h"
#include "engine/models/wire_text.h"
#include "foundation/base/text.h"

namespace pryx::models {
namespace {

// What the vendor documents for calls that another model made: its newer models refuse a call without a
// signature.
constexpr std::string_view kForeignSignature = "skip_thought_signature_validator";

json::object text_part(std::string_view text) { return {{"text", to_valid_utf8(text)}}; }

Result<json::value> encode_attachment(const Attachment& attachment) {
  if (attachment.media_type == "image/gif" || attachment.media_type == "image/svg+xml")
    return fail(ErrorCode::kInvalidArgument, "Google's models see PNG, JPEG, WebP and HEIC, not {}",
                attachment.media_type);
  PRYX_TRY(std::string data, base64_of(attachment));
  return json::object{
      {"inlineData", json::object{{"mimeType", attachment.media_type}, {"data", std::move(data)}}}};
}

Result<json::array> encode_content(const ChatMessage& message) {
  json::array out;
  for (const ContentPart& part : content_parts(message)) {
    if (part.attachment == nullptr) {
      out.push_back(text_part(part.text));
      continue;
    }
    PRYX_TRY(auto attachment, encode_attachment(*part.attachment));
    out.push_back(std::move(attachment));
  }
  return out;
}

// The pieces that the decoder wrote, if they may go back to this model and still fit the message.
std::optional<json::array> pieces_of(const ChatMessage& message, const std::string& model) {
  const ProviderData& data = message.provider_data;
  if (data.format != kGoogleData || data.model != model) return std::nullopt;
  const auto parsed = json::parse_object(data.json, json::kOwnText);
  const json::array* pieces = parsed ? find_array(*parsed, "parts") : nullptr;
  if (pieces == nullptr) return std::nullopt;
  std::size_t bytes = 0;
  std::size_t calls = 0;
  for (const json::value& item : *pieces) {
    if (!item.is_object()) return std::nullopt;
    bytes += static_cast<std::size_t>(find_count(item.get_object(), "text"));
    if (item.get_object().contains("call")) ++calls;
  }
  if (bytes != message.text.size() || calls != message.tool_calls.size()) return std::nullopt;
  return *pieces;
}

struct KnownCall {
  std::string name;  // on the wire
  std::string id;    // the vendor's; empty when it gave none
};

class Contents {
 public:
  Contents(const ModelRequest& request, const ToolNames& names) : request_(request), names_(names) {
    const ModelVersion version = version_of(request.model);
    needs_signatures_ = request.model.find("gemini") != std::string::npos && version >= ModelVersion{3, 0};
  }

  Result<void> add(const ChatMessage& message) {
    switch (message.role) {
      case ChatMessage::Role::kSystem:
        if (contents.empty())
          system.push_back(text_part(message.text));
        else
          push("user", {text_part(message.text)});
        return {};
      case ChatMessage::Role::kUser: {
        PRYX_TRY(auto parts, encode_content(message));
        push("user", std::move(parts));
        return {};
      }
      case ChatMessage::Role::kAssistant:
        push("model", encode_answer(message));
        return {};
      case ChatMessage::Role::kTool:
        return add_result(message);
    }
    return {};
  }

  json::array system;
  json::array contents;

 private:
  void push(std::string_view role, json::array parts) {
    if (parts.empty()) return;
    if (contents.empty() && role == "model")
      push("user", {text_part("(The beginning of this conversation is left out.)")});
    if (!contents.empty() && contents.back().get_object().at("role").get_string() == role) {
      json::array& known = contents.back().get_object().at("parts").get_array();
      for (json::value& part : parts) known.push_back(std::move(part));
      return;
    }
    contents.push_back(json::object{{"role", role}, {"parts", std::move(parts)}});
  }

  json::object call_part(const ToolCall& call, std::string_view vendor_id, std::string_view signature) {
    auto args = json::parse_object(arguments_for_history(call.arguments_json));
    json::object function{{"name", names_.to_wire(call.name)},
                          {"args", args ? std::move(*args) : json::object()}};
    if (!vendor_id.empty()) function["id"] = vendor_id;
    calls_[call.id] = {names_.to_wire(call.name), std::string(vendor_id)};
    json::object part{{"functionCall", std::move(function)}};
    if (!signature.empty()) part["thoughtSignature"] = signature;
    return part;
  }

  json::array encode_answer(const ChatMessage& message) {
    json::array out;
    std::string_view text = message.text;
    std::size_t call = 0;
    bool is_signed = false;
    if (const auto pieces = pieces_of(message, request_.model)) {
      for (const json::value& item : *pieces) {
        const json::object& piece = item.get_object();
        const std::string_view signature = find_text(piece, "signature");
        if (piece.contains("call")) {
          is_signed = is_signed || !signature.empty();
          out.push_back(call_part(message.tool_calls[call++], find_text(piece, "id"), signature));
          continue;
        }
        const auto bytes = static_cast<std::size_t>(find_count(piece, "text"));
        json::object part = text_part(text.substr(0, bytes));
        text.remove_prefix(bytes);
        if (!signature.empty()) part["thoughtSignature"] = signature;
        if (bytes > 0 || !signature.empty()) out.push_back(std::move(part));
      }
    }
    if (!text.empty()) out.push_back(text_part(text));
    for (; call < message.tool_calls.size(); ++call) {
      const bool needs_one = needs_signatures_ && !std::exchange(is_signed, true);
      out.push_back(
          call_part(message.tool_calls[call], {}, needs_one ? kForeignSignature : std::string_view{}));
    }
    return out;
  }

  Result<void> add_result(const ChatMessage& message) {
    const KnownCall& known = calls_[message.tool_call_id];
    json::object function{
        {"name", known.name.empty() ? "unknown" : known.name},
        {"response", json::object{{message.tool_failed ? "error" : "output", to_valid_utf8(message.text)}}}};
    if (!known.id.empty()) function["id"] = known.id;
    json::array parts;
    parts.push_back(json::object{{"functionResponse", std::move(function)}});
    for (const Attachment& attachment : message.attachments) {
      PRYX_TRY(auto part, encode_attachment(attachment));
      parts.push_back(std::move(part));
    }
    push("user", std::move(parts));
    return {};
  }

  const ModelRequest& request_;
  const ToolNames& names_;
  std::map<std::string, KnownCall> calls_;  // by our id; the latest of that id
  bool needs_signatures_ = false;
};

json::array encode_tools(const ModelRequest& request, const ToolNames& names) {
  json::array declarations;
  for (const ToolSpec& tool : request.tools) {
    json::object declaration{{"name", names.to_wire(tool.name)}, {"description", tool.description}};
    json::object parameters = to_google_schema(tool.parameters);
    if (!parameters.empty()) declaration["parameters"] = std::move(parameters);
    declarations.push_back(std::move(declaration));
  }
  json::array out;
  out.push_back(json::object{{"functionDeclarations", std::move(declarations)}});
  return out;
}

Result<void> add_tools(json::object& out, const ModelRequest& request, const ToolNames& names) {
  if (request.tools.empty()) return {};
  out["tools"] = encode_tools(request, names);
  const ToolChoice& choice = request.tool_choice;
  if (choice.parallel && !*choice.parallel)
    return fail(ErrorCode::kInvalidArgument, "Google's models cannot be held to one tool call at a time");
  const bool strict = std::ranges::any_of(request.tools, &ToolSpec::strict);
  if (choice.mode == ToolChoice::Mode::kAuto && !strict) return {};
  std::string_view mode = "ANY";
  if (choice.mode == ToolChoice::Mode::kNone) mode = "NONE";
  // Free to call or not, and every call by its schema.
  if (choice.mode == ToolChoice::Mode::kAuto) mode = "VALIDATED";
  json::object config{{"mode", mode}};
  if (choice.mode == ToolChoice::Mode::kOne)
    config["allowedFunctionNames"] = json::array{json::value(names.to_wire(choice.name))};
  out["toolConfig"] = json::object{{"functionCallingConfig", std::move(config)}};
  return {};
}

// 2.5 counts tokens, later models name levels; earlier ones cannot think.
json::object thinking_of(const ModelRequest& request) {
  const ModelVersion version = version_of(request.model);
  const bool is_gemini = request.model.find("gemini") != std::string::npos;
  if (request.reasoning == ReasoningEffort::kDefault || !is_gemini) return {};
  if (version.is_known() && version < ModelVersion{2, 5}) return {};
  const bool is_pro = request.model.find("pro") != std::string::npos;
  if (!version.is_known() || version >= ModelVersion{3, 0}) {
    const bool is_least =
        request.reasoning == ReasoningEffort::kNone || request.reasoning == ReasoningEffort::kMinimal;
    if (is_least) return {{"thinkingLevel", is_pro ? "low" : "minimal"}};
    return {{"thinkingLevel", to_text(request.reasoning)}, {"includeThoughts", true}};
  }
  switch (request.reasoning) {
    case ReasoningEffort::kNone:
      return {{"thinkingBudget", is_pro ? 128 : 0}};  // the larger one cannot be kept from thinking
    case ReasoningEffort::kMinimal:
      return {{"thinkingBudget", 512}, {"includeThoughts", true}};
    case ReasoningEffort::kLow:
      return {{"thinkingBudget", 2'048}, {"includeThoughts", true}};
    case ReasoningEffort::kMedium:
      return {{"thinkingBudget", 8'192}, {"includeThoughts", true}};
    default:
      return {{"thinkingBudget", 24'576}, {"includeThoughts", true}};
  }
}

// Before 3 a form and tools exclude each other, and 1.x knows no JSON Schema.
Result<void> check_form(const ModelRequest& request) {
  if (request.format.kind == ResponseFormat::Kind::kText) return {};
  const ModelVersion version = version_of(request.model);
  if (version.is_known() && version < ModelVersion{2, 0} &&
      request.format.kind == ResponseFormat::Kind::kJsonSchema)
    return fail(ErrorCode::kInvalidArgument, "{} cannot hold its answer to a JSON Schema; use a later one",
                request.model);
  if (version.is_known() && version < ModelVersion{3, 0} && !request.tools.empty())
    return fail(ErrorCode::kInvalidArgument,
                "{} takes either tools or a form of its answer; leave one out, or use a later model",
                request.model);
  return {};
}

json::object generation_config(const ModelRequest& request) {
  json::object out;
  const Sampling& sampling = request.sampling;
  const auto number = [&](std::string_view key, const auto& value) {
    if (value) out[key] = *value;
  };
  if (request.max_output_tokens > 0) out["maxOutputTokens"] = request.max_output_tokens;
  number("temperature", sampling.temperature);
  number("topP", sampling.top_p);
  number("topK", sampling.top_k);
  number("seed", sampling.seed);
  number("presencePenalty", sampling.presence_penalty);
  number("frequencyPenalty", sampling.frequency_penalty);
  if (!sampling.stop.empty()) out["stopSequences"] = json::array(sampling.stop.begin(), sampling.stop.end());
  if (json::object thinking = thinking_of(request); !thinking.empty())
    out["thinkingConfig"] = std::move(thinking);
  if (request.format.kind != ResponseFormat::Kind::kText) out["responseMimeType"] = "application/json";
  if (request.format.kind == ResponseFormat::Kind::kJsonSchema)
    out["responseJsonSchema"] = request.format.schema;
  return out;
}

}  // namespace

Result<std::string> encode_generate_request(const ModelRequest& request, const ToolNames& names) {
  Contents contents(request, names);
  for (const ChatMessage& message : request.messages) PRYX_TRY_VOID(contents.add(message));
  if (contents.contents.empty()) return fail(ErrorCode::kInvalidArgument, "there is nothing to answer");
  PRYX_TRY_VOID(check_form(request));
  json::object out;
  if (!contents.system.empty())
    out["systemInstruction"] = json::object{{"parts", std::move(contents.system)}};
  PRYX_TRY_VOID(add_tools(out, request, names));
  if (json::object config = generation_config(request); !config.empty())
    out["generationConfig"] = std::move(config);
  out["contents"] = std::move(contents.contents);
  return json::to_text(out);
}

}  // namespace pryx::models

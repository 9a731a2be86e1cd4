// SPDX-License-Identifier: MIT
// The request half of the Messages codec: turns that alternate, blocks in the order the vendor wants, and the
// marks up to which it caches.
#include <algorithm>
#include <map>
#include <set>

#include "engine/models/anthropic_codec.h"
#include "engine/models/model_version.h"
#include "engine/models/wire_text.h"
#include "foundation/base/text.h"

namespace pryx::models {
namespace {

constexpr std::size_t kMaxMarks = 4;  // the vendor's limit of cache marks a request
constexpr std::size_t kMessageMarks = 2;
constexpr std::int64_t kDefaultOutput = 32'000;
constexpr std::int64_t kOldOutput = 8'192;      // models before 3.7
constexpr std::int64_t kOldestOutput = 4'096;   // models before 3.5
constexpr std::int64_t kLeastThoughts = 1'024;  // the vendor refuses less
constexpr std::int64_t kLeastText = 1'024;      // of an answer, beside its thoughts

// Every id once in a request, made of what the vendor allows. Servers without ids of their own gave each
// answer the same ones.
class CallIds {
 public:
  std::string begin(const std::string& id) {
    std::string wire = id.empty() ? "call" : id;
    std::ranges::replace_if(wire, [](char c) { return !is_allowed(c); }, '_');
    if (wire.size() > 100) wire.resize(100);
    const std::string base = wire;
    for (int n = 2; !used_.insert(wire).second; ++n) wire = fmt::format("{}_{}", base, n);
    latest_[id] = wire;
    return wire;
  }
  std::string answer(const std::string& id) const {
    const auto found = latest_.find(id);
    return found == latest_.end() ? id : found->second;
  }

 private:
  static bool is_allowed(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  }
  std::set<std::string> used_;
  std::map<std::string, std::string> latest_;
};

json::object text_block(std::string_view text) { return {{"type", "text"}, {"text", to_valid_utf8(text)}}; }

// Blocks of nothing but space are refused.
void add_text(json::array& blocks, std::string_view text) {
  if (!trim(text).empty()) blocks.push_back(text_block(text));
}

Result<json::value> encode_attachment(const Attachment& attachment) {
  PRYX_TRY(std::string data, base64_of(attachment));
  const std::string& type = attachment.media_type;
  if (attachment.kind == Attachment::Kind::kImage) {
    if (type != "image/png" && type != "image/jpeg" && type != "image/gif" && type != "image/webp") {
      return fail(ErrorCode::kInvalidArgument, "Anthropic's models see PNG, JPEG, GIF and WebP, not {}",
                  utf8_prefix(type, 80));
    }
    return json::object{
        {"type", "image"},
        {"source", json::object{{"type", "base64"}, {"media_type", type}, {"data", std::move(data)}}}};
  }
  json::object source;
  if (type == "application/pdf")
    source = {{"type", "base64"}, {"media_type", type}, {"data", std::move(data)}};
  else if (type.starts_with("text/"))
    source = {{"type", "text"}, {"media_type", "text/plain"}, {"data", to_valid_utf8(*attachment.bytes)}};
  else
    return fail(ErrorCode::kInvalidArgument, "Anthropic's models read PDF and text files, not {}",
                utf8_prefix(type, 80));
  json::object block{{"type", "document"}, {"source", std::move(source)}};
  if (!attachment.name.empty()) block["title"] = utf8_prefix(attachment.name, 200);
  return block;
}

Result<json::array> encode_content(const ChatMessage& message) {
  json::array out;
  for (const ContentPart& part : content_parts(message)) {
    if (part.attachment == nullptr) {
      add_text(out, part.text);
      continue;
    }
    PRYX_TRY(auto block, encode_attachment(*part.attachment));
    out.push_back(std::move(block));
  }
  return out;
}

json::object call_block(const ToolCall& call, const ToolNames& names, CallIds& ids) {
  auto input = json::parse_object(arguments_for_history(call.arguments_json));
  return {{"type", "tool_use"},
          {"id", ids.begin(call.id)},
          {"name", names.to_wire(call.name)},
          {"input", input ? std::move(*input) : json::object()}};
}

// The layout that the decoder wrote, if it may go back to this model.
std::optional<json::array> layout_of(const ChatMessage& message, const std::string& model) {
  const ProviderData& data = message.provider_data;
  if (data.format != kAnthropicData || data.model != model) return std::nullopt;
  const auto parsed = json::parse_object(data.json, json::kOwnText);
  const json::array* blocks = parsed ? find_array(*parsed, "blocks") : nullptr;
  return blocks == nullptr ? std::nullopt : std::optional(*blocks);
}

// Whether text and calls are still those of the layout: context may have been shortened since.
bool is_untouched(const json::array& layout, const ChatMessage& message) {
  std::size_t bytes = 0;
  std::size_t calls = 0;
  for (const json::value& item : layout) {
    const json::object* entry = item.if_object();
    if (entry == nullptr) return false;
    bytes += static_cast<std::size_t>(find_count(*entry, "text"));
    if (entry->contains("call")) ++calls;
  }
  return bytes == message.text.size() && calls == message.tool_calls.size();
}

json::array encode_assistant(const ChatMessage& message, const std::string& model, const ToolNames& names,
                             CallIds& ids) {
  json::array out;
  std::string_view text = message.text;
  std::size_t call = 0;
  if (const auto layout = layout_of(message, model)) {
    const bool in_order = is_untouched(*layout, message);
    for (const json::value& item : *layout) {
      const json::object* entry = item.if_object();
      if (entry == nullptr) continue;
      if (const json::object* block = find_object(*entry, "block")) {
        out.push_back(*block);
      } else if (in_order && entry->contains("call")) {
        out.push_back(call_block(message.tool_calls[call++], names, ids));
      } else if (in_order) {
        const auto bytes = static_cast<std::size_t>(find_count(*entry, "text"));
        add_text(out, text.substr(0, bytes));
        text.remove_prefix(bytes);
      }
    }
  }
  add_text(out, text);
  for (; call < message.tool_calls.size(); ++call)
    out.push_back(call_block(message.tool_calls[call], names, ids));
  return out;
}

Result<json::value> encode_result(const ChatMessage& message, const CallIds& ids) {
  PRYX_TRY(auto content, encode_content(message));
  json::object block{{"type", "tool_result"}, {"tool_use_id", ids.answer(message.tool_call_id)}};
  if (!content.empty()) block["content"] = std::move(content);
  if (message.tool_failed) block["is_error"] = true;
  return block;
}

struct Turns {
  json::array system;
  json::array messages;
  std::vector<std::size_t> hinted;  // messages that end with a cache hint
};

// Turns alternate and the first is the user's.
void add_blocks(Turns& turns, std::string_view role, json::array blocks) {
  if (blocks.empty()) return;
  json::array& messages = turns.messages;
  if (messages.empty() && role == "assistant") {
    json::array missing;
    missing.push_back(text_block("(The beginning of this conversation is left out.)"));
    messages.push_back(json::object{{"role", "user"}, {"content", std::move(missing)}});
  }
  if (!messages.empty() && messages.back().get_object().at("role").get_string() == role) {
    json::array& content = messages.back().get_object().at("content").get_array();
    for (json::value& block : blocks) content.push_back(std::move(block));
    return;
  }
  messages.push_back(json::object{{"role", role}, {"content", std::move(blocks)}});
}

Result<Turns> encode_turns(const ModelRequest& request, const ToolNames& names) {
  Turns turns;
  CallIds ids;
  for (const ChatMessage& message : request.messages) {
    switch (message.role) {
      case ChatMessage::Role::kSystem: {
        json::array blocks;
        add_text(blocks, message.text);
        if (turns.messages.empty()) {
          for (json::value& block : blocks) turns.system.push_back(std::move(block));
        } else {
          add_blocks(turns, "user", std::move(blocks));  // older models know no system turns
        }
        break;
      }
      case ChatMessage::Role::kUser: {
        PRYX_TRY(auto blocks, encode_content(message));
        add_blocks(turns, "user", std::move(blocks));
        break;
      }
      case ChatMessage::Role::kAssistant:
        add_blocks(turns, "assistant", encode_assistant(message, request.model, names, ids));
        break;
      case ChatMessage::Role::kTool: {
        PRYX_TRY(auto block, encode_result(message, ids));
        json::array blocks;
        blocks.push_back(std::move(block));
        add_blocks(turns, "user", std::move(blocks));
        break;
      }
    }
    if (message.cache_until_here && !turns.messages.empty())
      turns.hinted.push_back(turns.messages.size() - 1);
  }
  if (turns.messages.empty()) return fail(ErrorCode::kInvalidArgument, "there is nothing to answer");
  return turns;
}

void mark(json::value& block) { block.get_object()["cache_control"] = json::object{{"type", "ephemeral"}}; }

bool can_be_marked(const json::value& block) {
  const std::string_view type = find_text(block.get_object(), "type");
  return type == "text" || type == "tool_use" || type == "tool_result" || type == "image" ||
         type == "document";
}

// Tools and system are one beginning; then the end of the conversation, and the user's turn before that,
// where the last request ended and the cache holds. Hints replace the latter two.
void mark_for_cache(Turns& turns, json::array& tools) {
  std::size_t marks = 0;
  if (!turns.system.empty()) {
    mark(turns.system.back());
    ++marks;
  } else if (!tools.empty()) {
    mark(tools.back());
    ++marks;
  }
  std::vector<std::size_t> at = turns.hinted;
  if (at.empty()) {
    for (std::size_t i = turns.messages.size(); i-- > 0 && at.size() < kMessageMarks;) {
      if (turns.messages[i].get_object().at("role").get_string() == "user") at.push_back(i);
    }
  }
  std::ranges::sort(at, std::greater());
  at.erase(std::ranges::unique(at).begin(), at.end());
  for (const std::size_t i : at) {
    json::value& last = turns.messages[i].get_object().at("content").get_array().back();
    if (marks < kMaxMarks && can_be_marked(last)) {
      mark(last);
      ++marks;
    }
  }
}

json::object encode_schema(json::object schema) {
  schema["type"] = "object";
  // Refused at the top; the gate checks the arguments by the whole schema all the same.
  for (const std::string_view key : {"oneOf", "anyOf", "allOf"}) schema.erase(key);
  return schema;
}

json::array encode_tools(const ModelRequest& request, const ToolNames& names) {
  json::array out;
  for (const ToolSpec& tool : request.tools) {
    json::object encoded{{"name", names.to_wire(tool.name)},
                         {"description", tool.description},
                         {"input_schema", encode_schema(tool.parameters)}};
    if (tool.strict) encoded["strict"] = true;
    out.push_back(std::move(encoded));
  }
  return out;
}

json::object encode_choice(const ToolChoice& choice, const ToolNames& names) {
  json::object out;
  switch (choice.mode) {
    case ToolChoice::Mode::kAuto:
      out["type"] = "auto";
      break;
    case ToolChoice::Mode::kNone:
      return {{"type", "none"}};
    case ToolChoice::Mode::kRequired:
      out["type"] = "any";
      break;
    case ToolChoice::Mode::kOne:
      out = {{"type", "tool"}, {"name", names.to_wire(choice.name)}};
      break;
  }
  if (choice.parallel) out["disable_parallel_tool_use"] = !*choice.parallel;
  return out;
}

Result<void> add_sampling(json::object& out, const Sampling& sampling) {
  if (sampling.seed || sampling.presence_penalty || sampling.frequency_penalty) {
    return fail(ErrorCode::kInvalidArgument,
                "Anthropic's models know no seed and no presence or frequency penalty");
  }
  if (sampling.temperature && (*sampling.temperature < 0 || *sampling.temperature > 1))
    return fail(ErrorCode::kInvalidArgument, "Anthropic's models take a temperature from 0 to 1");
  if (sampling.temperature) out["temperature"] = *sampling.temperature;
  if (sampling.top_p) out["top_p"] = *sampling.top_p;
  if (sampling.top_k) out["top_k"] = *sampling.top_k;
  if (!sampling.stop.empty()) out["stop_sequences"] = json::array(sampling.stop.begin(), sampling.stop.end());
  return {};
}

std::int64_t budget_of(ReasoningEffort effort) {
  switch (effort) {
    case ReasoningEffort::kMinimal:
      return kLeastThoughts;
    case ReasoningEffort::kLow:
      return 4'096;
    case ReasoningEffort::kMedium:
      return 10'000;
    default:
      return 24'000;
  }
}

// A model with a fixed budget refuses a running round of tools that did not begin with its own thoughts.
bool continues_foreign_round(const ModelRequest& request) {
  for (std::size_t i = request.messages.size(); i-- > 0;) {
    const ChatMessage& message = request.messages[i];
    if (message.role == ChatMessage::Role::kUser) return false;
    if (message.role == ChatMessage::Role::kAssistant && !layout_of(message, request.model)) return true;
  }
  return false;
}

// The longest answer bounds the thoughts as well, because it is what is paid for.
Result<void> add_thinking(json::object& out, const ModelRequest& request, std::int64_t max_tokens) {
  if (request.reasoning == ReasoningEffort::kDefault || request.reasoning == ReasoningEffort::kNone)
    return {};
  const ModelVersion version = version_of(request.model);
  if (version.is_known() && version < ModelVersion{3, 7}) return {};  // cannot think
  const bool has_budget = version.is_known() && version < ModelVersion{4, 6};
  if (has_budget && continues_foreign_round(request)) return {};
  if (request.sampling.temperature || request.sampling.top_k) {
    return fail(ErrorCode::kInvalidArgument,
                "Anthropic's models take no temperature and no top_k while they think");
  }
  if (!has_budget) {
    const bool is_low = request.reasoning == ReasoningEffort::kMinimal;
    out["thinking"] = json::object{{"type", "adaptive"}, {"display", "summarized"}};
    out["output_config"] = json::object{{"effort", is_low ? "low" : to_text(request.reasoning)}};
    return {};
  }
  const std::int64_t budget = std::min(budget_of(request.reasoning), max_tokens - kLeastText);
  if (budget < kLeastThoughts) return {};  // no room to think
  out["thinking"] = json::object{{"type", "enabled"}, {"budget_tokens", budget}};
  return {};
}

// Since 4.1 a model can be held to a schema, in its answer and in its calls.
Result<void> add_format(json::object& out, const ModelRequest& request) {
  const bool is_schema = request.format.kind == ResponseFormat::Kind::kJsonSchema;
  const bool is_strict = std::ranges::any_of(request.tools, &ToolSpec::strict);
  if (!is_schema && !is_strict) return {};
  const ModelVersion version = version_of(request.model);
  if (version.is_known() && version < ModelVersion{4, 1})
    return fail(ErrorCode::kInvalidArgument, "{} cannot be held to a JSON Schema; use a later one",
                request.model);
  if (!is_schema) return {};
  json::value& config = out["output_config"];
  if (!config.is_object()) config = json::object{};
  config.get_object()["format"] = json::object{{"type", "json_schema"}, {"schema", request.format.schema}};
  return {};
}

// What is known about the model, else by its name.
std::int64_t default_output(const ModelRequest& request) {
  const ModelVersion version = version_of(request.model);
  std::int64_t most = kDefaultOutput;
  if (request.about && request.about->max_output_tokens > 0)
    most = std::min(most, request.about->max_output_tokens);
  else if (version.is_known() && version < ModelVersion{3, 7})
    most = version < ModelVersion{3, 5} ? kOldestOutput : kOldOutput;
  return request.longest_output_tokens > 0 ? std::min(most, request.longest_output_tokens) : most;
}

}  // namespace

Result<std::string> encode_messages_request(const ModelRequest& request, const ToolNames& names) {
  PRYX_TRY(Turns turns, encode_turns(request, names));
  json::array tools = encode_tools(request, names);
  if (request.cache == PromptCache::kAuto) mark_for_cache(turns, tools);
  const std::int64_t max_tokens =
      request.max_output_tokens > 0 ? request.max_output_tokens : default_output(request);
  json::object out{{"model", request.model}};
  PRYX_TRY_VOID(add_sampling(out, request.sampling));
  PRYX_TRY_VOID(add_thinking(out, request, max_tokens));
  PRYX_TRY_VOID(add_format(out, request));
  out["max_tokens"] = max_tokens;
  out["stream"] = true;
  if (!turns.system.empty()) out["system"] = std::move(turns.system);
  if (!tools.empty()) {
    out["tools"] = std::move(tools);
    if (request.tool_choice != ToolChoice{}) out["tool_choice"] = encode_choice(request.tool_choice, names);
  }
  out["messages"] = std::move(turns.messages);
  return json::to_text(out);
}

}  // namespace pryx::models

// SPDX-License-Identifier: MIT
#include "engine/models/ollama_codec.h"

#include <algorithm>

#include "engine/models/retry_policy.h"
#include "engine/models/token_estimate.h"
#include "engine/models/tool_names.h"
#include "engine/models/wire_text.h"
#include "foundation/base/text.h"

namespace pryx::models {
namespace {

constexpr std::size_t kMaxToolCalls = 128;
constexpr std::size_t kMaxCallBytes = 4u << 20;
constexpr std::size_t kMaxModels = 10'000;
constexpr std::int64_t kSmallestContext = 8'192;
constexpr std::int64_t kUsualOutput = 4'096;  // room for an answer whose length nobody limits
// Loading is the slow part: the model stays for the next step of the same work.
constexpr std::string_view kKeepAlive = "30m";

std::string_view role_name(ChatMessage::Role role) {
  switch (role) {
    case ChatMessage::Role::kSystem:
      return "system";
    case ChatMessage::Role::kUser:
      return "user";
    case ChatMessage::Role::kAssistant:
      return "assistant";
    case ChatMessage::Role::kTool:
      return "tool";
  }
  return "user";
}

json::object encode_tool_call(const ToolCall& call, const ToolNames& names) {
  auto arguments = json::parse_object(call.arguments_json);
  return {{"id", call.id},
          {"function", json::object{{"name", names.to_wire(call.name)},
                                    {"arguments", arguments ? std::move(*arguments) : json::object{}}}}};
}

Result<json::array> encode_images(const ChatMessage& message) {
  json::array out;
  for (const Attachment& attachment : message.attachments) {
    if (attachment.kind != Attachment::Kind::kImage)
      return fail(ErrorCode::kInvalidArgument,
                  "Ollama takes images but no files; put the text of {} into the message",
                  attachment.name.empty() ? "the file" : utf8_prefix(attachment.name, 80));
    if (!attachment.bytes)
      return fail(ErrorCode::kInternal, "an image of the request was not loaded before it was sent");
    out.emplace_back(to_base64(*attachment.bytes));
  }
  return out;
}

// Which tool a result belongs to: the server knows results by the tool's name.
std::string_view tool_of(const std::vector<ChatMessage>& messages, std::size_t result) {
  for (std::size_t i = result; i-- > 0;) {
    for (const ToolCall& call : messages[i].tool_calls) {
      if (call.id == messages[result].tool_call_id) return call.name;
    }
  }
  return {};
}

Result<json::object> encode_message(const std::vector<ChatMessage>& messages, std::size_t at,
                                    const ToolNames& names) {
  const ChatMessage& message = messages[at];
  json::object out{{"role", role_name(message.role)}, {"content", to_valid_utf8(message.text)}};
  if (message.role == ChatMessage::Role::kTool) {
    out["tool_name"] = names.to_wire(tool_of(messages, at));
    out["tool_call_id"] = message.tool_call_id;
  }
  if (!message.attachments.empty()) {
    PRYX_TRY(out["images"], encode_images(message));
  }
  if (!message.tool_calls.empty()) {
    json::array calls;
    for (const ToolCall& call : message.tool_calls) calls.push_back(encode_tool_call(call, names));
    out["tool_calls"] = std::move(calls);
  }
  return out;
}

json::object encode_options(const ModelRequest& request) {
  const Sampling& sampling = request.sampling;
  json::object out;
  if (sampling.temperature) out["temperature"] = *sampling.temperature;
  if (sampling.top_p) out["top_p"] = *sampling.top_p;
  if (sampling.top_k) out["top_k"] = *sampling.top_k;
  if (sampling.presence_penalty) out["presence_penalty"] = *sampling.presence_penalty;
  if (sampling.frequency_penalty) out["frequency_penalty"] = *sampling.frequency_penalty;
  if (sampling.seed) out["seed"] = *sampling.seed;
  if (!sampling.stop.empty()) out["stop"] = json::array(sampling.stop.begin(), sampling.stop.end());
  if (request.max_output_tokens > 0) out["num_predict"] = request.max_output_tokens;
  return out;
}

// What the server has to hold. Which tokenizer a local model has is not known, so that one with a token for
// each digit is reckoned with too. A quarter more than that: too large costs memory, too small text.
std::int64_t prompt_tokens(const ModelRequest& request) {
  const TokenizerFamily family = tokenizer_family("ollama", request.model);
  std::int64_t tokens = estimate_tokens(family, request);
  if (family != TokenizerFamily::kGoogle)
    tokens = std::max(tokens, estimate_tokens(TokenizerFamily::kGoogle, request));
  return tokens + tokens / 4;
}

// A model that cannot think refuses a request that asks it to: said only when it can.
std::optional<json::value> encode_thinking(const ModelRequest& request) {
  const bool can = request.about && request.about->reasoning.value_or(false);
  if (!can || request.reasoning == ReasoningEffort::kDefault) return std::nullopt;
  if (request.reasoning == ReasoningEffort::kNone) return json::value(false);
  // Only this family knows levels; the others refuse a text.
  if (request.model.find("gpt-oss") == std::string::npos) return json::value(true);
  if (request.reasoning == ReasoningEffort::kHigh) return json::value("high");
  return json::value(request.reasoning == ReasoningEffort::kMedium ? "medium" : "low");
}

class OllamaDecoder final : public AnswerDecoder {
 public:
  OllamaDecoder(const ModelRequest& request, std::size_t request_bytes)
      : names_(request),
        model_(request.model),
        request_id_(request.request_id),
        request_bytes_(request_bytes) {}

  Result<void> feed(const Frame& frame, std::vector<ModelEvent>& out) override {
    if (done_ || trim(frame.data).empty()) return {};
    const auto parsed = json::parse_object(frame.data);
    if (!parsed)
      return fail(ErrorCode::kProvider, "the provider sent a malformed frame: {}", parsed.error().message);
    const json::object& line = *parsed;
    if (json::find(line, "error") != nullptr) return fail(error_of(line));
    if (const std::string_view model = find_text(line, "model"); !model.empty()) model_ = model;
    if (const json::object* message = find_object(line, "message"))
      PRYX_TRY_VOID(take_message(*message, out));
    const json::value* done = json::find(line, "done");
    if (done != nullptr && done->is_bool() && done->get_bool()) take_end(line);
    return {};
  }

  Result<void> finish(std::vector<ModelEvent>& out) override {
    if (!done_)
      return fail(ErrorCode::kUnavailable,
                  "the answer ended before it was complete; the text so far is interrupted");
    for (std::size_t i = 0; i < calls_.size(); ++i)
      out.emplace_back(ToolCallComplete{std::move(calls_[i]), i});
    if (usage_.input_tokens == 0 && usage_.output_tokens == 0) {
      usage_ = {.input_tokens = estimate_tokens(request_bytes_),
                .output_tokens = estimate_tokens(progress_),
                .estimated = true};
    }
    out.emplace_back(UsageReport{usage_});
    if (reason_ == FinishReason::kStop && !calls_.empty()) reason_ = FinishReason::kToolCalls;
    out.emplace_back(Finished{reason_, model_});
    return {};
  }

  [[nodiscard]] bool is_done() const override { return done_; }
  [[nodiscard]] std::size_t progress() const override { return progress_; }

 private:
  static Error error_of(const json::object& line) {
    const json::object* inner = find_object(line, "error");
    const std::string_view words = inner != nullptr ? find_text(*inner, "message") : find_text(line, "error");
    return broken_off(ErrorCode::kProvider, {}, words);
  }

  Result<void> take_message(const json::object& message, std::vector<ModelEvent>& out) {
    std::string_view thinking = find_text(message, "thinking");
    if (thinking.empty()) thinking = find_text(message, "reasoning_content");
    if (!thinking.empty()) out.emplace_back(ReasoningDelta{std::string(thinking)});
    const std::string_view text = find_text(message, "content");
    if (!text.empty()) out.emplace_back(TextDelta{std::string(text)});
    progress_ += thinking.size() + text.size();
    if (const json::array* calls = find_array(message, "tool_calls")) return take_calls(*calls);
    return {};
  }

  // Each comes whole. Older servers give no ids, and one that repeats in a later answer would make the
  // history ambiguous, so ours hold the id of the request.
  Result<void> take_calls(const json::array& calls) {
    for (const json::value& item : calls) {
      const json::object* call = item.if_object();
      const json::object* function = call == nullptr ? nullptr : find_object(*call, "function");
      if (function == nullptr)
        return fail(ErrorCode::kProvider, "the provider sent a malformed frame: a tool call is no object");
      if (calls_.size() >= kMaxToolCalls)
        return fail(ErrorCode::kProvider, "the provider sent more than {} tool calls at once", kMaxToolCalls);
      ToolCall out;
      out.id = find_text(*call, "id");
      if (out.id.empty()) out.id = fmt::format("call_{}_{}", request_id_, calls_.size());
      out.name = names_.from_wire(find_text(*function, "name"));
      const json::value* arguments = json::find(*function, "arguments");
      out.arguments_json = "{}";
      if (arguments != nullptr && arguments->is_string())
        out.arguments_json = arguments->get_string();
      else if (arguments != nullptr)
        out.arguments_json = json::to_text(*arguments);
      call_bytes_ += out.arguments_json.size();
      if (call_bytes_ > kMaxCallBytes)
        return fail(ErrorCode::kProvider, "the provider sent tool calls of over {} bytes", kMaxCallBytes);
      progress_ += out.arguments_json.size() + out.name.size();
      calls_.push_back(std::move(out));
    }
    return {};
  }

  void take_end(const json::object& line) {
    done_ = true;
    usage_.input_tokens = find_count(line, "prompt_eval_count");
    usage_.output_tokens = find_count(line, "eval_count");
    if (find_text(line, "done_reason") == "length") reason_ = FinishReason::kLength;
  }

  ToolNames names_;
  std::string model_;
  std::string request_id_;
  std::size_t request_bytes_;
  std::size_t progress_ = 0;
  std::vector<ToolCall> calls_;
  std::size_t call_bytes_ = 0;
  Usage usage_;
  FinishReason reason_ = FinishReason::kStop;
  bool done_ = false;
};

class OllamaCodec final : public WireCodec {
 public:
  [[nodiscard]] Framing framing() const override { return Framing::kJsonLines; }
  [[nodiscard]] FormAbilities form_abilities() const override { return {true, true, false}; }
  [[nodiscard]] WireHeader key_header(const Secret& key) const override {
    return {"Authorization", "Bearer " + key.reveal()};
  }

  [[nodiscard]] Result<WireRequest> encode(const ModelRequest& request) const override {
    const ToolNames names(request);
    json::array messages;
    messages.reserve(request.messages.size());
    for (std::size_t i = 0; i < request.messages.size(); ++i) {
      PRYX_TRY(json::object message, encode_message(request.messages, i, names));
      messages.push_back(std::move(message));
    }
    json::object body{{"model", request.model},
                      {"messages", std::move(messages)},
                      {"stream", true},
                      {"keep_alive", kKeepAlive}};
    PRYX_TRY_VOID(add_tools(request, names, body));
    if (request.format.kind == ResponseFormat::Kind::kJsonObject) body["format"] = "json";
    if (request.format.kind == ResponseFormat::Kind::kJsonSchema) body["format"] = request.format.schema;
    if (auto thinking = encode_thinking(request)) body["think"] = std::move(*thinking);
    json::object options = encode_options(request);
    const std::int64_t most = request.about ? request.about->context_tokens : 0;
    options["num_ctx"] = ollama_context_size(prompt_tokens(request), request.max_output_tokens, most);
    body["options"] = std::move(options);
    return WireRequest{.target = "/api/chat", .body = json::to_text(body)};
  }

  [[nodiscard]] std::unique_ptr<AnswerDecoder> make_decoder(const ModelRequest& request,
                                                            std::size_t request_bytes) const override {
    return std::make_unique<OllamaDecoder>(request, request_bytes);
  }

  [[nodiscard]] Error decode_error(int status, std::string_view body,
                                   std::string_view provider) const override {
    std::string words;
    if (const auto parsed = json::parse_object(body)) {
      words = find_text(*parsed, "error");
      if (const json::object* inner = find_object(*parsed, "error")) words = find_text(*inner, "message");
    } else if (body.find('<') == std::string_view::npos) {
      words = body;
    }
    return refusal(provider, status, code_for_status(status), {}, words);
  }

  [[nodiscard]] WireRequest model_list(std::string_view) const override {
    return {.method = "GET", .target = "/api/tags"};
  }

  [[nodiscard]] Result<ModelPage> decode_models(std::string_view body,
                                                std::string_view provider) const override {
    PRYX_TRY(const json::object parsed, json::parse_object(body));
    const json::array* models = find_array(parsed, "models");
    if (models == nullptr) return fail(ErrorCode::kProvider, "provider {} sent no model list", provider);
    ModelPage page;
    for (const json::value& item : *models) {
      const json::object* model = item.if_object();
      if (model == nullptr || page.models.size() >= kMaxModels) continue;
      std::string_view name = find_text(*model, "name");
      if (name.empty()) name = find_text(*model, "model");
      if (name.empty() || name.size() > 200) continue;
      ModelInfo info;
      info.id = name;
      info.provider = provider;
      page.models.push_back(std::move(info));
    }
    std::ranges::sort(page.models, {}, &ModelInfo::id);
    return page;
  }

  [[nodiscard]] std::optional<WireRequest> model_question(std::string_view model) const override {
    return WireRequest{.target = "/api/show", .body = json::to_text(json::object{{"model", model}})};
  }

  [[nodiscard]] Result<void> decode_model_answer(std::string_view body, ModelInfo& info) const override {
    PRYX_TRY(const json::object parsed, json::parse_object(body));
    if (const json::object* facts = find_object(parsed, "model_info")) {
      // "llama.context_length", "qwen3.context_length": named after the architecture.
      const std::string key = fmt::format("{}.context_length", find_text(*facts, "general.architecture"));
      info.context_tokens = find_count(*facts, key);
    }
    if (const json::array* abilities = find_array(parsed, "capabilities")) {
      const auto has = [&](std::string_view ability) {
        return std::ranges::any_of(
            *abilities, [&](const json::value& v) { return v.is_string() && v.get_string() == ability; });
      };
      info.tools = has("tools");
      info.reasoning = has("thinking");
      info.takes = {"text"};
      if (has("vision")) info.takes.emplace_back("image");
      info.gives = {"text"};
    }
    return {};
  }

 private:
  static Result<void> add_tools(const ModelRequest& request, const ToolNames& names, json::object& body) {
    const ToolChoice& choice = request.tool_choice;
    if (choice.mode == ToolChoice::Mode::kRequired || choice.mode == ToolChoice::Mode::kOne)
      return fail(ErrorCode::kInvalidArgument,
                  "Ollama cannot be told which tool to call; leave tool_choice out");
    if (request.tools.empty() || choice.mode == ToolChoice::Mode::kNone) return {};
    json::array tools;
    for (const ToolSpec& tool : request.tools) {
      tools.push_back(json::object{{"type", "function"},
                                   {"function", json::object{{"name", names.to_wire(tool.name)},
                                                             {"description", tool.description},
                                                             {"parameters", tool.parameters}}}});
    }
    body["tools"] = std::move(tools);
    return {};
  }
};

}  // namespace

std::int64_t ollama_context_size(std::int64_t prompt_tokens, std::int64_t max_output_tokens,
                                 std::int64_t most) {
  const std::int64_t output = max_output_tokens > 0 ? max_output_tokens : kUsualOutput;
  const std::int64_t needed = prompt_tokens + output;
  std::int64_t size = kSmallestContext;
  while (size < needed && size < (std::int64_t{1} << 40)) size *= 2;
  return most > 0 ? std::min(size, most) : size;
}

std::unique_ptr<WireCodec> make_ollama_codec() { return std::make_unique<OllamaCodec>(); }

}  // namespace pryx::models

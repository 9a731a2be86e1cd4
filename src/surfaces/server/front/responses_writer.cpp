// SPDX-License-Identifier: MIT
#include "surfaces/server/front/responses_writer.h"

#include "surfaces/server/problem.h"

namespace pryx::server {
namespace {

constexpr std::string_view kPrefix = "resp_";

json::object usage_body(const json::object& usage) {
  const std::int64_t in = json::integer_or(usage, "input_tokens", 0);
  const std::int64_t out = json::integer_or(usage, "output_tokens", 0);
  return {{"input_tokens", in},
          {"input_tokens_details",
           json::object{{"cached_tokens", json::integer_or(usage, "cached_input_tokens", 0)}}},
          {"output_tokens", out},
          {"output_tokens_details",
           json::object{{"reasoning_tokens", json::integer_or(usage, "reasoning_tokens", 0)}}},
          {"total_tokens", in + out}};
}

json::object text_part(std::string_view text) {
  return {
      {"type", "output_text"}, {"text", text}, {"annotations", json::array()}, {"logprobs", json::array()}};
}

json::object message_item(std::string_view id, std::string_view text, bool done) {
  json::array content;
  if (done) content.push_back(text_part(text));
  return {{"id", id},
          {"type", "message"},
          {"status", done ? "completed" : "in_progress"},
          {"role", "assistant"},
          {"content", std::move(content)}};
}

// Encrypted thoughts stay with the session here; a client that asks for them gets the field without any.
json::object reasoning_item(std::string_view id, std::string_view text, bool done) {
  json::array summary;
  if (done) summary.push_back(json::object{{"type", "summary_text"}, {"text", text}});
  return {{"id", id}, {"type", "reasoning"}, {"summary", std::move(summary)}, {"encrypted_content", nullptr}};
}

json::object call_body(std::string_view id, const models::ToolCall& call, bool done) {
  return {{"id", id},
          {"type", "function_call"},
          {"status", done ? "completed" : "in_progress"},
          {"call_id", call.id},
          {"name", call.name},
          {"arguments", done ? call.arguments_json : std::string()}};
}

json::object error_body(const FrontRefusal& failure) {
  const json::object body = openai_error_body(failure.error, failure.param, failure.code);
  const json::object& detail = body.at("error").as_object();
  return {{"code", detail.at("code")}, {"message", detail.at("message")}};
}

// What the end of a turn says about the whole response.
void finish(json::object& response, const FrontIds& ids, const FrontOutcome& outcome) {
  response["model"] = front_model(ids, outcome);
  response["usage"] = usage_body(outcome.usage);
  response["pryx"] = front_facts(ids, outcome);
  const bool cut = outcome.finish == models::FinishReason::kLength;
  if (!cut && outcome.finish != models::FinishReason::kContentFilter) return;
  response["status"] = "incomplete";
  response["incomplete_details"] = json::object{{"reason", cut ? "max_output_tokens" : "content_filter"}};
}

}  // namespace

std::string response_id(const TurnId& turn) {
  return std::string(kPrefix) + turn.str().substr(TurnId::prefix().size());
}

std::optional<TurnId> turn_of_response(std::string_view id) {
  if (!id.starts_with(kPrefix)) return std::nullopt;
  auto turn = TurnId::parse(std::string(TurnId::prefix()) + std::string(id.substr(kPrefix.size())));
  if (!turn) return std::nullopt;
  return std::move(*turn);
}

void ResponsesWriter::remember(const json::object& request, const agent::TurnOptions& options) {
  const auto given = [&](std::string_view name, json::value fallback) {
    const json::value* found = json::find(request, name);
    echo_[name] = found != nullptr ? *found : std::move(fallback);
  };
  given("instructions", nullptr);
  given("max_output_tokens", nullptr);
  given("metadata", json::object());
  given("parallel_tool_calls", true);
  given("previous_response_id", nullptr);
  given("reasoning", json::object{{"effort", nullptr}, {"summary", nullptr}});
  given("store", true);
  given("temperature", nullptr);
  given("text", json::object{{"format", json::object{{"type", "text"}}}});
  given("tool_choice", "auto");
  given("top_p", nullptr);
  echo_["truncation"] = "auto";
  json::array tools;
  for (const models::ToolSpec& tool : options.client_tools) {
    tools.push_back(json::object{{"type", "function"},
                                 {"name", tool.name},
                                 {"description", tool.description},
                                 {"parameters", tool.parameters},
                                 {"strict", tool.strict}});
  }
  echo_["tools"] = std::move(tools);
}

json::object ResponsesWriter::response(const FrontIds& ids, std::string_view status) const {
  json::object o{{"id", response_id(ids.turn)},
                 {"object", "response"},
                 {"created_at", ids.created},
                 {"status", status},
                 {"background", false},
                 {"error", nullptr},
                 {"incomplete_details", nullptr},
                 {"model", ids.model},
                 {"output", output_},
                 {"usage", nullptr}};
  for (const auto& member : echo_) o[member.key()] = member.value();
  return o;
}

json::object ResponsesWriter::unfinished(const FrontIds& ids, std::string_view status,
                                         const std::optional<FrontRefusal>& failure) const {
  json::object out = response(ids, status);
  out["pryx"] = front_facts(ids, {});
  if (failure) out["error"] = error_body(*failure);
  return out;
}

std::string ResponsesWriter::event(std::string_view name, json::object body) {
  body["type"] = name;
  body["sequence_number"] = sequence_++;
  return sse_event(name, body);
}

std::string ResponsesWriter::item_id(const FrontIds& ids, std::string_view prefix) const {
  return fmt::format("{}{}_{}", prefix, ids.turn.str().substr(TurnId::prefix().size()), output_.size());
}

json::object ResponsesWriter::whole(const FrontIds& ids, const FrontOutcome& outcome) {
  if (!outcome.reasoning.empty())
    output_.push_back(reasoning_item(item_id(ids, "rs_"), outcome.reasoning, true));
  if (!outcome.text.empty() || outcome.calls.empty())
    output_.push_back(message_item(item_id(ids, "msg_"), outcome.text, true));
  for (const models::ToolCall& call : outcome.calls)
    output_.push_back(call_body(item_id(ids, "fc_"), call, true));
  json::object done = response(ids, "completed");
  finish(done, ids, outcome);
  return done;
}

std::string ResponsesWriter::open(const FrontIds& ids) {
  std::string out = event("response.created", {{"response", response(ids, "in_progress")}});
  return out + event("response.in_progress", {{"response", response(ids, "in_progress")}});
}

std::string ResponsesWriter::begin_item(const FrontIds& ids, Item kind) {
  item_ = kind;
  text_.clear();
  const bool is_message = kind == Item::kMessage;
  item_id_ = item_id(ids, is_message ? "msg_" : "rs_");
  json::object item = is_message ? message_item(item_id_, {}, false) : reasoning_item(item_id_, {}, false);
  std::string out =
      event("response.output_item.added", {{"output_index", output_.size()}, {"item", std::move(item)}});
  if (is_message) {
    return out + event("response.content_part.added", {{"item_id", item_id_},
                                                       {"output_index", output_.size()},
                                                       {"content_index", 0},
                                                       {"part", text_part({})}});
  }
  return out + event("response.reasoning_summary_part.added",
                     {{"item_id", item_id_},
                      {"output_index", output_.size()},
                      {"summary_index", 0},
                      {"part", json::object{{"type", "summary_text"}, {"text", ""}}}});
}

std::string ResponsesWriter::piece(const FrontIds& ids, FrontText kind, std::string_view text) {
  const Item wanted = kind == FrontText::kAnswer ? Item::kMessage : Item::kReasoning;
  std::string out;
  if (item_ != wanted) {
    out = end_item(ids);
    out += begin_item(ids, wanted);
  }
  text_ += text;
  if (wanted == Item::kMessage) {
    return out + event("response.output_text.delta", {{"item_id", item_id_},
                                                      {"output_index", output_.size()},
                                                      {"content_index", 0},
                                                      {"delta", text},
                                                      {"logprobs", json::array()}});
  }
  return out + event("response.reasoning_summary_text.delta", {{"item_id", item_id_},
                                                               {"output_index", output_.size()},
                                                               {"summary_index", 0},
                                                               {"delta", text}});
}

std::string ResponsesWriter::end_item(const FrontIds&) {
  if (item_ == Item::kNone) return {};
  const std::size_t index = output_.size();
  std::string out;
  json::object item;
  if (item_ == Item::kMessage) {
    out = event("response.output_text.done", {{"item_id", item_id_},
                                              {"output_index", index},
                                              {"content_index", 0},
                                              {"text", text_},
                                              {"logprobs", json::array()}});
    out += event(
        "response.content_part.done",
        {{"item_id", item_id_}, {"output_index", index}, {"content_index", 0}, {"part", text_part(text_)}});
    item = message_item(item_id_, text_, true);
  } else {
    out = event("response.reasoning_summary_text.done",
                {{"item_id", item_id_}, {"output_index", index}, {"summary_index", 0}, {"text", text_}});
    out += event("response.reasoning_summary_part.done",
                 {{"item_id", item_id_},
                  {"output_index", index},
                  {"summary_index", 0},
                  {"part", json::object{{"type", "summary_text"}, {"text", text_}}}});
    item = reasoning_item(item_id_, text_, true);
  }
  out += event("response.output_item.done", {{"output_index", index}, {"item", item}});
  output_.push_back(std::move(item));
  item_ = Item::kNone;
  return out;
}

std::string ResponsesWriter::call_item(const FrontIds& ids, const models::ToolCall& call) {
  const std::size_t index = output_.size();
  const std::string id = item_id(ids, "fc_");
  std::string out =
      event("response.output_item.added", {{"output_index", index}, {"item", call_body(id, call, false)}});
  out += event("response.function_call_arguments.delta",
               {{"item_id", id}, {"output_index", index}, {"delta", call.arguments_json}});
  out += event(
      "response.function_call_arguments.done",
      {{"item_id", id}, {"output_index", index}, {"name", call.name}, {"arguments", call.arguments_json}});
  json::object item = call_body(id, call, true);
  out += event("response.output_item.done", {{"output_index", index}, {"item", item}});
  output_.push_back(std::move(item));
  return out;
}

std::string ResponsesWriter::close(const FrontIds& ids, const FrontOutcome& outcome) {
  std::string out;
  if (item_ == Item::kNone && output_.empty() && outcome.calls.empty())
    out = begin_item(ids, Item::kMessage);  // an answer has an item, even an empty one
  out += end_item(ids);
  for (const models::ToolCall& call : outcome.calls) out += call_item(ids, call);
  json::object done = response(ids, "completed");
  finish(done, ids, outcome);
  const bool complete = done.at("status").as_string() == "completed";
  return out +
         event(complete ? "response.completed" : "response.incomplete", {{"response", std::move(done)}});
}

std::string ResponsesWriter::failed(const FrontIds& ids, const FrontRefusal& failure) {
  std::string out = end_item(ids);
  json::object ended = response(ids, "failed");
  ended["error"] = error_body(failure);
  return out + event("response.failed", {{"response", std::move(ended)}});
}

}  // namespace pryx::server

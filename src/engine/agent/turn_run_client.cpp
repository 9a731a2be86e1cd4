// SPDX-License-Identifier: MIT
// What a turn's options change: which tools are offered, how the model is asked, and calls to the caller's
// own tools, which are handed out as the turn's end and never run.
#include "engine/agent/attachments.h"
#include "engine/agent/turn_run.h"

namespace pryx::agent {

bool TurnRun::offers_own_tools() const {
  switch (turn_.options.own_tools) {
    case TurnOptions::OwnTools::kOn:
      return true;
    case TurnOptions::OwnTools::kOff:
      return false;
    case TurnOptions::OwnTools::kBySession:
      break;
  }
  return !session_.hidden;
}

void TurnRun::apply_options(Context& context) const {
  const TurnOptions& options = turn_.options;
  models::ModelRequest& request = context.request;
  // Who brings no tools of ours into play wants the model, not the agent: its own words are the whole prompt.
  if (options.own_tools == TurnOptions::OwnTools::kOff && !request.messages.empty()) {
    request.messages.front().text = options.instructions;
    if (options.instructions.empty()) request.messages.erase(request.messages.begin());
  } else if (!options.instructions.empty() && !request.messages.empty()) {
    request.messages.front().text += "\n\n" + options.instructions;
  }
  context.labels.join(options.labels);
  for (const models::ToolSpec& tool : options.client_tools) request.tools.push_back(tool);
  request.sampling = options.sampling;
  request.reasoning = options.reasoning;
  request.format = options.format;
  request.max_output_tokens = options.max_output_tokens;
  if (!options.cache_key.empty()) request.cache_key = options.cache_key;
  request.tool_choice = options.tool_choice;
  // Forced once, or a turn with tools of ours would be forced to call for ever.
  if (model_steps_ > 1 && request.tool_choice.mode != models::ToolChoice::Mode::kNone)
    request.tool_choice.mode = models::ToolChoice::Mode::kAuto;
}

async::Task<Result<void>> TurnRun::load_attachments(models::ModelRequest& request) {
  const models::ModelInfo info = parts().models.describe(request.model);
  fit_attachments(request, info.takes_images(), info.max_images);
  for (models::ChatMessage& message : request.messages) {
    for (std::size_t i = 0; i < message.attachments.size();) {
      auto bytes = co_await parts().results.get(message.attachments[i].ref);
      if (!bytes && bytes.error().code == ErrorCode::kCancelled) co_return fail(std::move(bytes.error()));
      if (!bytes) {
        // A session outlives a lost file.
        leave_out(message, i, "its file is not there any more");
        continue;
      }
      message.attachments[i++].bytes = std::make_shared<const std::string>(std::move(*bytes));
    }
  }
  co_return Result<void>{};
}

void TurnRun::find_client_calls() {
  client_calls_.clear();
  for (const Message& message : history_) {
    // What the model wrote has a step; what the caller says an assistant wrote has none.
    if (message.turn != turn_.id || message.role != Role::kAssistant || message.step.empty()) continue;
    for (const Part& part : message.parts) {
      const bool is_call = part.type == "tool_call" && part.step.empty();
      if (is_call && turn_.options.is_client_tool(part.tool))
        client_calls_.push_back({part.call_id, part.tool, part.text});
    }
  }
}

async::Task<TurnRun::Flow> TurnRun::end_with_client_calls() {
  std::string text;
  MessageId message_id;
  for (const Message& message : history_) {
    if (message.turn != turn_.id || message.role != Role::kAssistant) continue;
    text = message.text();
    message_id = message.id;
  }
  const auto written = co_await parts().database.write(
      [&, this](db::Transaction& t) { return write_end(t, TurnState::kCompleted, text, message_id); });
  if (!written) co_return co_await stopped_by_storage(written.error());
  co_return Flow::kStop;
}

json::array TurnRun::client_calls_json() const {
  json::array calls;
  for (const models::ToolCall& call : client_calls_)
    calls.push_back(json::object{{"id", call.id}, {"name", call.name}, {"arguments", call.arguments_json}});
  return calls;
}

}  // namespace pryx::agent

// SPDX-License-Identifier: MIT
// One short answer in the bytes of every kind of provider, in the pieces that tests break it at. For tables
// that hold all kinds against the same expectation.
#pragma once
#include <string_view>

namespace pryx::models::testing {

struct WireKind {
  std::string_view name;
  std::string_view kind;
  std::string_view api;
  std::string_view content_type;
  std::string_view begin;       // one word, "Hel"
  std::string_view rest;        // and what makes the answer whole, "lo"
  std::string_view call_begun;  // a call of a tool, as far as its name and half of its arguments
  std::string_view broken;      // an error inside the stream
  std::string_view nonsense;
};

inline constexpr std::string_view kSse = "text/event-stream";
inline constexpr WireKind kWireKinds[] = {
    {"chat", "openai", "chat", kSse, "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n",
     "data: {\"choices\":[{\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
     "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"function\":{\"name\":"
     "\"test_pure\",\"arguments\":\"{\\\"n\\\":\"}}]}}]}\n\n",
     "data: {\"error\":{\"message\":\"oops\"}}\n\n", "data: {[\n\n"},
    {"responses", "openai", "responses", kSse,
     "event: response.output_text.delta\ndata: "
     "{\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"Hel\"}\n\n",
     "data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"lo\"}\n\ndata: "
     "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n",
     "data: {\"type\":\"response.output_item.added\",\"output_index\":1,\"item\":{\"type\":\"function_call\","
     "\"call_id\":\"c1\",\"name\":\"test_pure\",\"arguments\":\"\"}}\n\ndata: "
     "{\"type\":\"response.function_call_arguments.delta\",\"output_index\":1,\"delta\":\"{\\\"n\\\":\"}\n\n",
     "data: {\"type\":\"error\",\"message\":\"oops\"}\n\n", "data: {[\n\n"},
    {"anthropic", "anthropic", "", kSse,
     "data: {\"type\":\"message_start\",\"message\":{}}\n\ndata: "
     "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
     "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":"
     "\"Hel\"}}\n\n",
     "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":"
     "\"lo\"}}\n\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\ndata: "
     "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\ndata: "
     "{\"type\":\"message_stop\"}\n\n",
     "data: {\"type\":\"message_start\",\"message\":{}}\n\ndata: "
     "{\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t1\","
     "\"name\":\"test_pure\",\"input\":{}}}\n\ndata: "
     "{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\","
     "\"partial_json\":\"{\\\"n\\\":\"}}\n\n",
     "data: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"oops\"}}\n\n",
     "data: {[\n\n"},
    {"google", "google", "", kSse,
     "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hel\"}]}}]}\n\n",
     "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"lo\"}]},\"finishReason\":\"STOP\"}]}\n\n",
     "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"test_pure\",\"args\":"
     "{\"n\":1}}}]}}]}\n\n",
     "data: {\"error\":{\"code\":500,\"message\":\"oops\",\"status\":\"INTERNAL\"}}\n\n", "data: {[\n\n"},
    {"ollama", "ollama", "", "application/x-ndjson", "{\"message\":{\"content\":\"Hel\"},\"done\":false}\n",
     "{\"message\":{\"content\":\"lo\"},\"done\":true,\"done_reason\":\"stop\"}\n",
     "{\"message\":{\"tool_calls\":[{\"function\":{\"name\":\"test_pure\",\"arguments\":{\"n\":1}}}]},"
     "\"done\":false}\n",
     "{\"error\":\"oops\"}\n", "{[\n"},
};

}  // namespace pryx::models::testing

// SPDX-License-Identifier: MIT
// What a client may send to a front: the first line names the front, the rest is the body. A decoder either
// says why not, or gives a request whose every part is untrusted; and whatever answer follows, its writer's
// events are JSON that adds up to the same text.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "foundation/base/text.h"
#include "surfaces/server/front/messages_codec.h"
#include "surfaces/server/front/token_count.h"

using namespace pryx;

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

std::unique_ptr<server::FrontCodec> codec_of(std::string_view name) {
  if (name == "responses") return server::make_responses_codec();
  if (name == "messages") return server::make_messages_codec();
  return server::make_chat_codec();
}

void check_refusal(const server::FrontRefusal& refusal) {
  require(!refusal.error.message.empty() && is_valid_utf8(refusal.error.message), "a refusal says why");
  require(is_valid_utf8(refusal.param), "a refusal's parameter can be written");
}

void check_request(const server::FrontRequest& request) {
  require(!request.messages.empty(), "there is a message");
  const agent::Role last = request.messages.back().role;
  require(last == agent::Role::kUser || last == agent::Role::kTool, "somebody waits for an answer");
  std::size_t blobs = 0;
  for (const auto& message : request.messages) {
    for (const auto& part : message.parts) {
      require(part.labels.is_untrusted(), "what a client claims is not the owner's word");
      require(part.type != "tool_call" || part.step.empty(), "nobody claims a step of ours");
      blobs += part.result_ref.empty() ? 0 : 1;
    }
  }
  require(blobs == request.blobs.size(), "every picture has its bytes, and nothing else refers to any");
  require(request.options.labels.is_untrusted(), "instructions are not the owner's word");
  require(agent::TurnOptions::from_text(request.options.to_text()).to_text() == request.options.to_text(),
          "options survive their row");
  require(server::count_tokens(request, models::TokenizerFamily::kLlama, models::ImageRule{}) >= 0,
          "a count is a count");
}

// The texts of all events, by the name of the field that carries them.
void check_stream(server::FrontCodec& codec, std::string_view text) {
  const server::FrontIds ids{SessionId("ses_01ARZ3NDEKTSV4RRFFQ69G5FAV"),
                             TurnId("trn_01ARZ3NDEKTSV4RRFFQ69G5FAV"), 1, "m"};
  server::FrontOutcome outcome{.text = std::string(text),
                               .reasoning = {},
                               .calls = {{"c1", "f", std::string(text)}},
                               .finish = models::FinishReason::kToolCalls,
                               .model = "p/m",
                               .usage = {},
                               .cost = nullptr};
  std::string bytes = codec.open(ids);
  bytes += codec.piece(ids, server::FrontText::kReasoning, "thought");
  bytes += codec.piece(ids, server::FrontText::kAnswer, text);
  bytes += codec.next_step(ids);
  bytes += codec.piece(ids, server::FrontText::kAnswer, text);
  bytes += codec.keep_alive();
  bytes += codec.close(ids, outcome);
  for (const std::string_view line : split(bytes, '\n')) {
    if (!line.starts_with("data: ") || line == "data: [DONE]") continue;
    require(json::parse_object(line.substr(6)).has_value(), "an event is one JSON object on one line");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view name = text.substr(0, end);
  const auto body = json::parse_object(text.substr(std::min(end + 1, text.size())));
  if (!body) return 0;
  const PrincipalId me("prn_owner");
  if (name == "count") {
    const auto counted = server::decode_count_request(*body, me);
    counted ? check_request(*counted) : check_refusal(counted.error());
    return 0;
  }
  const auto codec = codec_of(name);
  const auto decoded = codec->decode(*body, me);
  if (!decoded) {
    check_refusal(decoded.error());
    return 0;
  }
  check_request(*decoded);
  check_stream(*codec, to_valid_utf8(text.substr(0, 200)));
  return 0;
}

// SPDX-License-Identifier: MIT
#include "surfaces/server/message_parts.h"

#include "engine/agent/session_store.h"
#include "engine/agent/turn_engine.h"
#include "foundation/base/image_type.h"
#include "foundation/base/text.h"
#include "foundation/db/database.h"

namespace pryx::server {
namespace {

Result<GivenPart> decode_image(const json::object& fields, std::size_t index) {
  GivenPart out;
  out.part.type = "image";
  PRYX_TRY(out.part.media_type, json::get_string(fields, "media_type"));
  PRYX_TRY(const std::string data, json::get_string(fields, "data"));
  PRYX_TRY(auto name, json::find_string(fields, "name"));
  PRYX_TRY(auto detail, json::find_string(fields, "detail"));
  // Four characters of base64 are three bytes.
  if (data.size() > kMaxImageBytes / 3 * 4 + 4)
    return fail(ErrorCode::kTooLarge, "parts[{}]: an image may have {} bytes", index, kMaxImageBytes);
  auto bytes = from_base64(data);
  if (!bytes) return fail(ErrorCode::kInvalidArgument, "parts[{}]: data is no base64", index);
  const std::string_view type = image_type_of(*bytes);
  if (type.empty()) {
    return fail(ErrorCode::kInvalidArgument, "parts[{}]: the image is neither PNG, JPEG, GIF nor WebP",
                index);
  }
  if (type != out.part.media_type)
    return fail(ErrorCode::kInvalidArgument, "parts[{}]: the image is {}, not {}", index, type,
                utf8_prefix(out.part.media_type, 80));
  if (detail && *detail != "low" && *detail != "high" && *detail != "auto")
    return fail(ErrorCode::kInvalidArgument, "parts[{}]: detail must be auto, low or high", index);
  if (detail && *detail != "auto") out.part.detail = std::move(*detail);
  out.part.name = utf8_prefix(name.value_or(""), 255);
  out.part.bytes = static_cast<std::int64_t>(bytes->size());
  if (const auto size = image_size_of(*bytes)) {
    out.part.width = size->width;
    out.part.height = size->height;
  }
  out.bytes = std::move(*bytes);
  return out;
}

async::Task<Result<void>> check_model(std::string model, SessionId session, PrincipalId principal,
                                      Services& services) {
  if (model.empty()) {
    PRYX_CO_TRY(const auto found, co_await services.database.read([&](db::Connection& c) {
      return agent::SessionStore::find_session(c, principal, session);
    }));
    if (found) model = found->model;
  }
  // An agent's or the configured default is known when the turn runs: what it cannot see is said there.
  if (model.empty()) co_return Result<void>{};
  if (services.models.describe(model).takes_images() == false) {
    co_return fail(ErrorCode::kInvalidArgument,
                   "the model {} sees no images; use another with `model`, or leave the images out",
                   utf8_prefix(model, 120));
  }
  co_return Result<void>{};
}

}  // namespace

Result<std::vector<GivenPart>> decode_parts(const json::array& parts, const trust::Labels& labels) {
  if (parts.size() > kMaxParts)
    return fail(ErrorCode::kInvalidArgument, "a message has at most {} parts", kMaxParts);
  std::vector<GivenPart> out;
  std::size_t images = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const json::object* fields = parts[i].if_object();
    if (fields == nullptr) return fail(ErrorCode::kInvalidArgument, "parts[{}] is no object", i);
    PRYX_TRY(const std::string type, json::get_string(*fields, "type"));
    if (type == "text") {
      GivenPart given;
      PRYX_TRY(given.part.text, json::get_string(*fields, "text"));
      out.push_back(std::move(given));
    } else if (type == "image") {
      if (++images > kMaxImages)
        return fail(ErrorCode::kInvalidArgument, "a message has at most {} images", kMaxImages);
      PRYX_TRY(auto given, decode_image(*fields, i));
      out.push_back(std::move(given));
    } else {
      return fail(ErrorCode::kInvalidArgument, "parts[{}]: type must be text or image", i);
    }
    out.back().part.labels = labels;
  }
  return out;
}

async::Task<Result<agent::NewMessage>> with_parts(const json::object& body, agent::NewMessage message,
                                                  Caller caller, Services& services) {
  const json::value* given = json::find(body, "parts");
  if (given == nullptr) co_return message;
  PRYX_CO_TRY_VOID(caller.require(Scope::kChat));
  if (!given->is_array()) co_return fail(ErrorCode::kInvalidArgument, "parts must be a list");
  PRYX_CO_TRY(auto parts, decode_parts(given->get_array(), message.labels));
  bool has_content = !trim(message.text).empty();
  bool has_image = false;
  agent::Message said{.role = agent::Role::kUser};
  for (const GivenPart& part : parts) {
    has_image = has_image || part.part.type == "image";
    has_content = has_content || part.part.type == "image" || !trim(part.part.text).empty();
  }
  if (!has_content) co_return fail(ErrorCode::kInvalidArgument, "the message is empty");
  if (has_image)
    PRYX_CO_TRY_VOID(co_await check_model(message.model, message.session, caller.principal.id, services));
  for (GivenPart& part : parts) {
    if (part.part.type == "image") {
      PRYX_CO_TRY(part.part.result_ref, co_await services.turns.results().put(std::move(part.bytes)));
    }
    said.parts.push_back(std::move(part.part));
  }
  if (!message.text.empty()) {
    agent::Part text;
    text.text = std::exchange(message.text, {});
    text.labels = message.labels;
    said.parts.push_back(std::move(text));
  }
  message.messages = {std::move(said)};
  co_return message;
}

}  // namespace pryx::server

// SPDX-License-Identifier: MIT
// What the three fronts read alike: typed parameters that are refused by their path, pictures, tools, and
// messages as they are put together. Pure; bounded.
#pragma once
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "surfaces/server/front/front.h"

namespace pryx::server {

constexpr std::size_t kMaxFrontMessages = 2000;
constexpr std::size_t kMaxFrontTools = 128;
constexpr std::size_t kMaxFrontImages = 32;
constexpr std::size_t kMaxFrontImageBytes = 5u << 20;

// The labels of everything that a front's client claims: none of it is the owner's word. `front` is "openai"
// or "anthropic".
[[nodiscard]] trust::Labels front_labels(std::string_view front, const PrincipalId& principal);

[[nodiscard]] std::unexpected<FrontRefusal> refuse(std::string param, std::string message,
                                                   std::string code = "unsupported_parameter");

// Reads one object's members by name. The first thing that is wrong is kept and everything after it reads as
// absent, so a decoder reads straight through and asks once. At the end, what was not read is refused.
class Reader {
 public:
  Reader(const json::object& object, std::string path) : object_(object), path_(std::move(path)) {}

  [[nodiscard]] const json::value* take(std::string_view name);  // null: absent, or JSON null
  [[nodiscard]] std::string text(std::string_view name);         // empty when absent
  [[nodiscard]] std::string required_text(std::string_view name);
  [[nodiscard]] std::optional<bool> flag(std::string_view name);
  [[nodiscard]] std::optional<double> number(std::string_view name, double least, double most);
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name, std::int64_t least,
                                                    std::int64_t most);
  [[nodiscard]] const json::object* object(std::string_view name);
  [[nodiscard]] const json::array* array(std::string_view name);
  [[nodiscard]] std::vector<std::string> texts(std::string_view name, std::size_t most);  // a text or a list
  // One of these texts, or absent; anything else asks for what is not there.
  void only_texts(std::string_view name, std::initializer_list<std::string_view> values);
  void only_flag(std::string_view name, bool value);
  void only_number(std::string_view name, double value);
  void only_empty(std::string_view name);  // null, "", [], {}, false

  void fail(std::string_view name, std::string message, std::string code = "invalid_value");
  void adopt(FrontRefusal refusal);
  [[nodiscard]] bool ok() const { return !refusal_; }
  // Null when every member was read and none was wrong.
  [[nodiscard]] std::optional<FrontRefusal> finish();
  [[nodiscard]] std::string at(std::string_view name) const;

 private:
  const json::object& object_;
  std::string path_;
  std::vector<std::string_view> seen_;
  std::optional<FrontRefusal> refusal_;
};

// Puts the conversation together: what the assistant said in several pieces becomes one message, results come
// with the calls that they answer.
class ConversationBuilder {
 public:
  ConversationBuilder(FrontRequest& request, trust::Labels labels)
      : request_(request), labels_(std::move(labels)) {}

  void add_text(agent::Role role, std::string text);
  void add_reasoning(std::string text);
  void add_call(std::string id, std::string name, std::string arguments);
  void add_result(std::string call_id, std::string text, bool ok);
  // The bytes of a picture in a user's message.
  [[nodiscard]] std::optional<FrontRefusal> add_image(std::string media_type, std::string bytes,
                                                      std::string detail, const std::string& param);
  // Another message begins, even when its role is the last one's.
  void next_message() { open_ = false; }
  [[nodiscard]] bool knows_call(std::string_view id) const;

 private:
  agent::Message& message(agent::Role role);
  agent::Part& part(agent::Role role, std::string type);
  FrontRequest& request_;
  trust::Labels labels_;
  bool open_ = false;
};

struct ImageBytes {
  std::string media_type;
  std::string bytes;
};
// "data:image/png;base64,…". Anything that would have to be fetched is refused.
[[nodiscard]] Decoded<ImageBytes> decode_image_url(std::string_view url, const std::string& param);
[[nodiscard]] Decoded<ImageBytes> decode_image(std::string_view media_type, std::string_view base64,
                                               const std::string& param);

// Names, schemas and numbers of tools; adds to options.client_tools.
[[nodiscard]] std::optional<FrontRefusal> add_tool(agent::TurnOptions& options, models::ToolSpec tool,
                                                   std::size_t longest_name, const std::string& param);
// kOne names a tool that is there; calls are only forced where there is something to call.
[[nodiscard]] std::optional<FrontRefusal> check_tool_choice(const agent::TurnOptions& options,
                                                            const std::string& param);
// {type: text | json_object | json_schema, …}; with the schema in `json_schema` or beside the type.
[[nodiscard]] Decoded<models::ResponseFormat> decode_format(const json::object& format, bool is_nested,
                                                            const std::string& param);
// {session?, tools?}: what is Pryx's own in every front.
void read_cache_key(Reader& reader, FrontRequest& request);
void read_pryx(Reader& reader, FrontRequest& request);
void read_model(Reader& reader, FrontRequest& request);
// The last message is the user's or a tool's, and there is one.
[[nodiscard]] std::optional<FrontRefusal> check_conversation(const FrontRequest& request,
                                                             const std::string& param);

}  // namespace pryx::server

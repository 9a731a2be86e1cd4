// SPDX-License-Identifier: MIT
// Writes an answer in the form of OpenAI's Responses: one object, or events with sequence numbers that build
// it up item by item. Remembers what it has sent. Pure.
#pragma once
#include "surfaces/server/front/front.h"

namespace pryx::server {

// "resp_" and the turn's own id without its prefix.
[[nodiscard]] std::string response_id(const TurnId& turn);
[[nodiscard]] std::optional<TurnId> turn_of_response(std::string_view id);

class ResponsesWriter {
 public:
  // What the request said is part of every answer.
  void remember(const json::object& request, const agent::TurnOptions& options);
  // The same from a turn's row, for an answer that is read later.
  void restore(const json::object& echo) { echo_ = echo; }
  [[nodiscard]] const json::object& echo() const { return echo_; }
  // One that is under way, failed or cancelled: `status` says which.
  [[nodiscard]] json::object unfinished(const FrontIds& ids, std::string_view status,
                                        const std::optional<FrontRefusal>& failure) const;
  [[nodiscard]] json::object whole(const FrontIds& ids, const FrontOutcome& outcome);
  [[nodiscard]] std::string open(const FrontIds& ids);
  [[nodiscard]] std::string piece(const FrontIds& ids, FrontText kind, std::string_view text);
  [[nodiscard]] std::string end_item(const FrontIds& ids);
  [[nodiscard]] std::string close(const FrontIds& ids, const FrontOutcome& outcome);
  [[nodiscard]] std::string failed(const FrontIds& ids, const FrontRefusal& failure);

 private:
  enum class Item : std::uint8_t { kNone, kMessage, kReasoning };
  [[nodiscard]] json::object response(const FrontIds& ids, std::string_view status) const;
  [[nodiscard]] std::string event(std::string_view name, json::object body);
  [[nodiscard]] std::string begin_item(const FrontIds& ids, Item kind);
  [[nodiscard]] std::string call_item(const FrontIds& ids, const models::ToolCall& call);
  [[nodiscard]] std::string item_id(const FrontIds& ids, std::string_view prefix) const;

  json::object echo_;
  json::array output_;  // items that are done
  Item item_ = Item::kNone;
  std::string item_id_;
  std::string text_;
  std::int64_t sequence_ = 0;
};

}  // namespace pryx::server

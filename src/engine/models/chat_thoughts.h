// SPDX-License-Identifier: MIT
// Thoughts that servers of Chat Completions want back with an answer that called tools: kept from its stream,
// and written onto the message that repeats it. Bounded: what is too long is not kept at all. Pure.
#pragma once
#include <string>
#include <string_view>

#include "engine/models/chat_quirks.h"

namespace pryx::models {

inline constexpr std::string_view kChatData = "openai-chat/1";

class KeptThoughts {
 public:
  explicit KeptThoughts(ChatQuirks::Thoughts form) : form_(form) {}

  // `text` is what the delta shows of them.
  void take(std::string_view text, const json::object& delta);
  // Bytes of all that was taken, kept or not, and is not in a `text` as well.
  [[nodiscard]] std::size_t untold() const { return untold_; }
  // Empty when there is nothing, or nothing that called tools. `ids` are those of the calls, in order.
  [[nodiscard]] ProviderData data(const std::string& asked_model, const json::array& ids) const;

 private:
  void take_piece(const json::object& piece);
  [[nodiscard]] json::object* find_begun(const json::object& piece);
  void check_size();

  ChatQuirks::Thoughts form_;
  std::string text_;
  json::array details_;  // objects
  std::size_t taken_ = 0;
  std::size_t untold_ = 0;
  bool too_much_ = false;
};

// `out` is the encoded `message`. Its own thoughts if this model had them; else, where the vendor refuses an
// answer without any, the least that will do.
void add_thoughts(ChatQuirks::Thoughts form, const ModelRequest& request, const ChatMessage& message,
                  json::object& out);

}  // namespace pryx::models

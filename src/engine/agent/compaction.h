// SPDX-License-Identifier: MIT
// Which messages a summary may stand for, what the model is asked to write about them, and what the summary
// becomes. Pure. The messages stay where they are; a summary only takes their place in the prompt.
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "engine/agent/context_prune.h"
#include "engine/agent/records.h"

namespace pryx::agent {

constexpr int kWarnPercent = 80;
constexpr int kCompactPercent = 90;
constexpr std::int64_t kRemindTokens =
    100'000;                           // or kWarnPercent: what must last is to be saved before a summary
constexpr double kCoveredShare = 0.2;  // of the conversation: the oldest part that goes at once
constexpr double kRoomAfter = 0.75;    // of the limit: what may be left after it
constexpr double kForcedShare = 0.5;   // after a provider said that it was too long
constexpr double kFullShare = 0.75;    // of what is read at once: then the oldest part goes while it is read
// Beside a summary: models that think do it out of the same allowance.
constexpr std::int64_t kThoughtTokens = 8'000;
constexpr std::size_t kMaxKept = 50;  // lines that every summary carries on word for word
constexpr std::size_t kMaxKeptBytes = 300;

struct CoverInput {
  const std::vector<Message>& history;  // oldest first, as for build_context
  const std::set<TurnId>& open_turns;   // others that are not over: what they ask for is open
  TurnId own_turn;
  MessageId own_message;
  ContextBudget budget;
  std::int64_t want = 0;  // tokens to take away, or as near as it gets
};

struct Cover {
  std::vector<const Message*> messages;  // oldest first; into the history
  std::int64_t tokens = 0;               // corrected
  std::int64_t count = 0;         // messages it stands for, with those that a covered summary stood for
  std::int64_t left_out = 0;      // of these, that the summary does not tell of
  bool is_cut = false;            // the summary ends before its end
  std::vector<std::string> kept;  // denials with their reason, and what covered summaries had kept
  trust::Labels labels;           // of all of it
  [[nodiscard]] bool empty() const { return messages.empty(); }
};

// The oldest part. Never: system messages, other turns that are not over, the message the turn answers, and
// what belongs to the newest answers. A call and its result go together, and finished turns as a whole.
[[nodiscard]] Cover choose_cover(const CoverInput& input);
// Tokens that the messages of a conversation take in a prompt, corrected.
[[nodiscard]] std::int64_t conversation_tokens(const std::vector<Message>& history,
                                               const ContextBudget& budget);
// Bytes of what it says and of what providers want back, without what its rows have around that.
[[nodiscard]] std::size_t conversation_bytes(const std::vector<Message>& history);

struct SummaryRequest {
  models::ModelRequest request;
  std::int64_t left_out = 0;  // messages for which it has no room
};
// The request for the summary, within the limit: the newest messages that have room in it, long ones without
// their middle, and earlier summaries always. `unread`: how many more it will stand for that nobody read.
[[nodiscard]] SummaryRequest summary_request(const Cover& cover, const ContextBudget& budget,
                                             std::int64_t unread = 0);

// The summary as a part of a message. `text` empty: there is none, and the part says what was dropped.
[[nodiscard]] Part summary_part(const Cover& cover, std::string_view text);
// How it reads in a prompt and for people: "[SUMMARY of 12 messages] …".
[[nodiscard]] std::string summary_text(const Cover& cover, std::string_view text);

[[nodiscard]] bool is_summary(const Message& message);

}  // namespace pryx::agent

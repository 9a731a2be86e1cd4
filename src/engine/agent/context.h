// SPDX-License-Identifier: MIT
// What the model gets to see: profile, workspace facts, AGENTS.md, history. Pure: values in, a request out.
// Summaries stand where their messages were; old results are shortened by the share of the model's limit that
// is used (context_prune.h); the rows on disk keep all of it. A model with a small context gets a small
// prompt. Labels of every part are joined, shortened or not, so the gate knows what the model had read when
// it asked for something.
#pragma once
#include <string>
#include <vector>

#include "engine/agent/agent_profile.h"
#include "engine/agent/context_prune.h"
#include "engine/agent/context_store.h"
#include "engine/agent/prompt_note.h"
#include "engine/agent/records.h"
#include "engine/models/provider.h"

namespace pryx::agent {

struct WorkspaceFacts {
  std::string path;
  std::string instructions;       // text of AGENTS.md, else CLAUDE.md, nearest wins; bounded
  std::string instructions_name;  // which file it was
};

struct ContextInput {
  const AgentProfile& profile;
  const WorkspaceFacts& workspace;
  const std::vector<Message>& history;               // oldest first
  std::vector<const tools::ToolDescription*> tools;  // empty: none are offered
  std::string today;                                 // "2026-11-21"
  const PromptNote* note = nullptr;                  // at the end of the system prompt, and before `answers`
  MessageId answers = {};                            // the message that the turn answers
  bool reminds = false;                    // that a summary comes soon: what must last is to be saved
  const std::vector<Pin>* pins = nullptr;  // in the system prompt, whatever else goes
  ContextBudget budget = {};
  std::int64_t more_tokens = 0;  // what is added to the request afterwards
  std::int64_t unread = 0;       // older messages that are more than what is read at once
};

struct Context {
  models::ModelRequest request;
  trust::Labels labels;
  std::int64_t estimated = 0;  // tokens of the request as it is sent, before the factor
  std::int64_t wanted =
      0;  // corrected, before anything went that was not an old result: what fills the context
  std::int64_t limit = 0;
  bool fits = true;  // false: it is over the limit, and nothing more can go
  // Messages for which only a marker stands: unread ones, those that a summary does not tell of or that
  // nobody could summarise, and squeezed out ones.
  std::int64_t left_out = 0;
  [[nodiscard]] int percent() const { return static_cast<int>(wanted * 100 / limit); }
};

constexpr std::size_t kMaxInstructionBytes = 20'000;
constexpr std::size_t kMaxHistoryBytes = 2'000'000;  // what is read of a session for one turn
constexpr std::size_t kMaxResultBytesForModel =
    24'000;  // a tool result in the prompt, the marker of what is missing among it; the rest is in the store

[[nodiscard]] Context build_context(const ContextInput& input);
// What is stored under a result's reference.
enum class Stored : std::uint8_t {
  kWhole,
  kInPart,  // the tool gave less than there was, or nobody knows
};
// Head and tail of a long result with a marker between that says how much is missing and where the rest is.
// What was trimmed before stays as it is.
[[nodiscard]] std::string trim_for_model(std::string_view text, std::string_view result_ref, Stored stored);

}  // namespace pryx::agent

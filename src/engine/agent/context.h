// SPDX-License-Identifier: MIT
// What the model gets to see: profile, workspace facts, AGENTS.md, history. Pure: values in, a request out.
// What does not fit is shortened, oldest results first; the rows on disk keep all of it.
// Labels of every part are joined, shortened or not, so the gate knows what the model had read when it asked
// for something.
#pragma once
#include <string>
#include <vector>

#include "engine/agent/agent_profile.h"
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
  std::size_t max_bytes = 0;                         // of all messages together; 0: kMaxContextBytes
  const PromptNote* note = nullptr;                  // at the end of the system prompt
};

struct Context {
  models::ModelRequest request;
  trust::Labels labels;
};

constexpr std::size_t kMaxInstructionBytes = 20'000;
constexpr std::size_t kMaxHistoryBytes = 400'000;
constexpr std::size_t kMaxContextBytes = 480'000;  // about 120,000 tokens: what common models still take
constexpr std::size_t kMaxResultBytesForModel =
    24'000;  // a tool result in the prompt; the whole one stays in the store

[[nodiscard]] Context build_context(const ContextInput& input);
// Head and tail of a long result with a marker between that says how much is missing and where the whole is.
[[nodiscard]] std::string trim_for_model(std::string_view text, std::string_view result_ref);

}  // namespace pryx::agent

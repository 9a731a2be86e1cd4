// SPDX-License-Identifier: MIT
// How long the prompt of a long session takes: `pryx_bench_context HOME ROUNDS`. HOME is a PRYX_HOME whose
// daemon is stopped and that holds one session; its newest messages are read and built into a request as for
// a turn, and so is a history of the same length with tool calls and results, made here.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/agent/context.h"
#include "engine/agent/session_store.h"
#include "foundation/db/connection.h"
#include "foundation/platform/files.h"

namespace {
using namespace pryx;

constexpr std::int64_t kLimit = 1'000'000;  // a model that takes all of it: nothing is left out

double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Result<std::unique_ptr<db::Connection>> open_store(const std::string& home) {
  PRYX_TRY(std::string key, platform::read_file(home + "/config/master.key", 4096));
  while (!key.empty() && (key.back() == '\n' || key.back() == ' ')) key.pop_back();
  key.erase(0, key.rfind(' ') + 1);
  return db::Connection::open({.path = home + "/data/pryx.db", .key = Secret(key)});
}

// Four messages at a time: a question, a call, its result, an answer.
std::vector<agent::Message> with_tools(const std::vector<agent::Message>& prose) {
  std::vector<agent::Message> history = prose;
  for (std::size_t i = 0; i + 3 < history.size(); i += 4) {
    history[i].role = agent::Role::kUser;
    agent::Part& call = history[i + 1].parts.front();
    history[i + 1].role = agent::Role::kAssistant;
    call.type = "tool_call";
    call.tool = "fs.read";
    call.call_id = "c" + std::to_string(i);
    call.text = R"({"path":"src/main.cpp","lines":"1-200"})";
    agent::Part& result = history[i + 2].parts.front();
    history[i + 2].role = agent::Role::kTool;
    result.type = "tool_result";
    result.tool = "fs.read";
    result.call_id = call.call_id;
    while (result.text.size() < 1'500) result.text += prose[i + 2].parts.front().text;
    history[i + 3].role = agent::Role::kAssistant;
  }
  return history;
}

struct Times {
  std::vector<double> ms;
  double at(double share) {
    std::sort(ms.begin(), ms.end());
    return ms[static_cast<std::size_t>(share * static_cast<double>(ms.size() - 1))];
  }
};

Result<void> measure(const std::string& home, int rounds) {
  PRYX_TRY(auto db, open_store(home));
  const PrincipalId owner("prn_owner");
  PRYX_TRY(const auto sessions, agent::SessionStore::list_sessions(*db, owner, {}));
  if (sessions.items.empty()) return fail(ErrorCode::kNotFound, "the home has no session");
  const agent::Turn turn{.principal = owner, .session = sessions.items.front().session.id, .seq = INT64_MAX};
  const agent::AgentProfile profile;
  const agent::WorkspaceFacts workspace;
  const auto build = [&](const std::vector<agent::Message>& history) {
    return agent::build_context({.profile = profile,
                                 .workspace = workspace,
                                 .history = history,
                                 .tools = {},
                                 .today = "2026-11-21",
                                 .budget = {.limit = kLimit}});
  };
  Times load, both, tools;
  std::size_t messages = 0;
  std::int64_t tokens = 0, tool_tokens = 0;
  std::vector<agent::Message> mixed;
  for (int i = 0; i < rounds; ++i) {
    const double begin = now_ms();
    PRYX_TRY(const auto history, agent::SessionStore::load_history(*db, turn, agent::kMaxHistoryBytes));
    load.ms.push_back(now_ms() - begin);
    tokens = build(history).estimated;
    both.ms.push_back(now_ms() - begin);
    messages = history.size();
    if (mixed.empty()) mixed = with_tools(history);
    const double again = now_ms();
    tool_tokens = build(mixed).estimated;
    tools.ms.push_back(now_ms() - again);
  }
  std::printf(
      R"({"messages":%zu,"tokens":%lld,"tool_tokens":%lld,"load_p50":%.3f,"both_p50":%.3f,"both_p99":%.3f,"tools_p50":%.3f,"tools_p99":%.3f})"
      "\n",
      messages, static_cast<long long>(tokens), static_cast<long long>(tool_tokens), load.at(0.5),
      both.at(0.5), both.at(0.99), tools.at(0.5), tools.at(0.99));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto done = measure(argv[1], std::atoi(argv[2]));
  if (!done) std::fprintf(stderr, "context: %s\n", done.error().message.c_str());
  return done ? 0 : 1;
}

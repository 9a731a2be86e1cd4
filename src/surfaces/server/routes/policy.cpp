// SPDX-License-Identifier: MIT
#include <charconv>
#include <climits>

#include "engine/agent/policy_replay.h"
#include "engine/agent/session_store.h"
#include "engine/tools/fs/text_diff.h"
#include "engine/tools/tool_gate.h"
#include "foundation/base/text.h"
#include "surfaces/server/encode.h"
#include "surfaces/server/if_match.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server::routes {
namespace {

Result<trust::Labels> labels_of(const RouteCall& call) {
  const json::value* labels = json::find(call.body, "labels");
  if (labels == nullptr) return trust::Labels::owner(call.principal().str());
  return trust::Labels::from_json(*labels);
}

// The rules of the body's `text`; null without one.
Result<std::shared_ptr<const trust::Layer>> draft_of(const RouteCall& call) {
  PRYX_TRY(const auto text, json::find_string(call.body, "text"));
  if (!text) return nullptr;
  const auto parsed = trust::parse_policy(*text, trust::PolicyFileKind::kPolicy, "policy.yaml");
  if (!parsed) return fail(ErrorCode::kCheckFailed, "{}", parsed.error().message);
  return parsed->layer;
}

// The folder whose rules a session works by: a sub-agent works where its parent does.
Result<std::string> chosen_folder_of(db::Connection& c, const PrincipalId& principal, SessionId id) {
  constexpr int kMaxDepth = 8;
  for (int depth = 0; depth < kMaxDepth && !id.empty(); ++depth) {
    PRYX_TRY(const auto session, agent::SessionStore::find_session(c, principal, id));
    if (!session) break;
    if (!session->workspace.empty()) {
      PRYX_TRY(const auto workspace, agent::SessionStore::find_workspace(c, principal, session->workspace));
      if (!workspace) return session->workspace.str();
      return workspace->is_private ? std::string() : workspace->path;
    }
    id = session->surface == "agent" ? session->parent : SessionId();
  }
  return std::string();
}

// `version` as a path or a query has it.
Result<std::int64_t> version_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1)
    return fail(ErrorCode::kNotFound, "there is no version '{}' of the policy", utf8_prefix(text, 32));
  return number;
}

// A replay decides a hundred thousand calls on the loop, piece by piece: a third one would only make all of
// them, and everything else, slower.
constexpr int kReplaysAtOnce = 2;
constexpr std::int64_t kReplayRetryMs = 2'000;

class ReplaySlot {
 public:
  explicit ReplaySlot(int& running) : running_(running) { ++running_; }
  ~ReplaySlot() { --running_; }
  ReplaySlot(const ReplaySlot&) = delete;
  ReplaySlot& operator=(const ReplaySlot&) = delete;
  [[nodiscard]] bool is_free() const { return running_ <= kReplaysAtOnce; }

 private:
  int& running_;
};

Reply policy_reply(const PolicyStatus& status) {
  Reply reply = Reply::of(encode(status));
  add_etag(reply, status.file.hash);
  return reply;
}

}  // namespace

async::Task<Result<Reply>> get_policy(RouteCall& call) {
  PRYX_CO_TRY(const PolicyStatus status, co_await call.services().policy.get(call.caller()));
  co_return policy_reply(status);
}

async::Task<Result<Reply>> put_policy(RouteCall& call) {
  PRYX_CO_TRY(std::string text, json::get_string(call.body, "text"));
  PRYX_CO_TRY(std::string hash, expected_hash(call));
  PRYX_CO_TRY(const PolicyStatus status,
              co_await call.services().policy.put(call.caller(), std::move(text), std::move(hash)));
  co_return policy_reply(status);
}

async::Task<Result<Reply>> test_policy(RouteCall& call) {
  PRYX_CO_TRY(const std::string tool, json::get_string(call.body, "tool"));
  const json::value* given = json::find(call.body, "arguments");
  if (given != nullptr && !given->is_object())
    co_return fail(ErrorCode::kInvalidArgument, "arguments must be an object");
  json::object arguments;
  if (given != nullptr) arguments = given->get_object();
  PRYX_CO_TRY(const trust::Labels labels, labels_of(call));
  PRYX_CO_TRY(const auto session_text, json::find_string(call.body, "session_id"));
  SessionId session;
  if (session_text) {
    PRYX_CO_TRY(session, SessionId::parse(*session_text));
  }
  PRYX_CO_TRY(const auto draft, draft_of(call));
  const PrincipalId principal = call.principal();
  PRYX_CO_TRY(const std::string folder, co_await call.services().database.read([&](db::Connection& c) {
    return chosen_folder_of(c, principal, session);
  }));
  PRYX_CO_TRY(const trust::Decision decision,
              call.services().gate.test(tool, arguments, labels, principal, session, folder, draft));
  co_return Reply::of(decision.to_json());
}

async::Task<Result<Reply>> list_policy_templates(RouteCall&) {
  json::array items;
  for (const trust::PolicyTemplate& item : trust::policy_templates()) items.push_back(encode(item));
  co_return Reply::of(list_body(std::move(items)));
}

async::Task<Result<Reply>> can_use_tool(RouteCall& call) {
  const std::string tool = query_or(call, "tool");
  if (tool.empty()) co_return fail(ErrorCode::kInvalidArgument, "say which tool: ?tool=fs.write");
  if (!trust::ToolGlob::is_valid(tool) || tool.find_first_of("*?") != std::string::npos)
    co_return fail(ErrorCode::kInvalidArgument, "'{}' is no tool's name", utf8_prefix(tool, 64));
  const tools::ToolGate& gate = call.services().gate;
  json::object body = gate.reach(tool).to_json();
  body["tool"] = tool;
  body["known"] = gate.registry().find(tool) != nullptr;
  co_return Reply::of(std::move(body));
}

async::Task<Result<Reply>> check_policy(RouteCall& call) {
  PRYX_CO_TRY(auto text, json::find_string(call.body, "text"));
  PRYX_CO_TRY(const PolicyCheck check, co_await call.services().policy.check(call.caller(), std::move(text)));
  co_return Reply::of(encode(check));
}

async::Task<Result<Reply>> replay_policy(RouteCall& call) {
  const ReplaySlot slot(call.core.replays);
  if (!slot.is_free())
    co_return fail(
        Error{ErrorCode::kOverloaded,
              fmt::format("{} replays of the policy are running; wait until one has ended", kReplaysAtOnce),
              kReplayRetryMs});
  agent::ReplayRequest request;
  PRYX_CO_TRY(request.draft, draft_of(call));
  PRYX_CO_TRY(const auto days, json::find_integer(call.body, "days"));
  PRYX_CO_TRY(const auto limit, json::find_integer(call.body, "limit"));
  PRYX_CO_TRY(const auto cursor, json::find_string(call.body, "cursor"));
  request.days = static_cast<int>(std::clamp<std::int64_t>(days.value_or(request.days), 0, INT_MAX));
  request.limit = limit.value_or(request.limit);
  request.cursor = cursor.value_or("");
  Services& services = call.services();
  PRYX_CO_TRY(const agent::ReplayReport report,
              co_await agent::replay_policy(
                  {.loop = services.loop, .database = services.database, .gate = services.gate},
                  call.caller(), std::move(request)));
  co_return Reply::of(report.to_json());
}

async::Task<Result<Reply>> list_policy_history(RouteCall& call) {
  PRYX_CO_TRY(const std::int64_t limit, limit_of(call, 50, 200));
  std::int64_t before = INT64_MAX;
  if (const std::string cursor = query_or(call, "cursor"); !cursor.empty()) {
    PRYX_CO_TRY(before, version_number(cursor));
  }
  PRYX_CO_TRY(const auto found, co_await call.services().policy.history(call.caller(), before, limit));
  json::array items;
  for (const trust::PolicyVersion& version : found) items.push_back(version.to_json());
  const bool is_full = static_cast<std::int64_t>(found.size()) == limit;
  co_return Reply::of(
      list_body(std::move(items), is_full ? fmt::format("{}", found.back().version) : std::string()));
}

async::Task<Result<Reply>> get_policy_version(RouteCall& call) {
  PRYX_CO_TRY(const std::int64_t number, version_number(call.path_values.at(0)));
  PRYX_CO_TRY(const trust::PolicyVersion version,
              co_await call.services().policy.version(call.caller(), number));
  json::object body = version.to_json();
  body["text"] = version.text;
  if (const std::string against = query_or(call, "against"); !against.empty()) {
    PRYX_CO_TRY(const std::int64_t other, version_number(against));
    PRYX_CO_TRY(const trust::PolicyVersion before,
                co_await call.services().policy.version(call.caller(), other));
    const tools::fs::TextDiff diff = tools::fs::diff_texts(before.text, version.text);
    body["diff"] = json::object{{"against", before.version},
                                {"text", diff.text},
                                {"whole", diff.whole},
                                {"added", diff.added},
                                {"removed", diff.removed}};
  }
  co_return Reply::of(body);
}

}  // namespace pryx::server::routes

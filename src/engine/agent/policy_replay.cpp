// SPDX-License-Identifier: MIT
#include "engine/agent/policy_replay.h"

#include <charconv>

#include "engine/agent/turn_store.h"
#include "engine/tools/call_facts.h"
#include "foundation/base/text.h"
#include "trust/audit/audit_log.h"
#include "trust/policy/policy_file.h"

namespace pryx::agent {
namespace {

constexpr std::int64_t kBatch = 200;
// A slice of the loop's time; a stream's deltas are passed on every 33 ms.
constexpr Duration kSlice = std::chrono::milliseconds(4);
constexpr std::size_t kMaxCallText = 400;

struct Position {
  WallTime at;
  std::string step;
};

// "to.at.step": the end of the first answer's time, and the last call that was listed.
struct Cursor {
  WallTime to;
  std::optional<Position> after;
};

Result<std::int64_t> number_of(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return fail(ErrorCode::kInvalidArgument, "this is no cursor of a replay");
  return value;
}

Result<Cursor> cursor_of(const std::string& text, WallTime now) {
  // What was decided in this very millisecond counts.
  if (text.empty()) return Cursor{now + std::chrono::milliseconds(1), {}};
  const auto pieces = split(text, '.');
  if (pieces.size() != 3 || !StepId::parse(std::string(pieces[2])))
    return fail(ErrorCode::kInvalidArgument, "this is no cursor of a replay");
  PRYX_TRY(const std::int64_t to, number_of(pieces[0]));
  PRYX_TRY(const std::int64_t at, number_of(pieces[1]));
  return Cursor{WallTime{to}, Position{WallTime{at}, std::string(pieces[2])}};
}

bool comes_after(const PastCall& call, const Position& position) {
  if (call.step.planned_at.unix_ms != position.at.unix_ms)
    return call.step.planned_at.unix_ms < position.at.unix_ms;
  return call.step.id.str() < position.step;
}

std::optional<trust::Verdict> verdict_from_text(std::string_view text) {
  for (const auto verdict : {trust::Verdict::kAllow, trust::Verdict::kAsk, trust::Verdict::kDeny}) {
    if (trust::to_text(verdict) == text) return verdict;
  }
  return std::nullopt;
}

struct Was {
  trust::Verdict verdict;
  std::string rule;
};

// What the policy said then. Steps of older releases tell it as far as their end does.
std::expected<Was, ReplayGap> past_verdict(const Step& step) {
  if (const auto verdict = verdict_from_text(step.verdict)) return Was{*verdict, step.verdict_rule};
  if (step.decision_rule.empty()) return std::unexpected(ReplayGap::kNotDecided);
  if (!step.approval.empty()) return Was{trust::Verdict::kAsk, {}};
  if (step.started_at) return Was{trust::Verdict::kAllow, step.decision_rule};
  return std::unexpected(ReplayGap::kOlderRelease);
}

// The grant that a call had: grants come and go, so the one of then is read back from the record.
std::optional<trust::Grant> past_grant(const PastCall& call, std::string_view rule) {
  constexpr std::string_view kPrefix = "grant ";
  if (!rule.starts_with(kPrefix)) return std::nullopt;
  const std::size_t colon = rule.find(": ");
  if (colon == std::string_view::npos) return std::nullopt;
  const auto scope = trust::grant_scope_from_text(rule.substr(kPrefix.size(), colon - kPrefix.size()));
  auto pattern = trust::GrantPattern::parse(rule.substr(colon + 2));
  if (!scope || !pattern) return std::nullopt;
  return trust::Grant{.id = "past",
                      .scope = *scope,
                      .pattern = std::move(*pattern),
                      .session = call.session,
                      .principal = call.step.principal,
                      .expires_at = {},
                      .workspace = std::string()};
}

class Replay {
 public:
  Replay(const tools::ToolGate& gate, std::shared_ptr<const trust::PolicyEngine> engine,
         const ReplayRequest& request, const Cursor& cursor, ReplayReport& report)
      : gate_(gate), engine_(std::move(engine)), limit_(request.limit), cursor_(cursor), report_(report) {}

  void look_at(const PastCall& call) {
    const auto was = past_verdict(call.step);
    if (!was) return miss(was.error());
    const auto arguments =
        json::parse_object(trim(call.step.arguments).empty() ? "{}" : std::string_view(call.step.arguments));
    if (!arguments) return miss(ReplayGap::kArguments);
    const bool had_sandbox = was->rule != trust::kNoSandboxRule;
    auto facts = tools::facts_of_call(gate_.registry(), call.step.tool, *arguments, had_sandbox);
    if (!facts)
      return miss(facts.error().code == ErrorCode::kNotFound ? ReplayGap::kNoSuchTool
                                                             : ReplayGap::kArguments);
    facts->context = call.step.labels;
    facts->session = call.session;
    facts->principal = call.step.principal;
    facts->digest_changed = was->rule == trust::kChangedDigestRule;
    std::vector<trust::Grant> grants;
    if (auto grant = past_grant(call, was->rule)) grants.push_back(std::move(*grant));
    std::vector<std::shared_ptr<const trust::Layer>> more;
    if (const auto layer = approve_of(call)) more.push_back(layer);
    trust::Decision now = engine_->decide(*facts, grants, call.step.planned_at, more);
    ++report_.replayed;
    if (now.verdict == was->verdict) return;
    ++report_.changed;
    ++report_.pairs[static_cast<std::size_t>(was->verdict)][static_cast<std::size_t>(now.verdict)];
    list(call, *arguments, *was, std::move(now));
  }

 private:
  void miss(ReplayGap gap) { ++report_.gaps[static_cast<std::size_t>(gap)]; }

  // Calls of one turn come one after the other, so one fragment is remembered.
  std::shared_ptr<const trust::Layer> approve_of(const PastCall& call) {
    if (call.approve.empty()) return nullptr;
    if (call.approve != approve_text_) {
      approve_text_ = call.approve;
      const auto parsed = trust::parse_policy(call.approve, trust::PolicyFileKind::kApprove, "--approve");
      approve_ = parsed ? parsed->layer : nullptr;
    }
    return approve_;
  }

  void list(const PastCall& call, const json::object& arguments, const Was& was, trust::Decision now) {
    if (cursor_.after && !comes_after(call, *cursor_.after)) return;
    if (static_cast<std::int64_t>(report_.items.size()) >= limit_) {
      if (report_.next_cursor.empty())
        report_.next_cursor = fmt::format("{}.{}.{}", cursor_.to.unix_ms, report_.items.back().at.unix_ms,
                                          report_.items.back().step.str());
      return;
    }
    const tools::Tool* tool = gate_.registry().find(call.step.tool);
    report_.items.push_back({.step = call.step.id,
                             .turn = call.step.turn,
                             .session = call.session,
                             .at = call.step.planned_at,
                             .tool = call.step.tool,
                             .call = std::string(utf8_prefix(tool->render(arguments), kMaxCallText)),
                             .was = was.verdict,
                             .was_rule = was.rule,
                             .becomes = std::move(now)});
  }

  const tools::ToolGate& gate_;
  std::shared_ptr<const trust::PolicyEngine> engine_;
  std::int64_t limit_;
  const Cursor& cursor_;
  ReplayReport& report_;
  std::string approve_text_;
  std::shared_ptr<const trust::Layer> approve_;
};

// Of the decisions in the audit log, those whose steps are gone.
Result<std::int64_t> count_erased(db::Connection& c, const PrincipalId& principal, WallTime from, WallTime to,
                                  std::size_t limit) {
  PRYX_TRY(const auto steps, audit::AuditLog::decided_steps(c, principal, from, to, limit));
  std::int64_t erased = 0;
  for (const StepId& step : steps) {
    PRYX_TRY(const bool is_there, TurnStore::has_step(c, step));
    erased += is_there ? 0 : 1;
  }
  return erased;
}

}  // namespace

std::string_view to_text(ReplayGap gap) {
  static constexpr std::string_view kNames[kReplayGaps] = {"no_such_tool", "arguments", "not_decided",
                                                           "older_release", "erased"};
  return kNames[static_cast<std::size_t>(gap)];
}

std::string_view explain(ReplayGap gap) {
  static constexpr std::string_view kTexts[kReplayGaps] = {
      "the tool is not there any more", "the arguments do not fit the tool any more",
      "it ended before the policy was asked", "it is from before the policy's word was kept with the call",
      "its conversation was deleted"};
  return kTexts[static_cast<std::size_t>(gap)];
}

json::object ReplayChange::to_json() const {
  return {
      {"step_id", step.str()},
      {"turn_id", turn.str()},
      {"session_id", session.str()},
      {"at", to_rfc3339(at)},
      {"tool", tool},
      {"call", call},
      {"was", json::object{{"decision", trust::to_text(was)}, {"rule", was_rule}}},
      {"becomes", json::object{{"decision", trust::to_text(becomes.verdict)},
                               {"rule", becomes.rule},
                               {"line", becomes.line > 0 ? json::value(becomes.line) : json::value(nullptr)},
                               {"reason", becomes.reason}}}};
}

json::object ReplayReport::to_json() const {
  json::array changes;
  for (const auto was : {trust::Verdict::kAllow, trust::Verdict::kAsk, trust::Verdict::kDeny}) {
    for (const auto becomes : {trust::Verdict::kAllow, trust::Verdict::kAsk, trust::Verdict::kDeny}) {
      const std::int64_t count = pairs[static_cast<std::size_t>(was)][static_cast<std::size_t>(becomes)];
      if (count > 0)
        changes.push_back(json::object{
            {"was", trust::to_text(was)}, {"becomes", trust::to_text(becomes)}, {"count", count}});
    }
  }
  json::array missed;
  std::int64_t not_replayed = 0;
  for (std::size_t i = 0; i < kReplayGaps; ++i) {
    if (gaps[i] == 0) continue;
    not_replayed += gaps[i];
    const auto gap = static_cast<ReplayGap>(i);
    missed.push_back(
        json::object{{"reason", agent::to_text(gap)}, {"text", explain(gap)}, {"count", gaps[i]}});
  }
  json::array list;
  for (const ReplayChange& change : items) list.push_back(change.to_json());
  return {{"from", to_rfc3339(from)},
          {"to", to_rfc3339(to)},
          {"replayed", replayed},
          {"changed", changed},
          {"changes", std::move(changes)},
          {"not_replayed", not_replayed},
          {"gaps", std::move(missed)},
          {"truncated", truncated},
          {"items", std::move(list)},
          {"next_cursor", next_cursor.empty() ? json::value(nullptr) : json::value(next_cursor)}};
}

async::Task<Result<ReplayReport>> replay_policy(ReplayParts parts, Caller caller, ReplayRequest request) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kRead));
  if (request.days < 1 || request.days > kMaxReplayDays)
    co_return fail(ErrorCode::kInvalidArgument, "days must be a number from 1 to {}", kMaxReplayDays);
  if (request.limit < 1 || request.limit > kMaxReplayPage)
    co_return fail(ErrorCode::kInvalidArgument, "limit must be a number from 1 to {}", kMaxReplayPage);
  PRYX_CO_TRY(const Cursor cursor, cursor_of(request.cursor, parts.loop.clock().wall()));
  const PrincipalId principal = caller.principal.id;
  ReplayReport report;
  report.to = cursor.to;
  report.from = cursor.to + -std::chrono::hours(24 * request.days);
  auto engine = request.draft == nullptr ? parts.gate.policy().engine
                                         : std::make_shared<const trust::PolicyEngine>(request.draft);
  Replay replay(parts.gate, std::move(engine), request, cursor, report);
  Position place{report.to, {}};
  std::int64_t seen = 0;
  for (;;) {
    PRYX_CO_TRY(const std::vector<PastCall> batch,
                co_await parts.database.read([principal, from = report.from, place](db::Connection& c) {
                  return TurnStore::list_decided(c, principal, from, place.at, place.step, kBatch);
                }));
    MonotonicTime begin = parts.loop.clock().monotonic();
    for (const PastCall& call : batch) {
      replay.look_at(call);
      if (parts.loop.clock().monotonic() - begin < kSlice) continue;
      PRYX_CO_TRY_VOID(co_await async::sleep(parts.loop, Duration::zero()));
      begin = parts.loop.clock().monotonic();
    }
    seen += static_cast<std::int64_t>(batch.size());
    if (static_cast<std::int64_t>(batch.size()) < kBatch) break;
    if (seen >= parts.max_calls) {
      report.truncated = true;
      break;
    }
    place = {batch.back().step.planned_at, batch.back().step.id.str()};
    PRYX_CO_TRY_VOID(co_await async::sleep(parts.loop, Duration::zero()));
  }
  PRYX_CO_TRY(
      report.gaps[static_cast<std::size_t>(ReplayGap::kErased)],
      co_await parts.database.read([principal, from = report.from, to = report.to,
                                    most = static_cast<std::size_t>(parts.max_calls)](db::Connection& c) {
        return count_erased(c, principal, from, to, most);
      }));
  co_return report;
}

}  // namespace pryx::agent

// SPDX-License-Identifier: MIT
#include "engine/agent/turn_undo.h"

#include <algorithm>
#include <map>

#include "engine/agent/beyond_undo.h"
#include "engine/agent/turn_store.h"
#include "engine/tools/fs/workspace_path.h"
#include "engine/tools/shell/process_store.h"
#include "foundation/base/log.h"

namespace pryx::agent {

using tools::UndoAction;
using tools::UndoItem;

struct TurnUndo::Subject {
  Turn turn;
  Session session;
  std::vector<Step> steps;
  std::map<StepId, tools::shell::ProcessState> processes;  // that steps started in the background
  std::vector<tools::RecordedChange> changes;
  std::shared_ptr<const platform::HeldDirectory> workspace;  // may be null
};

namespace {

bool changes_something(UndoAction action) {
  return action == UndoAction::kRestored || action == UndoAction::kRemoved;
}

std::int64_t count_if(const std::vector<UndoItem>& items, bool (*matches)(UndoAction)) {
  return std::ranges::count_if(items, [=](const UndoItem& item) { return matches(item.action); });
}

void hold(UndoItem& item, std::string why) {
  item.action = UndoAction::kHeld;
  item.detail = std::move(why);
}

bool may_have_run(const Step& step) {
  if (step.kind != StepKind::kTool || !step.started_at) return false;
  return step.state != StepState::kPlanned && step.state != StepState::kAwaitingApproval &&
         step.state != StepState::kDenied;
}

json::object to_json(const UndoItem& item) {
  json::object out{{"path", tools::fs::display_path(item.recorded.change.path)},
                   {"action", tools::to_text(item.action)},
                   {"step_id", item.recorded.step.str()}};
  if (!item.detail.empty()) out["detail"] = item.detail;
  return out;
}

}  // namespace

std::string_view UndoReport::state() const {
  const bool did = count_if(items, changes_something) > 0;
  const bool left = count_if(items, tools::is_left_alone) > 0;
  if (did) return left ? "partly_undone" : "undone";
  return left ? "refused" : "nothing_to_undo";
}

json::object UndoReport::to_json() const {
  json::array files, others;
  for (const UndoItem& item : items) files.push_back(agent::to_json(item));
  for (const Step& step : not_undone)
    others.push_back(json::object{
        {"step_id", step.id.str()}, {"tool", step.tool}, {"summary", step.summary}, {"reason", step.reason}});
  return {{"turn_id", turn.str()},
          {"dry_run", dry_run},
          {"state", state()},
          {"files", std::move(files)},
          {"not_undone", std::move(others)}};
}

async::Task<Result<void>> TurnUndo::start() {
  PRYX_CO_TRY(const std::size_t cut_off,
              co_await parts_.database.write([this](db::Transaction& t) -> Result<std::size_t> {
                PRYX_TRY(const auto open, tools::UndoJournal::list_open(t.db()));
                for (const tools::OpenUndo& undo : open) {
                  PRYX_TRY_VOID(parts_.audit.append(t, {.principal = undo.principal,
                                                        .kind = "undo.unknown",
                                                        .actor = "start",
                                                        .session = undo.session,
                                                        .turn = undo.turn,
                                                        .step = {},
                                                        .subject = "undo"}));
                  PRYX_TRY_VOID(tools::UndoJournal::note_end(t.db(), undo));
                }
                return open.size();
              }));
  if (cut_off > 0) log::warn("undo.cut_off", {{"count", cut_off}});
  co_return Result<void>{};
}

async::Task<Result<UndoReport>> TurnUndo::undo(Caller caller, TurnId turn, UndoOptions options) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kApprove));
  if (!under_way_.insert(turn).second)
    co_return fail(ErrorCode::kConflict, "turn {} is being undone already", turn.str());
  Result<UndoReport> report = co_await undo_alone(std::move(caller), turn, options);
  under_way_.erase(turn);
  co_return report;
}

async::Task<Result<UndoReport>> TurnUndo::undo_alone(Caller caller, TurnId turn, UndoOptions options) {
  PRYX_CO_TRY(Subject subject, co_await read_subject(caller.principal.id, turn));
  UndoReport report{.turn = turn, .dry_run = options.dry_run, .items = {}, .not_undone = {}};
  report.not_undone = find_not_undoable(subject);
  PRYX_CO_TRY(report.items, co_await plan(subject, options.force));
  const bool has_work =
      std::ranges::any_of(report.items, [](const UndoItem& item) { return changes_something(item.action); });
  if (options.dry_run || report.items.empty()) co_return report;
  if (has_work) PRYX_CO_TRY_VOID(co_await record(caller, subject, report, "undo.intent"));
  co_await give_back(subject, report);
  if (has_work) PRYX_CO_TRY_VOID(co_await record(caller, subject, report, "undo.outcome"));
  co_return report;
}

async::Task<Result<TurnUndo::Subject>> TurnUndo::read_subject(PrincipalId principal, TurnId id) {
  PRYX_CO_TRY(Subject subject, co_await parts_.database.read([=](db::Connection& c) -> Result<Subject> {
    PRYX_TRY(auto turn, TurnStore::find_turn(c, principal, id));
    if (!turn) return fail(ErrorCode::kNotFound, "there is no turn {}", id.str());
    PRYX_TRY(auto session, SessionStore::find_session(c, principal, turn->session));
    if (!session) return fail(ErrorCode::kNotFound, "the session of turn {} is gone", id.str());
    PRYX_TRY(auto steps, TurnStore::list_steps(c, principal, id));
    std::map<StepId, tools::shell::ProcessState> processes;
    for (const Step& step : steps) {
      const auto process = started_process(step);
      if (!process) continue;
      PRYX_TRY(const auto found, tools::shell::ProcessStore::find(c, principal, *process));
      if (found) processes[step.id] = found->record.state;
    }
    return Subject{std::move(*turn), std::move(*session), std::move(steps), std::move(processes), {}, {}};
  }));
  const bool is_at_rest = is_terminal(subject.turn.state) || subject.turn.state == TurnState::kNeedsAttention;
  if (!is_at_rest || parts_.dispatcher.is_running(id)) {
    co_return fail(ErrorCode::kConflict, "turn {} is still {}; cancel it or wait for its end, then undo it",
                   id.str(), to_text(subject.turn.state));
  }
  PRYX_CO_TRY(subject.changes, co_await parts_.journal.list(principal, id));
  if (!subject.changes.empty()) {
    WorkspaceOpener::Opened opened = co_await parts_.workspaces.open(subject.session);
    subject.workspace = std::move(opened.directory);
  }
  co_return subject;
}

async::Task<Result<std::vector<UndoItem>>> TurnUndo::plan(const Subject& subject, tools::Force force) {
  if (subject.changes.empty()) co_return std::vector<UndoItem>{};
  const std::string& folder = subject.changes.front().workspace;
  if (!subject.workspace || subject.workspace->path() != folder) {
    co_return fail(ErrorCode::kConflict, "turn {} changed files in {}, which {}; nothing was undone",
                   subject.turn.id.str(), folder,
                   subject.workspace ? fmt::format("is not the folder of its session any more ({})",
                                                   subject.workspace->path())
                                     : std::string("cannot be opened as a workspace"));
  }
  auto job = [&subject, force](std::stop_token) -> Result<std::vector<UndoItem>> {
    return tools::plan_undo(*subject.workspace, subject.changes, force);
  };
  co_return co_await parts_.pool.run(std::move(job));
}

// One file after the other: each is on the disk before it is marked. A failing one is reported, and those of
// its step that come after it are left, unless they stand alone. When the journal cannot be written, the rest
// is left. No error ends it early: what was done is to be on record.
async::Task<void> TurnUndo::give_back(const Subject& subject, UndoReport& report) {
  StepId broken;
  bool can_note = true;
  for (UndoItem& item : report.items) {
    const bool stands_alone = item.recorded.change.independent;
    if (changes_something(item.action) && !can_note)
      hold(item, "what was given back before it could not be noted, so nothing more was done");
    else if (changes_something(item.action) && !stands_alone && item.recorded.step == broken)
      hold(item, "another file of the same step could not be given back");
    if (changes_something(item.action)) {
      const Result<void> done = co_await give_one_back(subject, item);
      if (!done) {
        item.action =
            done.error().code == ErrorCode::kConflict ? UndoAction::kChangedSince : UndoAction::kFailed;
        item.detail = done.error().message;
        broken = item.recorded.step;
      }
    }
    if (!can_note || !(changes_something(item.action) || item.action == UndoAction::kUnchanged)) continue;
    const Result<void> noted =
        co_await parts_.journal.mark_undone(subject.turn.principal, item.recorded.number);
    if (noted) continue;
    can_note = false;
    item.detail +=
        fmt::format("{}this could not be noted: {}", item.detail.empty() ? "" : "; ", noted.error().message);
  }
}

async::Task<Result<void>> TurnUndo::give_one_back(const Subject& subject, const UndoItem& item) {
  std::string content;
  // Rights come back without a content.
  if (item.action == UndoAction::kRestored && item.recorded.has_content) {
    PRYX_CO_TRY(content, co_await parts_.journal.read_content(subject.turn.principal, item.recorded.number));
  }
  auto job = [&subject, &item, &content](const std::stop_token&) {
    return tools::undo_change(*subject.workspace, item, content);
  };
  co_return co_await parts_.pool.run_to_end(std::move(job));
}

async::Task<Result<void>> TurnUndo::record(Caller caller, const Subject& subject, const UndoReport& report,
                                           std::string kind) {
  json::object detail = report.to_json();
  detail.erase("dry_run");
  const audit::Entry entry{.principal = subject.turn.principal,
                           .kind = kind,
                           .actor = caller.surface,
                           .session = subject.turn.session,
                           .turn = subject.turn.id,
                           .step = {},
                           .subject = "undo",
                           .detail = {},
                           .personal = std::move(detail)};  // names files
  const bool is_end = kind == "undo.outcome";
  const tools::OpenUndo undo{
      .principal = subject.turn.principal, .session = subject.turn.session, .turn = subject.turn.id};
  const std::int64_t given_back = count_if(report.items, changes_something);
  const std::int64_t left_alone = count_if(report.items, tools::is_left_alone);
  co_return co_await parts_.database.write([&, this](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(parts_.audit.append(t, entry));
    if (!is_end) return tools::UndoJournal::note_begin(t.db(), undo);
    PRYX_TRY_VOID(tools::UndoJournal::note_end(t.db(), undo));
    PRYX_TRY_VOID(parts_.events.append(t, {.principal = subject.turn.principal,
                                           .name = "turn.undone",
                                           .session = subject.turn.session,
                                           .surface = caller.surface,
                                           .payload = {{"turn_id", subject.turn.id.str()},
                                                       {"given_back", given_back},
                                                       {"left_alone", left_alone}}}));
    return {};
  });
}

std::vector<UndoReport::Step> TurnUndo::find_not_undoable(const Subject& subject) const {
  std::vector<UndoReport::Step> out;
  for (const Step& step : subject.steps) {
    if (!may_have_run(step)) continue;
    const tools::Tool* tool = parts_.registry.find(step.tool);
    if (tool != nullptr && (tool->description().read_only || tool->description().keeps_undo)) continue;
    std::string reason = "it is not known what it changed";
    if (step.tool == "shell.exec") {
      const auto process = subject.processes.find(step.id);
      reason = beyond_the_journal(
          step, process == subject.processes.end() ? std::nullopt : std::optional(process->second));
    } else if (step.tool == "http.request")
      reason = "what was sent cannot be called back";
    else if (step.tool == "memory.save")
      reason = "memories stay until they are removed by hand";
    if (!reason.empty()) out.push_back({step.id, step.tool, step.summary, std::move(reason)});
  }
  return out;
}

}  // namespace pryx::agent

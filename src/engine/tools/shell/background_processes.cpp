// SPDX-License-Identifier: MIT
#include "engine/tools/shell/background_processes.h"

#include <algorithm>

#include "engine/tools/shell/live_output.h"
#include "engine/tools/shell/output_scrubber.h"
#include "foundation/base/log.h"
#include "foundation/base/text.h"

namespace pryx::tools::shell {
namespace {

// Live output of a background process, as an ephemeral event.
class BusOutput final : public OutputSink {
 public:
  BusOutput(events::EventLog& events, const ProcessRecord& record)
      : events_(events), principal_(record.principal), session_(record.session), id_(record.id) {}
  void write(std::string_view bytes) override {
    events_.publish_ephemeral(
        {.principal = principal_,
         .name = "process.output",
         .session = session_,
         .surface = {},
         .payload = {{"process_id", id_.str()}, {"offset", offset_}, {"text", to_valid_utf8(bytes)}}});
    offset_ += bytes.size();
  }

 private:
  events::EventLog& events_;
  PrincipalId principal_;
  SessionId session_;
  ProcessId id_;
  std::uint64_t offset_ = 0;
};

std::unexpected<Error> no_such_process(const ProcessId& id) {
  return fail(ErrorCode::kNotFound,
              "there is no background process '{}' here; shell.list shows those there are", id.str());
}

}  // namespace

struct BackgroundProcesses::Entry {
  Entry(async::EventLoop& loop, std::shared_ptr<OutputSink> sink,
        const std::vector<sandbox::SecretFile>& secrets)
      : scrubbers(secrets),
        live(loop, std::move(sink), LiveOutput::kMostOfProcess),
        changed(loop),
        stored(loop) {}
  void keep(OutputStream stream, std::string_view bytes) {
    lines.add(stream, bytes);
    live.add(bytes);
  }
  void end(KillReason reason) {
    if (run)
      run->kill(reason);
    else if (!end_wished)
      end_wished = reason;
  }
  ProcessRecord record;
  SecretScrubbers scrubbers;
  LineRing lines;
  LiveOutput live;
  std::uint64_t handed_out = 0;  // number of the last line that the agent has seen whole
  std::shared_ptr<egress::ProxySocket> proxy;
  std::unique_ptr<ChildRun> run;         // null while it is being launched
  std::optional<KillReason> end_wished;  // meanwhile: its launch ends it as soon as it runs
  async::WaitList changed;               // output came, or it ended
  async::OneShot<bool> stored;           // its end is on disk, or could not be written
};

BackgroundProcesses::BackgroundProcesses(async::EventLoop& loop, db::Database& database,
                                         events::EventLog& events, audit::AuditLog& audit, IdSource& ids,
                                         sandbox::Sandbox& sandbox)
    : loop_(loop),
      database_(database),
      events_(events),
      audit_(audit),
      ids_(ids),
      sandbox_(sandbox),
      group_(loop, "background processes") {}

BackgroundProcesses::~BackgroundProcesses() = default;

Result<void> BackgroundProcesses::append_event(db::Transaction& transaction, std::string name,
                                               const ProcessRecord& record) {
  PRYX_TRY(const std::uint64_t version,
           events_.append(transaction, {.principal = record.principal,
                                        .name = std::move(name),
                                        .session = record.session,
                                        .surface = {},
                                        .payload = {{"process", record.to_json()}}}));
  static_cast<void>(version);
  return {};
}

// On record and on the bus, in the commit of the end itself.
Result<void> BackgroundProcesses::append_end(db::Transaction& transaction, const ProcessRecord& record) {
  json::object personal;  // it may name files
  if (!record.reason.empty()) personal["reason"] = record.reason;
  PRYX_TRY_VOID(audit_.append(transaction, {.principal = record.principal,
                                            .kind = "process.ended",
                                            .actor = "shell",
                                            .session = record.session,
                                            .turn = {},
                                            .step = {},
                                            .subject = record.id.str(),
                                            .detail = {{"state", to_text(record.state)}},
                                            .personal = std::move(personal)}));
  return append_event(transaction, "process.ended", record);
}

async::Task<Result<void>> BackgroundProcesses::start() {
  const WallTime now = loop_.clock().wall();
  PRYX_CO_TRY(const std::size_t lost,
              co_await database_.write([this, now](db::Transaction& t) -> Result<std::size_t> {
                PRYX_TRY(const auto records, ProcessStore::mark_lost(t.db(), now));
                for (const ProcessRecord& record : records) PRYX_TRY_VOID(append_end(t, record));
                return records.size();
              }));
  if (lost > 0) log::warn("processes.lost", {{"count", lost}});
  co_return Result<void>{};
}

async::Task<void> BackgroundProcesses::stop() {
  stopping_ = true;
  for (const auto& [id, entry] : entries_) entry->end(KillReason::kDaemonStops);
  co_await group_.stop();
}

Result<void> BackgroundProcesses::check_room(const ProcessRecord& record) const {
  if (stopping_) return fail(ErrorCode::kUnavailable, "the daemon is stopping");
  const auto of_session = std::ranges::count_if(
      entries_, [&](const auto& entry) { return entry.second->record.session == record.session; });
  if (static_cast<std::size_t>(of_session) >= kMaxPerSession)
    return fail(ErrorCode::kOverloaded,
                "this session has {} background processes already; stop one with shell.stop", of_session);
  if (entries_.size() >= kMaxRunning)
    return fail(ErrorCode::kOverloaded, "{} background processes run already; stop some first",
                entries_.size());
  return {};
}

async::Task<Result<ProcessRecord>> BackgroundProcesses::launch(ProcessLaunch launch) {
  PRYX_CO_TRY_VOID(check_room(launch.record));
  ProcessRecord& record = launch.record;
  record.id = ids_.make<ProcessId>();
  record.state = ProcessState::kRunning;
  record.started_at = loop_.clock().wall();
  std::shared_ptr<OutputSink> sink;
  if (record.mode != ProcessMode::kPumpDump) sink = std::make_shared<BusOutput>(events_, record);
  auto entry = std::make_shared<Entry>(loop_, std::move(sink), launch.request.secrets);
  entry->record = record;
  entry->proxy = std::move(launch.proxy);
  // From here on whoever ends its session, or all, finds it.
  entries_[record.id] = entry;
  const auto written = co_await database_.write([&](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(ProcessStore::purge(t.db(), record.principal));
    PRYX_TRY_VOID(ProcessStore::insert(t.db(), record));
    return append_event(t, "process.started", record);
  });
  if (!written) {
    entry->record.state = ProcessState::kFailed;
    entry->stored.set(false);
    entry->changed.wake_all();
    entries_.erase(record.id);
    co_return std::unexpected(written.error());
  }
  auto run = co_await ChildRun::launch(
      loop_, sandbox_, std::move(launch.request),
      [e = entry.get()](OutputStream stream, std::string_view bytes) {
        e->scrubbers.add(stream, bytes, [e](OutputStream s, std::string_view clean) { e->keep(s, clean); });
        e->changed.wake_all();
      },
      launch.recorder, grace_);
  if (!run) {
    entry->record.state = ProcessState::kFailed;
    entry->record.reason = run.error().message;
    co_await save_end(entry);
    entries_.erase(record.id);
    co_return std::unexpected(run.error());
  }
  entry->run = std::move(*run);
  if (entry->end_wished) entry->run->kill(*entry->end_wished);
  if (!launch.input.empty()) static_cast<void>(entry->run->write_input(launch.input));
  const auto task = group_.spawn("process " + record.id.str(), watch(entry, launch.limit));
  if (task == 0) {
    // The stop began while it was launched.
    entry->run->kill(KillReason::kDaemonStops);
    co_await watch(entry, launch.limit);
  }
  co_return entry->record;
}

// Until it has ended and its end is on disk. Cancelled when the daemon stops.
async::Task<void> BackgroundProcesses::watch(std::shared_ptr<Entry> entry, Duration limit) {
  Result<ChildEnd> end = co_await entry->run->wait(limit);
  if (!end) {
    entry->run->kill(end.error().code == ErrorCode::kTimeout ? KillReason::kTimeLimit
                                                             : KillReason::kDaemonStops);
    end = co_await entry->run->wait_uncancellable();
  }
  entry->scrubbers.finish([e = entry.get()](OutputStream s, std::string_view rest) { e->keep(s, rest); });
  entry->lines.finish();
  entry->live.finish();
  ProcessRecord& record = entry->record;
  if (end->status.signal != 0) {
    record.state = ProcessState::kKilled;
    record.signal = end->status.signal;
  } else {
    record.state = ProcessState::kExited;
    record.exit_code = end->status.code;
  }
  record.reason = std::string(to_text(end->killed_for));
  if (!end->quarantined.empty())
    record.reason += fmt::format("{}protected names set aside: {}", record.reason.empty() ? "" : "; ",
                                 fmt::join(end->quarantined, ", "));
  if (!end->written_directly.empty())
    record.reason += fmt::format("{}written straight into the workspace: {}",
                                 record.reason.empty() ? "" : "; ", end->written_directly);
  if (!end->finish_problem.empty())
    record.reason += fmt::format("{}{}", record.reason.empty() ? "" : "; ", end->finish_problem);
  record.reason = std::string(utf8_prefix(to_valid_utf8(record.reason), 1000));
  co_await save_end(entry);
  entries_.erase(record.id);
}

async::Task<void> BackgroundProcesses::save_end(std::shared_ptr<Entry> entry) {
  entry->record.ended_at = loop_.clock().wall();
  const auto tail = entry->lines.last(LineRing::kLines);
  const std::uint64_t handed_out = entry->handed_out;
  const auto saved = co_await database_.write([&](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(ProcessStore::save_end(t.db(), entry->record, tail, handed_out));
    return append_end(t, entry->record);
  });
  // The row stays `running` then, and the next start finds it: `lost`.
  if (!saved)
    log::error("process.end_not_stored", {{"id", entry->record.id.str()}, {"error", saved.error().message}});
  entry->stored.set(saved.has_value());
  entry->changed.wake_all();
}

std::shared_ptr<BackgroundProcesses::Entry> BackgroundProcesses::find_entry(const ProcessViewer& viewer,
                                                                            const ProcessId& id) const {
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second->record.principal != viewer.principal) return nullptr;
  if (!viewer.session.empty() && !found->second->record.is_visible_to(viewer.session)) return nullptr;
  return found->second;
}

const ProcessRecord* BackgroundProcesses::find_running(const ProcessViewer& viewer,
                                                       const ProcessId& id) const {
  const auto entry = find_entry(viewer, id);
  return entry ? &entry->record : nullptr;
}

async::Task<Result<std::vector<ProcessView>>> BackgroundProcesses::list(ProcessViewer viewer) {
  PRYX_CO_TRY(std::vector<ProcessView> found, co_await database_.read([&](db::Connection& c) {
    return ProcessStore::list(c, viewer.principal, ProcessStore::kKeptEnded);
  }));
  if (!viewer.session.empty())
    std::erase_if(found, [&](const ProcessView& v) { return !v.record.is_visible_to(viewer.session); });
  for (ProcessView& one : found) {
    if (const auto entry = find_entry(viewer, one.record.id)) {
      one = {entry->record, entry->lines.last(kListLines), entry->lines.total_lines(),
             entry->lines.total_bytes()};
    } else if (one.lines.size() > kListLines) {
      one.lines.erase(one.lines.begin(), one.lines.end() - kListLines);
    }
  }
  co_return found;
}

async::Task<Result<ProcessView>> BackgroundProcesses::find_stored(ProcessViewer viewer, ProcessId id,
                                                                  ProcessLook look) {
  PRYX_CO_TRY(auto found, co_await database_.read([&](db::Connection& c) {
    return ProcessStore::find(c, viewer.principal, id);
  }));
  if (!found || (!viewer.session.empty() && !found->record.is_visible_to(viewer.session)))
    co_return no_such_process(id);
  std::erase_if(found->lines, [&](const OutputLine& line) { return line.number <= look.after; });
  if (found->lines.size() > look.lines)
    found->lines.erase(found->lines.begin(), found->lines.end() - static_cast<std::ptrdiff_t>(look.lines));
  co_return std::move(*found);
}

async::Task<Result<ProcessView>> BackgroundProcesses::view(ProcessViewer viewer, ProcessId id,
                                                           ProcessLook look) {
  const auto entry = find_entry(viewer, id);
  if (!entry) co_return co_await find_stored(std::move(viewer), std::move(id), look);
  co_return ProcessView{entry->record, entry->lines.last(look.lines, look.after), entry->lines.total_lines(),
                        entry->lines.total_bytes(), entry->handed_out};
}

async::Task<Result<ProcessView>> BackgroundProcesses::take_stored(ProcessViewer viewer, ProcessId id,
                                                                  std::size_t lines) {
  PRYX_CO_TRY(ProcessView found, co_await find_stored(viewer, id, {.lines = lines}));
  if (found.record.mode == ProcessMode::kStreaming) co_return found;
  std::erase_if(found.lines, [&](const OutputLine& line) { return line.number <= found.handed_out; });
  if (found.lines.empty()) co_return found;
  PRYX_CO_TRY_VOID(co_await database_.write([&](db::Transaction& t) -> Result<void> {
    return ProcessStore::mark_handed_out(t.db(), viewer.principal, id, found.lines.back().number);
  }));
  co_return found;
}

async::Task<Result<ProcessView>> BackgroundProcesses::take(ProcessViewer viewer, ProcessId id,
                                                           std::size_t lines, Duration wait) {
  const auto entry = find_entry(viewer, id);
  if (!entry) co_return co_await take_stored(std::move(viewer), std::move(id), lines);
  const std::uint64_t bytes_before = entry->lines.total_bytes();
  const MonotonicTime end = loop_.clock().monotonic() + wait;
  while (entry->record.is_running() && entry->lines.total_bytes() == bytes_before &&
         entry->lines.total_lines() == entry->handed_out) {
    const Duration left = end - loop_.clock().monotonic();
    if (left <= Duration::zero()) break;
    const async::WaitEnd woken = co_await entry->changed.wait_for(left);
    if (woken == async::WaitEnd::kCancelled) co_return fail(ErrorCode::kCancelled, "cancelled");
  }
  if (!entry->record.is_running()) {
    // What it hands out from here on is remembered with its end.
    PRYX_CO_TRY(const bool is_stored, co_await entry->stored.wait());
    if (is_stored) co_return co_await take_stored(std::move(viewer), std::move(id), lines);
  }
  const bool dumps = entry->record.mode != ProcessMode::kStreaming;
  ProcessView out{entry->record, entry->lines.last(lines, dumps ? entry->handed_out : 0),
                  entry->lines.total_lines(), entry->lines.total_bytes(), entry->handed_out};
  entry->handed_out = entry->lines.total_lines();
  co_return out;
}

async::Task<void> BackgroundProcesses::wait_for_end(ProcessViewer viewer, ProcessId id, Duration limit) {
  const auto entry = find_entry(viewer, id);
  if (!entry) co_return;
  const auto stored = co_await entry->stored.wait(limit);
  static_cast<void>(stored);
}

async::Task<Result<void>> BackgroundProcesses::write(ProcessViewer viewer, ProcessId id, std::string bytes,
                                                     bool close_after) {
  const auto entry = find_entry(viewer, id);
  if (!entry) {
    PRYX_CO_TRY(const ProcessView past, co_await find_stored(std::move(viewer), id, {.lines = 0}));
    co_return fail(ErrorCode::kConflict, "process {} does not run any more: {}", id.str(),
                   describe_state(past.record));
  }
  if (!entry->run)
    co_return fail(ErrorCode::kConflict, "process {} is only being started; try again", id.str());
  // A shell with a secret would do with it whatever is written later: a person agreed to one command.
  if (!entry->record.secrets.empty())
    co_return fail(ErrorCode::kDenied,
                   "process {} was given a secret and takes no more input; start it with all it needs",
                   id.str());
  // Evidence before effect; calls of the agent have their own record at the gate.
  PRYX_CO_TRY_VOID(co_await database_.write([&](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(audit_.append(t, {.principal = viewer.principal,
                                    .kind = "process.input",
                                    .actor = viewer.actor,
                                    .session = entry->record.session,
                                    .turn = {},
                                    .step = {},
                                    .subject = id.str(),
                                    .detail = {{"bytes", bytes.size()}, {"closed", close_after}}}));
    return {};
  }));
  if (entry->run->has_ended())
    co_return fail(ErrorCode::kConflict, "process {} has ended meanwhile", id.str());
  if (!bytes.empty()) {
    const auto written = entry->run->write_input(bytes);
    if (!written) co_return fail(written.error().code, "process {}: {}", id.str(), written.error().message);
  }
  if (close_after) entry->run->close_input();
  co_return Result<void>{};
}

async::Task<Result<ProcessRecord>> BackgroundProcesses::kill(ProcessViewer viewer, ProcessId id,
                                                             KillReason reason) {
  const auto entry = find_entry(viewer, id);
  if (!entry) {
    PRYX_CO_TRY(const ProcessView past, co_await find_stored(std::move(viewer), std::move(id), {.lines = 0}));
    co_return past.record;
  }
  entry->end(reason);
  co_await entry->stored.wait_uncancellable();
  co_return entry->record;
}

std::vector<ProcessRecord> BackgroundProcesses::kill_all(const PrincipalId& principal) {
  std::vector<ProcessRecord> out;
  for (const auto& [id, entry] : entries_) {
    if (entry->record.principal != principal) continue;
    entry->end(KillReason::kStopped);
    out.push_back(entry->record);
  }
  return out;
}

async::Task<void> BackgroundProcesses::end_session(PrincipalId principal, SessionId session, SessionEnd how) {
  std::vector<std::shared_ptr<Entry>> ending;
  for (const auto& [id, entry] : entries_) {
    const ProcessRecord& r = entry->record;
    const bool ends = how == SessionEnd::kDeleted || r.scope == ProcessScope::kSession;
    if (r.principal == principal && r.session == session && ends) ending.push_back(entry);
  }
  for (const auto& entry : ending) entry->end(KillReason::kSessionEnded);
  for (const auto& entry : ending) co_await entry->stored.wait_uncancellable();
}

async::Task<Result<void>> BackgroundProcesses::forget_session(PrincipalId principal, SessionId session) {
  co_await end_session(principal, session, SessionEnd::kDeleted);
  co_return co_await database_.write([&](db::Transaction& t) -> Result<void> {
    return ProcessStore::remove_session(t.db(), principal, session);
  });
}

}  // namespace pryx::tools::shell

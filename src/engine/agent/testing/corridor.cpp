// SPDX-License-Identifier: MIT
#include "engine/agent/testing/corridor.h"

#include "engine/tools/undo/undo_journal.h"

namespace pryx::agent::testing {

Daemon::Daemon(async::EventLoop& loop, Random& random, World& world, SetPolicy& policy,
               const std::string& path, const Secret& key, int boot, bool after_crash, EngineLimits limits,
               std::size_t slots)
    : ids(loop.clock(), random),
      database(open(loop, path, key)),
      events(loop, *database),
      audit(loop.clock()),
      approvals(loop, *database, events, audit, ids),
      trace(loop.clock(), events, fmt::format("bot_{}", boot)),
      models(loop, http, keys, random),
      gate(loop, registry, policy, approvals, ids),
      results(world),
      dispatcher(loop, *database, slots),
      outbox(loop, *database),
      inbox(loop, *database, events, ids, dispatcher),
      engine({.loop = loop,
              .database = *database,
              .events = events,
              .audit = audit,
              .approvals = approvals,
              .models = models,
              .gate = gate,
              .results = results,
              .workspaces = workspaces,
              .dispatcher = dispatcher,
              .ids = ids,
              .trace = trace,
              .boot_id = fmt::format("bot_{}", boot),
              .default_model = "fake/one",
              .after_crash = after_crash,
              .profiles = &profiles},
             limits),
      sub_agents({.loop = loop,
                  .database = *database,
                  .events = events,
                  .ids = ids,
                  .inbox = inbox,
                  .dispatcher = dispatcher,
                  .turns = engine,
                  .models = models,
                  .profiles = &profiles}) {
  sub_agent_access->service = &sub_agents;
  PRYX_CHECK(add_sub_agent_tools(registry, sub_agent_access).has_value());
  for (const auto effect : {tools::EffectClass::kPure, tools::EffectClass::kIdempotent,
                            tools::EffectClass::kQueryable, tools::EffectClass::kOneShot}) {
    PRYX_CHECK(registry.add(std::make_unique<FakeTool>(loop, world, effect)).has_value());
  }
}

std::unique_ptr<db::Database> Daemon::open(async::EventLoop& loop, const std::string& path,
                                           const Secret& key) {
  const db::ModuleMigrations modules[] = {events::EventLog::migrations(),   audit::AuditLog::migrations(),
                                          trust::Approvals::migrations(),   trace::SpanStore::migrations(),
                                          tools::UndoJournal::migrations(), SessionStore::migrations()};
  auto opened = db::Database::open(loop, {.open = {.path = path, .key = key}, .inline_mode = true}, modules);
  PRYX_CHECK(opened.has_value());
  return std::move(*opened);
}

Corridor::Corridor()
    : folder_(std::filesystem::temp_directory_path() /
              fmt::format("pryx-corridor-{}-{}", ::getpid(),
                          ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
  std::filesystem::remove_all(folder_);
  std::filesystem::create_directories(folder_);
  SetProfiles::added.clear();
}

Corridor::~Corridor() {
  kill();
  std::filesystem::remove_all(folder_);
}

void Corridor::adopt(const std::filesystem::path& file) {
  std::filesystem::copy_file(file, folder_ / "c.db");
  std::filesystem::permissions(folder_ / "c.db",
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  killed_ = true;
}

void Corridor::boot_and(const std::function<void()>& early) {
  daemon = std::make_unique<Daemon>(loop, random_, world, policy, database_path(), key, ++boots_,
                                    std::exchange(killed_, false), limits, slots);
  daemon->models.put_provider("fake", model);
  PRYX_CHECK(now(daemon->events.start()).has_value());
  PRYX_CHECK(now(daemon->approvals.start()).has_value());
  PRYX_CHECK(now(daemon->trace.start(*daemon->database, streamed_tokens)).has_value());
  early();
  PRYX_CHECK(now(daemon->sub_agents.start()).has_value());
  PRYX_CHECK(now(daemon->dispatcher.start(daemon->engine, paused)).has_value());
  settle();
}

void Corridor::kill() {
  if (!daemon) return;
  settle();
  const auto copy = [this](const std::string& from, const std::string& to) {
    for (const char* suffix : {"", "-wal"}) {
      std::filesystem::remove(folder_ / (to + suffix));
      if (std::filesystem::exists(folder_ / (from + suffix)))
        std::filesystem::copy_file(folder_ / (from + suffix), folder_ / (to + suffix));
    }
  };
  killed_ = true;
  copy("c.db", "kept");
  stop();
  copy("kept", "c.db");
}

void Corridor::reboot_with(EngineLimits changed, std::size_t changed_slots) {
  limits = changed;
  slots = changed_slots;
  reboot();
}

void Corridor::stop() {
  wait(daemon->dispatcher.stop());
  wait(daemon->sub_agents.stop());
  wait(daemon->outbox.stop());
  daemon.reset();
}

void Corridor::settle() {
  while (loop.poll()) {
  }
}

void Corridor::wait(async::Task<void> task) {
  async::TaskGroup group(loop, "test");
  group.spawn("wait", std::move(task));
  settle();
  PRYX_CHECK(group.size() == 0);
}

SessionId Corridor::session(bool hidden) {
  Session made{.principal = kMe,
               .id = daemon->ids.make<SessionId>(),
               .agent = "default",
               .status = "active",
               .hidden = hidden,
               .surface = "test",
               .created_at = loop.clock().wall()};
  PRYX_CHECK(
      write([&](db::Transaction& t) { return SessionStore::insert_session(t.db(), made); }).has_value());
  return made.id;
}

Result<Accepted> Corridor::accept(NewMessage message) {
  if (message.labels == trust::Labels()) message.labels = trust::Labels{"owner"};
  return now(daemon->inbox.accept(me(), std::move(message)));
}

Result<void> Corridor::resume(const TurnId& turn, TurnEngine::ResumeChoice choice, std::string result) {
  return now(
      daemon->engine.resume(me(), turn, step_in(turn, StepState::kUnknown).id, choice, std::move(result)));
}

Result<void> Corridor::cancel(const TurnId& turn) { return now(daemon->engine.cancel(me(), turn)); }

Result<trust::Approval> Corridor::answer(const ApprovalId& id, trust::Resolution resolution) {
  return now(daemon->approvals.resolve(me(), id, std::move(resolution)));
}

Turn Corridor::turn(const TurnId& id) {
  return read([&](db::Connection& c) { return TurnStore::find_turn(c, kMe, id); }).value();
}

std::vector<Step> Corridor::steps(const TurnId& id) {
  return read([&](db::Connection& c) { return TurnStore::list_steps(c, kMe, id); });
}

std::string Corridor::step_states(const TurnId& id) {
  std::string out;
  for (const Step& step : steps(id))
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ",
                       step.kind == StepKind::kModel ? "model" : step.tool, to_text(step.state));
  return out;
}

Step Corridor::step_in(const TurnId& id, StepState state) {
  for (const Step& step : steps(id)) {
    if (step.state == state) return step;
  }
  return {};
}

std::vector<Message> Corridor::messages(const SessionId& id) {
  return read([&](db::Connection& c) {
           return SessionStore::list_messages(c, kMe, id, {.limit = 200, .cursor = {}});
         })
      .items;
}

bool Corridor::is_unread(const SessionId& id) {
  return read([&](db::Connection& c) { return SessionStore::find_session(c, kMe, id); }).value().unread;
}

std::vector<trust::Approval> Corridor::open_questions() {
  return now(daemon->approvals.list_page(
                 kMe, {.states = {trust::ApprovalState::kPending}, .before = {}, .limit = 100}))
      .value();
}

std::string Corridor::audit_kinds() {
  std::string out;
  for (const auto& row :
       read([](db::Connection& c) { return audit::AuditLog::list(c, kMe, INT64_MAX, 1000); }))
    out = row.entry.kind + (out.empty() ? "" : " ") + out;
  return out;
}

std::int64_t Corridor::count_events(const std::string& name) {
  return read(
      [&](db::Connection& c) { return c.count("SELECT count(*) FROM events WHERE name = $1", name); });
}

std::string Corridor::last_prompt() {
  static constexpr const char* kRoles[] = {"system", "user", "assistant", "tool"};
  std::string out;
  for (const auto& message : model->requests.back().messages) {
    if (message.role == models::ChatMessage::Role::kSystem) continue;
    out += fmt::format("{}: {}", kRoles[static_cast<int>(message.role)], message.text);
    for (const auto& call : message.tool_calls) out += fmt::format("[{}]", call.name);
    out += '\n';
  }
  return out;
}

}  // namespace pryx::agent::testing

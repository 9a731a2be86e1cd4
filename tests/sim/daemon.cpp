// SPDX-License-Identifier: MIT
#include "tests/sim/daemon.h"

#include <array>

#include "engine/models/catalog.h"
#include "foundation/crypto/crypto.h"

namespace pryx::sim {
namespace {

constexpr std::string_view kKey = "2dd29ca851e7b56e4697b0e1f08507293d761a05ce4d1b628663f411a8086d99";

// Dear enough that the slices which the fake model hands out bind.
constexpr std::string_view kPrices =
    "models:\n  sim/sim-1: {{context: 128000, max_output: {}, price: {{input: 1, output: 2}}}}\n";
constexpr std::string_view kLoseParents =
    "CREATE TRIGGER IF NOT EXISTS lose_parents AFTER INSERT ON sub_agents BEGIN UPDATE sub_agents SET "
    "parent_turn = '' WHERE session_id = NEW.session_id; END";
constexpr std::string_view kOpenSlices =
    "CREATE TRIGGER IF NOT EXISTS open_slices AFTER INSERT ON budgets WHEN NEW.scope = 'slice' BEGIN UPDATE "
    "budgets SET limit_nano = 1000000000000 WHERE scope = 'slice' AND subject = NEW.subject; END";

class FixedKeys final : public models::KeySource {
 public:
  async::Task<Result<Secret>> get_key(std::string, bool) override {
    co_return Secret(std::string("sk-simulated"));
  }
};

class ChangingPolicy final : public tools::PolicySource {
 public:
  explicit ChangingPolicy(PolicyMode mode) { set(mode); }
  void set(PolicyMode mode) {
    using trust::Verdict;
    std::vector<trust::Rule> rules;
    if (mode == PolicyMode::kDenyOneShot)
      rules.push_back({.verdict = Verdict::kDeny, .tool = "test.one_shot"});
    if (mode == PolicyMode::kAsk) {
      rules.push_back({.verdict = Verdict::kAsk, .tool = "test.one_shot"});
      rules.push_back({.verdict = Verdict::kAsk, .tool = "test.queryable"});
    }
    rules.push_back({.verdict = Verdict::kAllow, .tool = "test.*"});
    rules.push_back({.verdict = Verdict::kAllow, .tool = "agent.*"});
    in_force_.engine = std::make_shared<const trust::PolicyEngine>(
        std::make_shared<const trust::Layer>(trust::LayerKind::kBase, "sim", rules));
    in_force_.version = fmt::format("policy-{}", static_cast<int>(mode));
    in_force_.approval_timeout = std::chrono::seconds(60);
  }
  [[nodiscard]] tools::PolicyInForce policy() const override { return in_force_; }

 private:
  tools::PolicyInForce in_force_;
};

class KeptResults final : public agent::ResultFiles {
 public:
  explicit KeptResults(OutsideWorld& world) : world_(world) {}
  async::Task<Result<std::string>> put(std::string text) override {
    if (!world_.daemon_is_alive()) co_return fail(ErrorCode::kStorage, "the disk is gone");
    const std::string ref = "sha256:" + crypto::sha256_hex(text);
    world_.result_files[ref] = std::move(text);
    co_return ref;
  }
  async::Task<Result<std::string>> get(std::string ref) override {
    const auto found = world_.result_files.find(ref);
    if (found == world_.result_files.end())
      co_return fail(ErrorCode::kNotFound, "there is no result {}", ref);
    co_return found->second;
  }

 private:
  OutsideWorld& world_;
};

class NoWorkspaces final : public agent::WorkspaceOpener {
 public:
  async::Task<Opened> open(agent::Session) override { co_return Opened{}; }
};

}  // namespace

db::OpenOptions database_options(const db::testing::SimulatedDisk& disk) {
  return {.path = std::string(kDatabasePath),
          .key = Secret(std::string(kKey)),
          .vfs = disk.vfs_name(),
          .exclusive = true};
}

std::span<const db::ModuleMigrations> all_migrations() {
  static const std::array<db::ModuleMigrations, 5> kAll{
      events::EventLog::migrations(), audit::AuditLog::migrations(), trust::Approvals::migrations(),
      trace::SpanStore::migrations(), agent::SessionStore::migrations()};
  return kAll;
}

struct Daemon::Parts {
  Parts(Around around, DaemonSetting setting, std::unique_ptr<db::Database> opened)
      : ids(around.loop.clock(), around.random),
        database(std::move(opened)),
        events(around.loop, *database),
        audit(around.loop.clock()),
        approvals(around.loop, *database, events, audit, ids),
        trace(around.loop.clock(), events, fmt::format("bot_{}", setting.boot)),
        policy(setting.policy),
        models(around.loop, around.model, keys, around.random),
        gate(around.loop, registry, policy, approvals, ids),
        results(around.world),
        dispatcher(around.loop, *database, 2),  // fewer slots than sessions, so that turns wait in line
        outbox(around.loop, *database),
        inbox(around.loop, *database, events, ids, dispatcher),
        engine({.loop = around.loop,
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
                .boot_id = fmt::format("bot_{}", setting.boot),
                .default_model = "sim/sim-1"},
               {.unsafe_split_outbox = setting.split_outbox}),
        sub_agents({.loop = around.loop,
                    .database = *database,
                    .events = events,
                    .ids = ids,
                    .inbox = inbox,
                    .dispatcher = dispatcher,
                    .turns = engine,
                    .models = models},
                   kSubAgentLimits),
        surface(around.loop, "surface") {}
  IdSource ids;
  std::unique_ptr<db::Database> database;
  events::EventLog events;
  audit::AuditLog audit;
  trust::Approvals approvals;
  trace::Recorder trace;
  FixedKeys keys;
  ChangingPolicy policy;
  models::ModelRouter models;
  tools::Registry registry;
  tools::ToolGate gate;
  KeptResults results;
  NoWorkspaces workspaces;
  agent::Dispatcher dispatcher;
  agent::Outbox outbox;
  agent::Inbox inbox;
  agent::TurnEngine engine;
  std::shared_ptr<agent::SubAgentAccess> access = std::make_shared<agent::SubAgentAccess>();
  agent::SubAgents sub_agents;
  async::TaskGroup surface;
};

Daemon::Daemon(DaemonSetting setting, std::unique_ptr<Parts> parts)
    : setting_(setting), parts_(std::move(parts)) {}
Daemon::~Daemon() = default;

Result<std::unique_ptr<Daemon>> Daemon::open(Around around, DaemonSetting setting) {
  db::DatabaseOptions options{.open = database_options(around.disk), .inline_mode = true};
  options.inline_delay = [&dice = around.store_dice] {
    return std::chrono::microseconds(dice.below(dice.chance(5) ? 20'000 : 3000));
  };
  PRYX_TRY(auto database, db::Database::open(around.loop, std::move(options), all_migrations()));
  auto parts = std::make_unique<Parts>(around, setting, std::move(database));
  PRYX_TRY_VOID(add_fake_tools(parts->registry, {.loop = around.loop,
                                                 .database = *parts->database,
                                                 .world = around.world,
                                                 .dice = around.tool_dice,
                                                 .calm = setting.calm,
                                                 .effect_first = setting.effect_first}));
  parts->access->service = &parts->sub_agents;
  PRYX_TRY_VOID(agent::add_sub_agent_tools(parts->registry, parts->access));
  PRYX_TRY(const auto prices, models::parse_catalog_overrides(fmt::format(kPrices, kMostOutput), "sim"));
  parts->models.set_catalog(std::make_shared<const models::Catalog>(
      models::built_in_catalog(), std::make_shared<const models::CatalogFile>(prices)));
  PRYX_TRY_VOID(parts->models.put_provider(
      {.name = "sim", .kind = "openai", .base_url = "http://model.sim/v1", .key_secret_name = "sim"}));
  return std::unique_ptr<Daemon>(new Daemon(setting, std::move(parts)));
}

async::Task<Result<void>> Daemon::start() {
  // The log is copied into the file often, so that deaths fall into that as well.
  PRYX_CO_TRY_VOID(co_await parts_->database->read([pages = setting_.log_pages](db::Connection& c) {
    return c.execute(fmt::format("PRAGMA wal_autocheckpoint={}", pages));
  }));
  if (setting_.synchronous_off) {
    PRYX_CO_TRY_VOID(co_await parts_->database->read(
        [](db::Connection& c) { return c.execute("PRAGMA synchronous=OFF"); }));
  }
  for (const std::string_view sql :
       {setting_.lost_parents ? kLoseParents : "", setting_.open_slices ? kOpenSlices : ""}) {
    if (sql.empty()) continue;
    PRYX_CO_TRY_VOID(
        co_await parts_->database->write([sql](db::Transaction& t) { return t.db().execute(sql); }));
  }
  PRYX_CO_TRY_VOID(co_await parts_->events.start());
  PRYX_CO_TRY_VOID(co_await parts_->approvals.start());
  PRYX_CO_TRY_VOID(co_await parts_->trace.start(*parts_->database, agent::streamed_tokens));
  PRYX_CO_TRY_VOID(co_await parts_->sub_agents.start());
  co_return co_await parts_->dispatcher.start(parts_->engine, false);
}

async::Task<void> Daemon::stop() {
  stopping_ = true;
  co_await parts_->surface.stop();
  co_await parts_->dispatcher.stop();
  co_await parts_->sub_agents.stop();
  co_await parts_->outbox.stop();
}

void Daemon::set_policy(PolicyMode mode) { parts_->policy.set(mode); }

async::TaskGroup& Daemon::surface() { return parts_->surface; }
db::Database& Daemon::database() { return *parts_->database; }
events::EventLog& Daemon::events() { return parts_->events; }
trust::Approvals& Daemon::approvals() { return parts_->approvals; }
agent::Inbox& Daemon::inbox() { return parts_->inbox; }
agent::Outbox& Daemon::outbox() { return parts_->outbox; }
agent::TurnEngine& Daemon::engine() { return parts_->engine; }
agent::SubAgents& Daemon::sub_agents() { return parts_->sub_agents; }
agent::Dispatcher& Daemon::dispatcher() { return parts_->dispatcher; }

}  // namespace pryx::sim

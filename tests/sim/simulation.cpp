// SPDX-License-Identifier: MIT
#include "tests/sim/simulation.h"

#include "tests/sim/invariants.h"

namespace pryx::sim {
namespace {

using db::testing::DiskFault;
using db::testing::DiskOperation;
using db::testing::Loss;
using namespace std::chrono_literals;

constexpr Duration kStopLimit = 3s;  // what a stop may take; a failing store gets its retry pause on top
constexpr Duration kLongStopLimit = 60s;
constexpr Duration kQuietLimit = 6h;

// Sub-agents that are about to begin or to end, because what they wait for is over or their parent was
// cancelled: whoever follows the ends of turns acts in a moment.
Result<bool> has_unmoved_sub_agents(db::Connection& c) {
  PRYX_TRY(const auto orphans, agent::SubAgentStore::list_orphans(c, {}));
  if (!orphans.empty()) return true;
  PRYX_TRY(const auto waiting, agent::SubAgentStore::list_waiting_for(c, owner().id, {}));
  for (const agent::SubAgent& child : waiting) {
    bool is_free = true;
    for (const SessionId& id : child.after) {
      PRYX_TRY(const auto other, agent::SubAgentStore::find(c, owner().id, id));
      is_free = is_free && (!other || other->is_over());
    }
    if (is_free) return true;
  }
  return false;
}

template <class T>
async::Task<void> keep_result(async::Task<T> task, std::optional<T>& out) {
  auto result = co_await std::move(task);
  out.emplace(std::move(result));
}
async::Task<void> note_end(async::Task<void> task, bool& done) {
  co_await std::move(task);
  done = true;
}

}  // namespace

FirstImage::FirstImage() {
  async::testing::VirtualLoop loop;
  testing::SeededRandom random(1);
  IdSource ids(loop.clock(), random);
  auto database =
      db::Database::open(loop, {.open = database_options(disk_), .inline_mode = true}, all_migrations());
  PRYX_CHECK(database.has_value());
  for (int i = 0; i < 3; ++i) sessions_.push_back(ids.make<SessionId>());
  async::TaskGroup group(loop, "image");
  const auto insert = [](db::Database& store, std::vector<SessionId> sessions) -> async::Task<Result<void>> {
    co_return co_await store.write([&](db::Transaction& t) -> Result<void> {
      for (const SessionId& id : sessions) {
        PRYX_TRY_VOID(agent::SessionStore::insert_session(
            t.db(),
            {.principal = owner().id, .id = id, .agent = "default", .status = "active", .surface = "sim"}));
      }
      return {};
    });
  };
  PRYX_CHECK(async::testing::run(loop, insert(**database, sessions_)).has_value());
}

// How one life of the daemon goes and ends.
struct Simulation::Plan {
  DaemonSetting setting;
  enum class End : std::uint8_t { kDisk, kNetwork, kTool, kTime, kStop } end = End::kStop;
  std::uint64_t steps = 0;
  Duration length{};
  std::uint64_t disk_trouble = 0;  // 0: none
  std::uint64_t model_trouble = 0;
  Loss loss = Loss::kProcess;
};

Simulation::Simulation(const FirstImage& image, std::uint64_t seed, Options options)
    : seed_(seed),
      options_(options),
      trace_(loop_.clock(), options.trace),
      disk_(seed ^ options.disk_seed),
      world_(loop_.clock(), disk_, trace_),
      model_(loop_, world_, seed),
      dice_(seed, "simulation"),
      tool_dice_(seed, "tools"),
      store_dice_(seed, "store"),
      id_dice_(seed, "ids"),
      clients_(std::make_unique<Clients>(loop_, world_, seed, image.sessions())),
      harness_(loop_, "harness") {
  disk_.copy_from(image.disk());
  outcome_.seed = seed;
}

Simulation::Plan Simulation::throw_plan() {
  Plan plan;
  plan.setting.boot = static_cast<std::uint64_t>(outcome_.lives);
  const std::uint64_t policy = dice_.below(10);
  plan.setting.policy = policy < 5   ? PolicyMode::kAllow
                        : policy < 9 ? PolicyMode::kAsk
                                     : PolicyMode::kDenyOneShot;
  plan.setting.log_pages = dice_.chance(50) ? dice_.between(5, 60) : dice_.between(100, 2000);
  const std::uint64_t end = dice_.below(100);
  if (end < 40)
    plan.end = Plan::End::kDisk, plan.steps = dice_.between(1, dice_.chance(20) ? 60 : 900);
  else if (end < 55)
    plan.end = Plan::End::kNetwork, plan.steps = dice_.between(1, 80);
  else if (end < 75)
    plan.end = Plan::End::kTool, plan.steps = dice_.between(1, 14);
  else if (end < 85)
    plan.end = Plan::End::kTime;
  plan.length = dice_.milliseconds(0, dice_.chance(20) ? 200'000 : 20'000);
  plan.disk_trouble = dice_.chance(35) ? dice_.between(1, 3) : 0;
  plan.model_trouble = dice_.chance(50) ? dice_.between(5, 50) : 0;
  plan.loss = dice_.chance(60) ? Loss::kPower : Loss::kProcess;
  return plan;
}

void Simulation::put_faults_on_disk(std::uint64_t kind) {
  if (kind == 0) return;
  static constexpr DiskFault kAny[] = {DiskFault::kFull, DiskFault::kIoError, DiskFault::kShortWrite,
                                       DiskFault::kLostSync};
  const DiskFault fault = kAny[dice_.below(4)];
  const MonotonicTime from = loop_.clock().monotonic() + dice_.milliseconds(0, 8000);
  const MonotonicTime to = from + dice_.milliseconds(200, 15'000);
  const std::uint64_t at = disk_.operations() + dice_.between(1, 300);
  const std::uint64_t percent = dice_.between(1, 4);
  disk_.set_judge([=, this](DiskOperation operation, std::uint64_t number) {
    DiskFault happens = DiskFault::kNone;
    if (kind == 1 && number >= at && number < at + 12) happens = fault;  // a few operations in a row
    const MonotonicTime now = loop_.clock().monotonic();
    if (kind == 2 && now >= from && now < to) happens = DiskFault::kFull;  // full for a while
    if (kind == 3 && now < to && mixed(number ^ seed_) % 100 < percent)
      happens = kAny[mixed(number) % 4];  // unreliable for a while
    if (db::testing::can_happen(happens, operation)) {
      ++world_.disk_faults;
      world_.last_disk_fault_ms = world_.now_ms();
      world_.disk_fault_times.push_back(world_.now_ms());
      trace_.note("disk: {} fails with {}", db::testing::to_text(operation), db::testing::to_text(happens));
    }
    return happens;
  });
}

bool Simulation::run_until(const std::function<bool()>& done, Duration limit) {
  const MonotonicTime end = loop_.clock().monotonic() + limit;
  for (;;) {
    while (loop_.poll()) {
    }
    if (done()) return true;
    if (loop_.clock().monotonic() > end || !loop_.advance_to_next_timer()) return false;
  }
}

bool Simulation::open_daemon(DaemonSetting setting) {
  setting.split_outbox = options_.control == Control::kSplitOutbox;
  setting.effect_first = options_.control == Control::kEffectFirst;
  setting.synchronous_off = options_.control == Control::kSynchronousOff;
  setting.lost_parents = options_.control == Control::kLostParents;
  setting.open_slices = options_.control == Control::kOpenSlices;
  world_.starts.push_back(world_.now_ms());
  auto opened =
      Daemon::open({loop_, disk_, world_, model_, tool_dice_, store_dice_, id_dice_.random()}, setting);
  if (!opened) {
    trace_.note("start failed: {}", opened.error().message);
    return false;
  }
  daemon_ = std::move(*opened);
  std::optional<Result<void>> started;
  harness_.spawn("start", keep_result(daemon_->start(), started));
  run_until([&] { return started.has_value(); }, kLongStopLimit);
  if (started && *started) return true;
  trace_.note("start failed: {}", started ? started->error().message : "no end");
  close_daemon(false);
  return false;
}

void Simulation::close_daemon(bool graceful) {
  if (daemon_ == nullptr) return;
  const MonotonicTime begun = loop_.clock().monotonic();
  const std::uint64_t faults = world_.disk_faults;
  bool stopped = false;
  harness_.spawn("stop", note_end(daemon_->stop(), stopped));
  if (!run_until([&] { return stopped; }, kLongStopLimit)) world_.violate("the daemon does not stop");
  PRYX_CHECK(stopped);
  const Duration took = loop_.clock().monotonic() - begun;
  if (graceful && took > kStopLimit && faults == world_.disk_faults)
    world_.violate(fmt::format("a stop took {}", format_duration(took)));
  while (loop_.poll()) {
  }
  if (world_.open_responses != 0)
    world_.violate(fmt::format("{} model requests outlived their turns", world_.open_responses));
  daemon_.reset();
}

// What was under way when this life ended.
void Simulation::note_circumstances() {
  const std::string how = disk_.is_dead() ? "died" : "stopped";
  if (world_.running_tools > 0) world_.reach(how + " while a tool ran");
  if (world_.unrecorded_effects > 0) world_.reach(how + " between effect and outcome");
  if (world_.open_responses > 0) world_.reach(how + " while a model answered");
  if (daemon_->approvals().pending_count() > 0) world_.reach(how + " while a question was open");
  if (daemon_->dispatcher().queued() > 0) world_.reach(how + " while turns waited in line");
  for (const agent::OpenTurn& turn : daemon_->dispatcher().running_turns()) {
    if (!clients_->is_of_people(turn.session)) world_.reach(how + " while a sub-agent ran");
  }
  if (world_.disk_faults > 0 && world_.now_ms() - world_.last_disk_fault_ms < 1000)
    world_.reach(how + " while the disk failed");
}

void Simulation::live(const Plan& plan) {
  ++outcome_.lives;
  trace_.note("life {} ends by {} after {} or {}, disk trouble {}, model trouble {} %", outcome_.lives,
              static_cast<int>(plan.end), plan.steps, format_duration(plan.length), plan.disk_trouble,
              plan.model_trouble);
  put_faults_on_disk(plan.disk_trouble);
  model_.set_trouble(plan.model_trouble);
  if (plan.end == Plan::End::kDisk) disk_.die_after(plan.steps);
  if (plan.end == Plan::End::kNetwork) world_.die_at(OutsideWorld::Point::kNetwork, plan.steps);
  if (plan.end == Plan::End::kTool) world_.die_at(OutsideWorld::Point::kTool, plan.steps);
  bool time_is_up = false;
  const auto timer = loop_.call_after(plan.length, [&] { time_is_up = true; });
  if (open_daemon(plan.setting)) {
    clients_->attach(*daemon_, false);
    run_until([&] { return time_is_up || disk_.is_dead(); }, 24h);
    if (plan.end != Plan::End::kStop) disk_.die();
    trace_.note("{}", disk_.is_dead() ? "dies" : "stops");
    note_circumstances();
    outcome_.deaths += disk_.is_dead() ? 1 : 0;
    close_daemon(!disk_.is_dead());
  }
  loop_.cancel_timer(timer);
  world_.forget_death();
  disk_.restart(plan.loss);
  // A supervisor waits a moment before it starts the next one.
  loop_.manual_clock().advance(dice_.milliseconds(1, 2000));
}

bool Simulation::is_quiet() {
  if (!clients_->everything_is_sent() || daemon_->dispatcher().running() > 0 ||
      daemon_->dispatcher().queued() > 0)
    return false;
  if (!clients_->followers_have(daemon_->events().last_version())) return false;
  std::optional<Result<std::vector<TurnId>>> waiting;
  harness_.spawn("look",
                 keep_result(daemon_->database().read([](db::Connection& c) -> Result<std::vector<TurnId>> {
                   PRYX_TRY(const bool unmoved, has_unmoved_sub_agents(c));
                   if (unmoved) return fail(ErrorCode::kConflict, "there is more to come");
                   return c.list("SELECT id FROM turns WHERE state = 'needs_attention'",
                                 [](const db::Row& r) { return r.id<TurnId>(0); });
                 }),
                             waiting));
  run_until([&] { return waiting.has_value(); }, 1s);
  PRYX_CHECK(waiting.has_value());
  if (!*waiting) return false;
  // The look took time, in which somebody may have started something.
  if (daemon_->dispatcher().running() > 0 || daemon_->dispatcher().queued() > 0) return false;
  for (const TurnId& turn : **waiting) {
    if (!clients_->leaves_alone(turn)) return false;
  }
  return true;
}

void Simulation::live_last() {
  ++outcome_.lives;
  trace_.note("the last life: no more trouble");
  model_.set_trouble(0);
  DaemonSetting setting{.boot = static_cast<std::uint64_t>(outcome_.lives), .calm = true};
  if (!open_daemon(setting)) {
    world_.violate("the daemon does not start although everything works");
    return;
  }
  clients_->attach(*daemon_, true);
  if (!run_until([&] { return is_quiet(); }, kQuietLimit)) {
    world_.violate(fmt::format("liveness: {} turns run, {} are queued, sent {}",
                               daemon_->dispatcher().running(), daemon_->dispatcher().queued(),
                               clients_->everything_is_sent()));
  }
  close_daemon(true);
  disk_.restart(Loss::kPower);
}

Outcome Simulation::run_failing(const Failing& failing, bool& reached) {
  clients_ = std::make_unique<Clients>(loop_, world_, seed_,
                                       std::vector<SessionId>{clients_->senders().front().session}, 1);
  std::uint64_t met = 0;
  std::optional<MonotonicTime> free_at;
  disk_.set_judge([&](DiskOperation operation, std::uint64_t) {
    if (!db::testing::can_happen(failing.fault, operation)) return DiskFault::kNone;
    const MonotonicTime now = loop_.clock().monotonic();
    if (++met == failing.nth) free_at = now + failing.full_for;
    const bool in_a_row = met >= failing.nth && met < failing.nth + failing.length;
    return in_a_row || (free_at && now < *free_at) ? failing.fault : DiskFault::kNone;
  });
  for (int tries = 0; tries < 60 && daemon_ == nullptr; ++tries) {
    if (!open_daemon({.boot = static_cast<std::uint64_t>(++outcome_.lives), .calm = true}))
      loop_.manual_clock().advance(1s);
  }
  PRYX_CHECK(daemon_ != nullptr);
  clients_->attach(*daemon_, true);
  if (!run_until([&] { return is_quiet(); }, 10min))
    world_.violate("liveness: the store works again and the turn does not end");
  reached = met >= failing.nth;
  if (free_at && loop_.clock().monotonic() > *free_at + failing.full_for + 30s)
    world_.violate("it takes too long to go on after the disk has space again");
  close_daemon(false);
  disk_.restart(Loss::kPower);
  if (world_.violations.empty()) check_everything();
  outcome_.steps = met;
  outcome_.violations = std::move(world_.violations);
  return std::move(outcome_);
}

void Simulation::check_everything() {
  auto database =
      db::Database::open(loop_, {.open = database_options(disk_), .inline_mode = true}, all_migrations());
  if (!database) {
    world_.violate(fmt::format("the store does not open: {}", database.error().message));
    return;
  }
  events::EventLog log(loop_, **database);
  bool done = false;
  harness_.spawn("check",
                 note_end(check_invariants(**database, log, world_, *clients_, outcome_.turns), done));
  run_until([&] { return done; }, 1h);
  PRYX_CHECK(done);
}

Outcome Simulation::run() {
  const std::uint64_t lives = dice_.between(1, 4);
  for (std::uint64_t i = 0; i < lives && world_.violations.empty(); ++i) live(throw_plan());
  if (world_.violations.empty()) live_last();
  if (world_.violations.empty()) check_everything();
  outcome_.hash = trace_.hash();
  outcome_.violations = std::move(world_.violations);
  outcome_.reached = std::move(world_.reached);
  return std::move(outcome_);
}

}  // namespace pryx::sim

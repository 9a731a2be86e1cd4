// SPDX-License-Identifier: MIT
// The corridor from inbox to outbox over a real database file, on a virtual clock, with a scripted model,
// fake tools of each effect class and a policy that the test sets. kill() drops everything that is in memory,
// like kill -9; boot() starts over from the file.
#pragma once
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>

#include "engine/agent/inbox.h"
#include "engine/agent/outbox.h"
#include "engine/agent/subagents/sub_agent_tools.h"
#include "engine/agent/turn_engine.h"
#include "engine/models/testing/scripted_provider.h"
#include "foundation/async/testing/virtual_loop.h"
#include "foundation/net/http_client.h"

namespace pryx::agent::testing {

inline const PrincipalId kMe("prn_owner");
// Longer than receipts are gathered.
constexpr Duration kReceipt = std::chrono::milliseconds(50);

inline Caller me() {
  return {.principal = {.id = kMe},
          .scopes = Scopes::all(),
          .surface = "test",
          .transport = Transport::kInternal};
}

struct NoHttp final : net::HttpClient {
  async::Task<Result<std::unique_ptr<net::ClientResponse>>> start(net::ClientRequest) override {
    co_return fail(ErrorCode::kUnavailable, "no network");
  }
  async::Task<void> stop() override { co_return; }
};
struct NoKeys final : models::KeySource {
  async::Task<Result<Secret>> get_key(std::string name, bool) override {
    co_return fail(ErrorCode::kNotFound, "no key {}", name);
  }
};

// What the model does next.
inline models::testing::Attempt says(std::string text, Duration before_each = {}) {
  return {.refused = std::nullopt,
          .events = {models::TextDelta{std::move(text)}, models::Finished{}},
          .broken = std::nullopt,
          .before_each = before_each};
}
struct Wish {
  std::string tool;
  std::string arguments = "{}";
};
inline models::testing::Attempt asks_for(std::vector<Wish> wishes) {
  static int number = 0;
  models::testing::Attempt attempt;
  for (Wish& wish : wishes) {
    attempt.events.emplace_back(
        models::ToolCallComplete{.call = {.id = fmt::format("call_{}", ++number),
                                          .name = std::move(wish.tool),
                                          .arguments_json = std::move(wish.arguments)}});
  }
  attempt.events.emplace_back(models::Finished{.reason = models::FinishReason::kToolCalls});
  return attempt;
}
inline models::testing::Attempt cut_after(std::string text) {
  return {.refused = std::nullopt,
          .events = {models::TextDelta{std::move(text)}},
          .broken = Error{ErrorCode::kUnavailable, "cut", -1}};
}

// Shared by all boots: what the outside world saw and how the fake tools behave.
struct World {
  struct Run {
    std::string tool;
    std::string key;
    std::string arguments;
  };
  std::vector<Run> runs;
  std::string text = "done";
  trust::Labels labels{"file"};
  bool hangs = false;       // a tool never ends by itself
  bool is_unknown = false;  // a tool cannot tell whether it took effect
  tools::PastEffect past = tools::PastEffect::kUnknown;
  tools::Touches touches;
  std::map<std::string, std::string> files;  // large results
};

class FakeTool final : public tools::Tool {
 public:
  FakeTool(async::EventLoop& loop, World& world, tools::EffectClass effect) : loop_(loop), world_(world) {
    description_.name = fmt::format("test.{}", tools::to_text(effect));
    description_.parameters = {{"type", "object"},
                               {"properties", json::object{{"n", json::object{{"type", "integer"}}}}},
                               {"additionalProperties", false}};
    description_.effect = effect;
    description_.read_only = effect == tools::EffectClass::kPure;
  }
  [[nodiscard]] const tools::ToolDescription& description() const override { return description_; }
  [[nodiscard]] Result<tools::Touches> touches(const json::object&) const override { return world_.touches; }
  [[nodiscard]] std::string render(const json::object& arguments) const override {
    return fmt::format("{} {}", description_.name, json::to_text(arguments));
  }
  async::Task<Result<tools::ToolOutcome>> run(const tools::GatePass&, json::object arguments,
                                              tools::ToolContext context) override {
    world_.runs.push_back({description_.name, context.idempotency_key, json::to_text(arguments)});
    while (world_.hangs) {
      const auto slept = co_await async::sleep(loop_, std::chrono::hours(1));
      if (!slept) co_return fail(ErrorCode::kCancelled, "cancelled");
    }
    co_return tools::ToolOutcome{.ok = !world_.is_unknown,
                                 .text = world_.text,
                                 .summary = "done",
                                 .details = {},
                                 .labels = world_.labels,
                                 .is_unknown = world_.is_unknown};
  }
  async::Task<tools::PastEffect> query(json::object, tools::ToolContext) override { co_return world_.past; }

 private:
  async::EventLoop& loop_;
  World& world_;
  tools::ToolDescription description_;
};

struct SetPolicy final : tools::PolicySource {
  std::vector<trust::Rule> rules{{.verdict = trust::Verdict::kAllow, .tool = "test.*"}};
  [[nodiscard]] tools::PolicyInForce policy() const override {
    auto layer = std::make_shared<const trust::Layer>(trust::LayerKind::kBase, "test", rules);
    const std::string version = layer->to_text();
    return {.engine = std::make_shared<const trust::PolicyEngine>(std::move(layer)),
            .version = version,
            .approval_timeout = std::chrono::minutes(5)};
  }
};

struct MemoryResults final : ResultFiles {
  explicit MemoryResults(World& world_in) : world(world_in) {}
  async::Task<Result<std::string>> put(std::string text) override {
    const std::string ref = fmt::format("sha256:{}", world.files.size());
    world.files[ref] = std::move(text);
    co_return ref;
  }
  async::Task<Result<std::string>> get(std::string ref) override { co_return world.files.at(ref); }
  World& world;
};

struct NoWorkspaces final : WorkspaceOpener {
  async::Task<Opened> open(Session) override { co_return Opened{}; }
};

// The built-in agent, and what a test adds.
struct SetProfiles final : ProfileSource {
  static inline std::map<std::string, AgentProfile, std::less<>> added;  // shared by all boots of a test
  [[nodiscard]] std::shared_ptr<const AgentProfile> find(std::string_view name) const override {
    const auto found = added.find(name);
    if (found != added.end()) return std::make_shared<const AgentProfile>(found->second);
    if (name == AgentProfile().name) return std::make_shared<const AgentProfile>();
    return nullptr;
  }
};

// All that a daemon holds in memory.
struct Daemon {
  Daemon(async::EventLoop& loop, Random& random, World& world, SetPolicy& policy, const std::string& path,
         const Secret& key, int boot, bool after_crash, EngineLimits limits, std::size_t slots);
  static std::unique_ptr<db::Database> open(async::EventLoop& loop, const std::string& path,
                                            const Secret& key);
  IdSource ids;
  std::unique_ptr<db::Database> database;
  events::EventLog events;
  audit::AuditLog audit;
  trust::Approvals approvals;
  trace::Recorder trace;
  NoHttp http;
  NoKeys keys;
  models::ModelRouter models;
  tools::Registry registry;
  tools::ToolGate gate;
  MemoryResults results;
  NoWorkspaces workspaces;
  SetProfiles profiles;
  Dispatcher dispatcher;
  Outbox outbox;
  Inbox inbox;
  TurnEngine engine;
  std::shared_ptr<SubAgentAccess> sub_agent_access = std::make_shared<SubAgentAccess>();
  SubAgents sub_agents;
};

class Corridor {
 public:
  Corridor();
  ~Corridor();
  Corridor(const Corridor&) = delete;
  Corridor& operator=(const Corridor&) = delete;

  async::testing::VirtualLoop loop;
  World world;
  SetPolicy policy;
  std::shared_ptr<models::testing::ScriptedProvider> model =
      std::make_shared<models::testing::ScriptedProvider>(loop);
  EngineLimits limits;
  std::size_t slots = 64;
  bool paused = false;
  std::unique_ptr<Daemon> daemon;
  Secret key;  // of the database; empty: it is not encrypted
  [[nodiscard]] std::string database_path() const { return (folder_ / "c.db").string(); }
  // Before the first boot: a store that another daemon left behind when it was killed.
  void adopt(const std::filesystem::path& file);

  void boot() {
    boot_and([] {});
  }
  // `early` happens before the dispatcher has read the open turns.
  void boot_and(const std::function<void()>& early);
  // What was on disk at this instant is all that is left. The coroutines are stopped in order only to free
  // them: what that writes is taken back.
  void kill();
  void reboot() {
    kill();
    boot();
  }
  void reboot_with(EngineLimits changed, std::size_t changed_slots = 64);
  // In order, as apps/ does it.
  void stop();
  // Everything that can happen without time passing.
  void settle();
  void pass(Duration duration) { loop.run_for(duration); }
  template <class T>
  T now(async::Task<T> task) {
    std::optional<T> out;
    async::TaskGroup group(loop, "test");
    group.spawn("now", async::testing::detail::keep<T>(std::move(task), out));
    settle();
    PRYX_CHECK(out.has_value());
    return std::move(*out);
  }
  void wait(async::Task<void> task);

  template <class Job>
  auto write(Job job) {
    return now(daemon->database->write(std::move(job)));
  }
  template <class Job>
  auto read(Job job) {
    return now(daemon->database->read(std::move(job))).value();
  }

  SessionId session(bool hidden = false);
  Result<Accepted> accept(NewMessage message);
  TurnId send(const SessionId& session, std::string text) {
    return accept({.session = session, .text = std::move(text)}).value().turn;
  }
  Result<void> cancel(const TurnId& turn);
  Result<void> resume(const TurnId& turn, TurnEngine::ResumeChoice choice, std::string result = {});
  Result<trust::Approval> answer(const ApprovalId& id, trust::Resolution resolution);

  Turn turn(const TurnId& id);
  std::string state(const TurnId& id) { return std::string(to_text(turn(id).state)); }
  std::vector<Step> steps(const TurnId& id);
  // "model done, test.pure done, …"
  std::string step_states(const TurnId& id);
  Step step_in(const TurnId& id, StepState state);
  std::vector<Message> messages(const SessionId& id);
  bool is_unread(const SessionId& id);
  std::vector<trust::Approval> open_questions();
  // Kinds of the audit rows, oldest first, one space between.
  std::string audit_kinds();
  std::int64_t count_events(const std::string& name);
  // The last request the model got, a line for each message.
  std::string last_prompt();

 private:
  std::filesystem::path folder_;
  pryx::testing::SeededRandom random_{1};
  int boots_ = 0;
  bool killed_ = false;
};

}  // namespace pryx::agent::testing

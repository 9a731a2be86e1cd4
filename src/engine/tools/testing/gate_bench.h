// SPDX-License-Identifier: MIT
// The gate over real approvals in a real database file, on a virtual clock, with a tool whose facts the test
// sets. Two gates share the approvals: the real one, and the control that does not compare what is bound.
#pragma once
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "engine/tools/tool_gate.h"
#include "foundation/async/testing/virtual_loop.h"
#include "foundation/crypto/crypto.h"
#include "foundation/platform/files.h"
#include "foundation/platform/held_directory.h"

namespace pryx::tools::testing {

inline const PrincipalId kMe("prn_owner");
inline Caller person() {
  return {.principal = {.id = kMe},
          .scopes = Scopes::all(),
          .surface = "test",
          .transport = Transport::kInternal};
}

// What a call depends on besides its arguments.
struct BenchWorld {
  json::object environment{{"LANG", "C"}};
  std::string cwd = "src";
  std::string script;  // path of a file on disk whose bytes count
  std::string preview;
  bool shown_whole = true;
  std::optional<Error> unreadable;
  Touches touches;
  int runs = 0;
  std::vector<std::string> denied_paths;  // as the last run was told
};

class BenchTool final : public Tool {
 public:
  BenchTool(BenchWorld& world, std::string version) : world_(world) {
    description_.name = "bench.run";
    description_.description = "for tests";
    description_.parameters = {
        {"type", "object"},
        {"title", version},
        {"properties", json::object{{"argv", json::object{{"type", "array"},
                                                          {"items", json::object{{"type", "string"}}}}}}},
        {"additionalProperties", false}};
    description_.effect = EffectClass::kIdempotent;
  }
  [[nodiscard]] const ToolDescription& description() const override { return description_; }
  [[nodiscard]] Result<Touches> touches(const json::object&) const override { return world_.touches; }
  [[nodiscard]] std::string render(const json::object& arguments) const override {
    return "bench.run " + json::to_text(arguments);
  }
  async::Task<Result<Binding>> bind(json::object, ToolContext) override {
    if (world_.unreadable) co_return std::unexpected(*world_.unreadable);
    Binding binding;
    binding.facts = {{"cwd", world_.cwd}, {"env", world_.environment}};
    if (!world_.script.empty()) {
      const auto bytes = platform::read_file(world_.script, 1u << 20);
      if (!bytes) co_return std::unexpected(bytes.error());
      const std::string digest = "sha256:" + crypto::hash_json("file/1", json::value(*bytes));
      binding.facts["script"] = digest;
      binding.facts["scripts"] = json::object{{"run.sh", digest}};
    }
    binding.preview = world_.preview;
    binding.shown_whole = world_.shown_whole;
    co_return binding;
  }
  async::Task<Result<ToolOutcome>> run(const GatePass&, json::object, ToolContext context) override {
    ++world_.runs;
    world_.denied_paths = std::move(context.denied_paths);
    co_return ToolOutcome{
        .ok = true, .text = "ran", .summary = "ran", .details = {}, .labels = trust::Labels{"file"}};
  }

 private:
  BenchWorld& world_;
  ToolDescription description_;
};

struct BenchPolicy final : PolicySource {
  std::vector<trust::Rule> rules;  // none: everything asks
  std::string salt;                // another text of the same rules
  [[nodiscard]] PolicyInForce policy() const override {
    auto layer = std::make_shared<const trust::Layer>(trust::LayerKind::kBase, "test", rules);
    return {.engine = std::make_shared<const trust::PolicyEngine>(layer),
            .version = layer->to_text() + salt,
            .approval_timeout = std::chrono::minutes(5)};
  }
};

struct BenchSandbox final : SandboxSource {
  bool usable = true;
  [[nodiscard]] bool is_usable() const override { return usable; }
};

class GateBench {
 public:
  explicit GateBench(const std::string& name)
      : folder_(std::filesystem::temp_directory_path() / fmt::format("pryx-gate-{}-{}", ::getpid(), name)),
        random_(7),
        ids(loop.clock(), random_),
        database(open()),
        events(loop, *database),
        audit(loop.clock()),
        approvals(loop, *database, events, audit, ids),
        gate(loop, registry, policy, approvals, ids, &sandbox),
        loose_gate(loop, registry, policy, approvals, ids, &sandbox, {.unsafe_skip_binding = true}),
        upgraded_gate(loop, upgraded_registry, policy, approvals, ids, &sandbox) {
    PRYX_CHECK(registry.add(std::make_unique<BenchTool>(world, "1")).has_value());
    PRYX_CHECK(upgraded_registry.add(std::make_unique<BenchTool>(world, "2")).has_value());
    PRYX_CHECK(now(events.start()).has_value());
    PRYX_CHECK(now(approvals.start()).has_value());
  }
  ~GateBench() {
    database->close();
    std::filesystem::remove_all(folder_);
  }
  GateBench(const GateBench&) = delete;
  GateBench& operator=(const GateBench&) = delete;

  // What the agent's journal does with the store, without its rows.
  class Journal final : public CallJournal {
   public:
    explicit Journal(GateBench& bench) : bench_(bench) {}
    std::function<void()> before_start_commits;  // something happens while the intent is written
    bool stores_questions = true;
    std::vector<trust::Approval> questions;
    std::string denied, invalid;
    bool started = false;

    async::Task<Result<void>> record_invalid(std::string reason) override {
      invalid = std::move(reason);
      co_return Result<void>{};
    }
    async::Task<Result<void>> record_denied(Decided, std::string reason) override {
      denied = std::move(reason);
      co_return Result<void>{};
    }
    async::Task<Result<void>> record_ask(Decided, trust::Approval approval) override {
      questions.push_back(approval);
      if (!stores_questions) co_return Result<void>{};
      co_return co_await bench_.database->write(
          [&, this](db::Transaction& t) { return bench_.approvals.create(t, approval); });
    }
    async::Task<Result<std::string>> record_start(Decided decided) override {
      const auto written = co_await bench_.database->write([&, this](db::Transaction& t) -> Result<void> {
        if (decided.approved_hash.empty()) return {};
        return bench_.approvals.use(t, kMe, decided.approval, decided.approved_hash);
      });
      if (!written) co_return std::unexpected(written.error());
      started = true;
      if (before_start_commits) before_start_commits();
      co_return std::string("key");
    }
    async::Task<Result<void>> record_end(GateEnd, ToolOutcome, std::string) override {
      co_return Result<void>{};
    }

   private:
    GateBench& bench_;
  };

  [[nodiscard]] GateCall call(std::string arguments = R"({"argv":["ls","-l"]})") {
    GateCall made;
    made.tool = "bench.run";
    made.arguments = std::move(arguments);
    made.context.principal.id = kMe;
    made.context.session = ids.make<SessionId>();
    made.context.turn = ids.make<TurnId>();
    made.context.step = ids.make<StepId>();
    made.context.context_labels = trust::Labels{"owner"};
    return made;
  }
  // Asks; the call is given up afterwards, like one whose daemon dies while it waits.
  [[nodiscard]] trust::Approval question_for(const GateCall& call) {
    Journal journal(*this);
    std::optional<GateResult> result;
    {
      async::TaskGroup group(loop, "ask");
      group.spawn("call", async::testing::detail::keep<GateResult>(gate.call(call, journal), result));
      settle();
      PRYX_CHECK(!result && journal.questions.size() == 1);
      cancel_all(group);
    }
    return journal.questions.front();
  }
  [[nodiscard]] GateResult go_on(ToolGate& through, GateCall call, const ApprovalId& id, Journal& journal) {
    call.pending_approval = id;
    return now(through.call(std::move(call), journal));
  }
  Result<trust::Approval> answer(const ApprovalId& id, trust::Resolution resolution) {
    return now(approvals.resolve(person(), id, std::move(resolution)));
  }
  Result<trust::Approval> approve(const ApprovalId& id) { return answer(id, {.approve = true}); }

  // Everything that can happen without time passing.
  void settle() { loop.run_until_idle(Duration::zero()); }
  template <class T>
  T now(async::Task<T> task) {
    std::optional<T> out;
    async::TaskGroup group(loop, "test");
    group.spawn("now", async::testing::detail::keep<T>(std::move(task), out));
    settle();
    PRYX_CHECK(out.has_value());
    return std::move(*out);
  }
  [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = folder_ / name;
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
    return path.string();
  }
  [[nodiscard]] std::shared_ptr<const platform::HeldDirectory> folder(const std::string& name) const {
    std::filesystem::create_directories(folder_ / name);
    auto held = platform::HeldDirectory::open((folder_ / name).string());
    PRYX_CHECK(held.has_value());
    return std::make_shared<const platform::HeldDirectory>(std::move(*held));
  }

 private:
  void cancel_all(async::TaskGroup& group) {
    async::TaskGroup stopper(loop, "stop");
    stopper.spawn("stop", group.stop());
    settle();
  }
  std::unique_ptr<db::Database> open() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    const db::ModuleMigrations modules[] = {events::EventLog::migrations(), audit::AuditLog::migrations(),
                                            trust::Approvals::migrations()};
    auto opened = db::Database::open(
        loop, {.open = {.path = (folder_ / "g.db").string()}, .inline_mode = true}, modules);
    PRYX_CHECK(opened.has_value());
    return std::move(*opened);
  }

  std::filesystem::path folder_;
  pryx::testing::SeededRandom random_;

 public:
  async::testing::VirtualLoop loop;
  BenchWorld world;
  BenchPolicy policy;
  BenchSandbox sandbox;
  IdSource ids;
  std::unique_ptr<db::Database> database;
  events::EventLog events;
  audit::AuditLog audit;
  trust::Approvals approvals;
  Registry registry, upgraded_registry;
  ToolGate gate;
  ToolGate loose_gate;     // the control
  ToolGate upgraded_gate;  // the tool's schema is another one
};

}  // namespace pryx::tools::testing

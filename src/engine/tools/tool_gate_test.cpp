// SPDX-License-Identifier: MIT
// RT-04: nothing runs past the policy. Random calls under random rules; each run has its own decision, made
// before it, and what the rules do not allow runs nothing.
#include "engine/tools/tool_gate.h"

#include <gtest/gtest.h>

#include "engine/tools/testing/gate_bench.h"

namespace pryx::tools {
namespace {

using testing::GateBench;
using trust::Verdict;

// The policy of the bench, which counts how often it was asked for.
struct CountingPolicy final : PolicySource {
  explicit CountingPolicy(const PolicySource& inner) : inner_(inner) {}
  [[nodiscard]] PolicyInForce policy() const override {
    ++asked;
    return inner_.policy();
  }
  mutable int asked = 0;

 private:
  const PolicySource& inner_;
};

// Keeps what was decided, in the order in which it was written.
class DecisionJournal final : public CallJournal {
 public:
  explicit DecisionJournal(const CountingPolicy& policy) : policy_(policy) {}
  std::vector<std::string> started;  // the policy's verdict of each call that started
  int asked_at_start = 0;            // how often the policy had been asked for by then
  int invalid = 0, denied = 0;

  async::Task<Result<void>> record_invalid(std::string) override {
    ++invalid;
    co_return Result<void>{};
  }
  async::Task<Result<void>> record_denied(Decided, std::string) override {
    ++denied;
    co_return Result<void>{};
  }
  async::Task<Result<void>> record_ask(Decided, trust::Approval) override { co_return Result<void>{}; }
  async::Task<Result<std::string>> record_start(Decided decided) override {
    started.push_back(decided.verdict);
    asked_at_start = policy_.asked;
    co_return std::string("key");
  }
  async::Task<Result<void>> record_end(GateEnd, ToolOutcome, std::string) override {
    co_return Result<void>{};
  }

 private:
  const CountingPolicy& policy_;
};

TEST(ToolGate, EveryRunHasADecisionOfItsOwn) {
  GateBench bench("decisions");
  const CountingPolicy policy(bench.policy);
  ToolGate gate(bench.loop, bench.registry, policy, bench.approvals, bench.ids, &bench.sandbox);
  pryx::testing::SeededRandom random(4);
  const auto below = [&random](std::uint8_t bound) {
    std::uint8_t byte[1];
    random.fill(byte);
    return byte[0] % bound;
  };
  int runs = 0, denials = 0;
  for (int i = 0; i < 500; ++i) {
    const Verdict verdicts[] = {Verdict::kAllow, Verdict::kAsk, Verdict::kDeny};
    const Verdict verdict = verdicts[below(3)];
    bench.policy.rules = {{.verdict = verdict, .tool = below(4) == 0 ? "other.*" : "bench.*"}};
    const bool is_allowed = verdict == Verdict::kAllow && bench.policy.rules[0].tool == "bench.*";
    const bool is_valid = below(5) != 0;
    GateCall call = bench.call(is_valid ? R"({"argv":["ls"]})" : R"({"argv":1})");
    call.interactive = false;
    DecisionJournal journal(policy);
    const int runs_before = bench.world.runs;
    const int asked_before = policy.asked;
    const GateResult result = bench.now(gate.call(std::move(call), journal));
    const int ran = bench.world.runs - runs_before;
    EXPECT_EQ(ran, is_valid && is_allowed ? 1 : 0) << i;
    EXPECT_EQ(static_cast<int>(journal.started.size()), ran) << i;
    EXPECT_EQ(result.end == GateEnd::kDone, ran == 1) << i;
    if (ran == 1) {
      EXPECT_EQ(journal.started.front(), "allow") << i;
      EXPECT_GT(journal.asked_at_start, asked_before) << i << ": ran on an older decision";
    }
    EXPECT_EQ(journal.invalid, is_valid ? 0 : 1) << i;
    EXPECT_EQ(journal.denied, is_valid && !is_allowed ? 1 : 0) << i;
    runs += ran;
    denials += journal.denied;
  }
  EXPECT_GT(runs, 50);
  EXPECT_GT(denials, 100);
}

// What a tool reaches without naming it, only the tool can keep out: the rules of every layer go along.
TEST(ToolGate, TellsTheToolWhichPathsAreDenied) {
  GateBench bench("denied-paths");
  bench.policy.rules = {{.verdict = Verdict::kAllow, .tool = "*"},
                        {.verdict = Verdict::kDeny, .tool = "bench.*", .paths = {"secrets/*"}},
                        {.verdict = Verdict::kDeny, .tool = "fs.*", .paths = {"others/*"}}};
  GateCall call = bench.call();
  call.approve = std::make_shared<const trust::Layer>(
      trust::LayerKind::kApprove, "--approve",
      std::vector<trust::Rule>{{.verdict = Verdict::kDeny, .tool = "*", .paths = {"*.pem"}}});
  GateBench::Journal journal(bench);
  const GateResult result = bench.now(bench.gate.call(std::move(call), journal));
  EXPECT_EQ(result.end, GateEnd::kDone) << result.reason;
  EXPECT_EQ(bench.world.denied_paths, (std::vector<std::string>{"secrets/*", "*.pem"}));
}

}  // namespace
}  // namespace pryx::tools

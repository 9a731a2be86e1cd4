// SPDX-License-Identifier: MIT
#include "tests/sim/fake_tools.h"

#include "foundation/async/event_loop.h"

namespace pryx::sim {
namespace {

using tools::EffectClass;
using tools::PastEffect;
using tools::ToolOutcome;

struct Evidence {
  std::string state;
  std::string key;
  std::int64_t intents = 0;
};

tools::ToolDescription describe(EffectClass effect) {
  tools::ToolDescription d;
  d.name = fmt::format("test.{}", tools::to_text(effect));
  d.description = "Does something to the outside world";
  json::object properties;
  properties["n"] = json::object{{"type", "integer"}};
  properties["say"] = json::object{{"type", "string"}};
  json::array required;
  required.emplace_back("n");
  d.parameters["type"] = "object";
  d.parameters["properties"] = std::move(properties);
  d.parameters["required"] = std::move(required);
  d.parameters["additionalProperties"] = false;
  d.effect = effect;
  d.risk = tools::Risk::kLow;
  d.read_only = effect == EffectClass::kPure;
  return d;
}

class Counted {
 public:
  explicit Counted(int& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  int& count_;
};

class FakeTool final : public tools::Tool {
 public:
  FakeTool(EffectClass effect, const ToolSetting& setting)
      : description_(describe(effect)), setting_(setting) {}

  [[nodiscard]] const tools::ToolDescription& description() const override { return description_; }
  [[nodiscard]] Result<tools::Touches> touches(const json::object& arguments) const override {
    if (setting_.effect_first && description_.effect == EffectClass::kOneShot) {
      setting_.world.add_effect({.tool = description_.name, .n = json::integer_or(arguments, "n", 0)});
    }
    return tools::Touches{};
  }
  [[nodiscard]] std::string render(const json::object& arguments) const override {
    return fmt::format("{} {}", description_.name, json::integer_or(arguments, "n", 0));
  }

  async::Task<Result<ToolOutcome>> run(const tools::GatePass&, json::object arguments,
                                       tools::ToolContext context) override {
    const std::int64_t n = json::integer_or(arguments, "n", 0);
    setting_.world.trace().note("run {} {} n={}", description_.name, context.step.str(), n);
    setting_.world.tool_starts.push_back({context.step, setting_.world.now_ms()});
    co_await check_evidence(context);
    const Counted running(setting_.world.running_tools);
    Dice& dice = setting_.dice;
    const Duration before = setting_.calm ? Duration{} : dice.milliseconds(0, dice.chance(20) ? 3000 : 50);
    const Duration after = setting_.calm ? Duration{} : dice.milliseconds(0, 50);
    const std::uint64_t luck = setting_.calm ? 50 : dice.below(100);
    const auto slept = co_await async::sleep(setting_.loop, before);
    if (!slept) co_return fail(ErrorCode::kCancelled, "cancelled before it did anything");
    if (luck < 5) co_return fail(ErrorCode::kUnavailable, "the other side does not answer");
    if (luck < 10)
      co_return ToolOutcome{.ok = false, .text = "no", .summary = "refused", .details = {}, .labels = {}};
    if (!setting_.world.pass(OutsideWorld::Point::kTool))
      co_return fail(ErrorCode::kUnavailable, "the process is gone");
    if (description_.effect != EffectClass::kPure && !setting_.effect_first) {
      setting_.world.add_effect({.tool = description_.name,
                                 .step = context.step,
                                 .turn = context.turn,
                                 .key = context.idempotency_key,
                                 .n = n});
    }
    const Counted unrecorded(setting_.world.unrecorded_effects);
    if (!setting_.world.pass(OutsideWorld::Point::kTool)) {
      setting_.world.reach(fmt::format("died after the effect of {}", description_.name));
      co_return fail(ErrorCode::kUnavailable, "the process is gone");
    }
    // Cancelled after the effect: it happened all the same, and the outcome says so.
    (void)co_await async::sleep(setting_.loop, after);
    std::string text = fmt::format("did {}", n);
    if (luck >= 97) text.append(70'000, 'x');
    co_return ToolOutcome{.ok = true,
                          .text = std::move(text),
                          .summary = "did it",
                          .details = {},
                          .labels = trust::Labels{"file"}};
  }

  async::Task<PastEffect> query(json::object, tools::ToolContext context) override {
    const bool knows = setting_.calm || !setting_.dice.chance(15);
    (void)co_await async::sleep(setting_.loop, setting_.dice.milliseconds(0, 100));
    if (!setting_.world.pass(OutsideWorld::Point::kTool) || !knows) {
      setting_.world.reach("asked outside: nobody knows");
      co_return PastEffect::kUnknown;
    }
    const bool happened = setting_.world.has_effect(context.idempotency_key);
    setting_.world.reach(happened ? "asked outside: it happened" : "asked outside: it did not happen");
    setting_.world.trace().note("query {} {}", context.step.str(), happened ? "happened" : "did not happen");
    co_return happened ? PastEffect::kHappened : PastEffect::kDidNotHappen;
  }

 private:
  // Evidence before effect: when a tool starts, its step, its key and its intent are in the store.
  async::Task<void> check_evidence(tools::ToolContext context) {
    const auto found = co_await setting_.database.read([&context](db::Connection& c) -> Result<Evidence> {
      Evidence e;
      PRYX_TRY_VOID(c.each(
          "SELECT state, idempotency_key FROM steps WHERE id = $1",
          [&](const db::Row& r) {
            e.state = r.text(0);
            e.key = r.text(1);
          },
          context.step));
      PRYX_TRY(e.intents, c.count("SELECT count(*) FROM audit WHERE step_id = $1 AND kind = 'tool.intent'",
                                  context.step));
      return e;
    });
    if (!found)
      co_return;  // the disk is failing; what reached the world is compared with the audit log at the end
    if (found->state != "started" || found->key != context.idempotency_key || found->intents == 0) {
      setting_.world.violate(
          fmt::format("evidence before effect: step {} runs while its row says {} with {} intents",
                      context.step.str(), found->state, found->intents));
    }
  }

  tools::ToolDescription description_;
  ToolSetting setting_;
};

}  // namespace

Result<void> add_fake_tools(tools::Registry& registry, const ToolSetting& setting) {
  for (const auto effect :
       {EffectClass::kPure, EffectClass::kIdempotent, EffectClass::kQueryable, EffectClass::kOneShot}) {
    PRYX_TRY_VOID(registry.add(std::make_unique<FakeTool>(effect, setting)));
  }
  return {};
}

}  // namespace pryx::sim

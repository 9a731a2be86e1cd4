// SPDX-License-Identifier: MIT
#include "trust/policy/policy_engine.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pryx::trust {
namespace {

constexpr std::string_view kBuiltIn = "built in";
constexpr std::string_view kDecides = "decides";

// Empty when the entry fits the call, else why not.
std::string_view mismatch(const Layer::Entry& entry, const CallFacts& facts) {
  if (!entry.glob.matches(facts.tool)) return "another tool";
  for (const Condition condition : entry.rule.when) {
    if (!holds(condition, facts)) return "a condition does not hold";
  }
  if (!Layer::within_limits(entry, facts)) return "the call is not within its commands, domains or paths";
  return {};
}

// Whether the entry denies paths to calls like this one, and only the path itself is left to be looked at.
bool denies_paths(const Layer::Entry& entry, const CallFacts& facts) {
  const Rule& rule = entry.rule;
  return rule.verdict == Verdict::kDeny && !rule.paths.empty() && entry.glob.matches(facts.tool) &&
         std::ranges::all_of(rule.when, [&](Condition condition) { return holds(condition, facts); }) &&
         Layer::within_other_limits(entry, facts);
}

// Walks the six steps once. Each step either fills decision_ and returns true, or leaves it alone.
class Decider {
 public:
  Decider(const DecisionInput& input, Explain explain)
      : input_(input), facts_(input.facts), explain_(explain) {}

  Decision run() {
    if (!denied() && !approved() && !forced() && !granted() && !asked() && !allowed()) nothing_matched();
    return std::move(decision_);
  }

 private:
  bool denied();
  bool outside_root();
  bool approved();
  bool forced();
  bool granted();
  bool asked() {
    return first_rule(Verdict::kAsk, DecisionStep::kAsk, LayerKind::kOverlay, LayerKind::kApprove);
  }
  bool allowed();
  void nothing_matched();

  // Looks at the rules with this verdict in the base layer and in layers of the two other kinds given.
  bool first_rule(Verdict verdict, DecisionStep step, LayerKind second, LayerKind third);
  bool rules_of(const Layer& layer, Verdict verdict, DecisionStep step);
  bool may_read_what_is_denied(const Rule& rule) const;
  bool built_in(bool hit, Verdict verdict, DecisionStep step, std::string_view rule, std::string_view reason);
  void consider(DecisionStep step, std::string_view layer, std::string_view rule, std::string_view outcome,
                int line = 0);
  bool conclude(Verdict verdict, DecisionStep step, std::string_view layer, std::string_view rule,
                std::string reason, int line = 0);

  const DecisionInput& input_;
  const CallFacts& facts_;
  Explain explain_;
  Decision decision_;
};

void Decider::consider(DecisionStep step, std::string_view layer, std::string_view rule,
                       std::string_view outcome, int line) {
  if (explain_ == Explain::kNo) return;
  decision_.considered.push_back({step, std::string(layer), std::string(rule), std::string(outcome), line});
}

bool Decider::conclude(Verdict verdict, DecisionStep step, std::string_view layer, std::string_view rule,
                       std::string reason, int line) {
  consider(step, layer, rule, kDecides, line);
  decision_.line = line;
  decision_.verdict = verdict;
  decision_.step = step;
  decision_.rule = layer == kBuiltIn ? std::string(rule) : fmt::format("{}: {}", layer, rule);
  decision_.reason = std::move(reason);
  decision_.forced = step == DecisionStep::kForcedAsk;
  return true;
}

bool Decider::built_in(bool hit, Verdict verdict, DecisionStep step, std::string_view rule,
                       std::string_view reason) {
  if (hit) return conclude(verdict, step, kBuiltIn, rule, std::string(reason));
  consider(step, kBuiltIn, rule, "does not apply");
  return false;
}

// No fact says which files a command reads. So where paths are denied to it, "it only reads" is no reason to
// let it run unasked.
bool Decider::may_read_what_is_denied(const Rule& rule) const {
  if (rule.verdict != Verdict::kAllow || std::ranges::count(rule.when, Condition::kReadOnlyCommands) == 0)
    return false;
  return std::ranges::any_of(input_.layers, [this](const auto& layer) {
    return std::ranges::any_of(layer->entries(),
                               [this](const Layer::Entry& entry) { return denies_paths(entry, facts_); });
  });
}

bool Decider::rules_of(const Layer& layer, Verdict verdict, DecisionStep step) {
  for (const Layer::Entry& entry : layer.entries()) {
    if (entry.rule.verdict != verdict) continue;
    std::string_view why_not = mismatch(entry, facts_);
    if (why_not.empty() && may_read_what_is_denied(entry.rule))
      why_not = "the command may read a path that a rule denies";
    if (!why_not.empty()) {
      consider(step, layer.name(), entry.text, why_not, entry.rule.line);
      continue;
    }
    const char* says = verdict == Verdict::kDeny  ? "denies"
                       : verdict == Verdict::kAsk ? "asks for"
                                                  : "allows";
    decision_.is_personal = layer.kind() == LayerKind::kApprove;
    return conclude(verdict, step, layer.name(), entry.text,
                    fmt::format("{} {} {}", layer.name(), says, facts_.tool), entry.rule.line);
  }
  return false;
}

bool Decider::first_rule(Verdict verdict, DecisionStep step, LayerKind second, LayerKind third) {
  for (const auto& layer : input_.layers) {
    const LayerKind kind = layer->kind();
    if (kind != LayerKind::kBase && kind != second && kind != third) continue;
    if (rules_of(*layer, verdict, step)) return true;
  }
  return false;
}

bool Decider::denied() {
  bool has_base = false;
  for (const auto& layer : input_.layers) has_base = has_base || layer->kind() == LayerKind::kBase;
  return built_in(!has_base, Verdict::kDeny, DecisionStep::kDeny, "without a policy nothing may happen",
                  "no policy is loaded") ||
         built_in(facts_.outside_workspace, Verdict::kDeny, DecisionStep::kDeny,
                  "nothing outside of the workspace",
                  "the call touches something outside of the workspace") ||
         built_in(facts_.sandbox == SandboxState::kUnavailable, Verdict::kDeny, DecisionStep::kDeny,
                  kNoSandboxRule,
                  "a layer of the sandbox cannot be set up on this system; run pryx doctor") ||
         outside_root() ||
         first_rule(Verdict::kDeny, DecisionStep::kDeny, LayerKind::kOverlay, LayerKind::kApprove);
}

// A folder that Pryx made itself is nobody's: it lies with Pryx's own files, wherever the root is.
bool Decider::outside_root() {
  const bool works_with_files = !facts_.paths.empty() || facts_.sandbox != SandboxState::kNotNeeded;
  for (const auto& layer : input_.layers) {
    if (layer->workspace_root().empty()) continue;
    const std::string rule = "workspace.root: " + layer->workspace_root();
    if (works_with_files && !facts_.workspace.empty() && !layer->allows_workspace(facts_.workspace))
      return conclude(Verdict::kDeny, DecisionStep::kDeny, layer->name(), rule,
                      fmt::format("the folder of this session lies outside of {}, where {} keeps all work",
                                  layer->workspace_root(), layer->name()));
    consider(DecisionStep::kDeny, layer->name(), rule, "does not apply");
  }
  return false;
}

bool Decider::approved() {
  if (facts_.approved_call_hash.empty()) return false;
  constexpr std::string_view kRule = "approval of exactly this call";
  if (facts_.approved_call_hash != facts_.call_hash) {
    consider(DecisionStep::kGrant, kBuiltIn, kRule, "the call is not the one that was approved");
    return false;
  }
  return conclude(Verdict::kAllow, DecisionStep::kGrant, kBuiltIn, kRule,
                  "a person approved exactly this call");
}

bool Decider::forced() {
  const bool trifecta = forces_ask(facts_.context, facts_.sink);
  return built_in(!facts_.parse_complete, Verdict::kAsk, DecisionStep::kForcedAsk,
                  "a call that does not parse completely asks",
                  "parts of this call could not be understood") ||
         built_in(facts_.digest_changed, Verdict::kAsk, DecisionStep::kForcedAsk, kChangedDigestRule,
                  "the tool, server or script is not the one that was approved before") ||
         built_in(facts_.hands_out_secret, Verdict::kAsk, DecisionStep::kForcedAsk,
                  "a call that uses a stored secret asks",
                  "this call uses a stored secret, which is asked for each time") ||
         built_in(
             trifecta, Verdict::kAsk, DecisionStep::kForcedAsk,
             "private data and untrusted content ask before anything goes out",
             trifecta
                 ? fmt::format(
                       "the conversation holds private data and content from {}; this call is a way out ({})",
                       facts_.context.untrusted_origins(), to_text(facts_.sink))
                 : std::string());
}

bool Decider::granted() {
  for (const Grant& grant : input_.grants) {
    const std::string why_not = grant.why_not(facts_, input_.at);
    if (why_not.empty()) {
      decision_.grant_id = grant.id;
      decision_.is_personal = true;
      return conclude(Verdict::kAllow, DecisionStep::kGrant, fmt::format("grant {}", to_text(grant.scope)),
                      grant.pattern.to_text(), "a person granted this earlier");
    }
    if (explain_ == Explain::kYes) consider(DecisionStep::kGrant, "grants", grant.pattern.to_text(), why_not);
  }
  for (const auto& layer : input_.layers) {
    if (layer->kind() == LayerKind::kApprove && rules_of(*layer, Verdict::kAllow, DecisionStep::kGrant))
      return true;
  }
  return false;
}

bool Decider::allowed() {
  for (const auto& layer : input_.layers) {
    if (layer->kind() == LayerKind::kBase && rules_of(*layer, Verdict::kAllow, DecisionStep::kAllow))
      return true;
    if (layer->kind() != LayerKind::kOverlay || explain_ == Explain::kNo) continue;
    for (const Layer::Entry& entry : layer->entries()) {
      if (entry.rule.verdict == Verdict::kAllow)
        consider(DecisionStep::kAllow, layer->name(), entry.text, "an overlay cannot allow", entry.rule.line);
    }
  }
  return false;
}

void Decider::nothing_matched() {
  conclude(Verdict::kAsk, DecisionStep::kNoMatch, kBuiltIn, "what no rule matches asks",
           fmt::format("no rule matches {}", facts_.tool));
}

json::value line_or_null(int line) { return line > 0 ? json::value(line) : json::value(nullptr); }

}  // namespace

json::object Decision::to_json() const {
  json::array list;
  list.reserve(considered.size());
  for (const Considered& item : considered) {
    list.push_back(json::object{{"step", static_cast<int>(item.step)},
                                {"layer", item.layer},
                                {"rule", item.rule},
                                {"line", line_or_null(item.line)},
                                {"outcome", item.outcome}});
  }
  return {{"decision", to_text(verdict)},
          {"rule", rule},
          {"line", line_or_null(line)},
          {"reason", reason},
          {"considered", std::move(list)},
          {"step", static_cast<int>(step)},
          {"forced", forced}};
}

Decision decide(const DecisionInput& input, Explain explain) { return Decider(input, explain).run(); }

std::vector<std::string> denied_paths(const CallFacts& facts,
                                      std::span<const std::shared_ptr<const Layer>> layers) {
  std::vector<std::string> out;
  for (const auto& layer : layers) {
    for (const Layer::Entry& entry : layer->entries()) {
      if (denies_paths(entry, facts)) out.insert(out.end(), entry.rule.paths.begin(), entry.rule.paths.end());
    }
  }
  return out;
}

PolicyEngine::PolicyEngine(std::shared_ptr<const Layer> base) : base_(std::move(base)) {
  PRYX_CHECK(base_ != nullptr && base_->kind() == LayerKind::kBase);
}

Decision PolicyEngine::decide(const CallFacts& facts, std::span<const Grant> grants, WallTime at,
                              std::span<const std::shared_ptr<const Layer>> more, Explain explain) const {
  std::vector<std::shared_ptr<const Layer>> layers;
  layers.reserve(more.size() + 1);
  layers.push_back(base_);
  layers.insert(layers.end(), more.begin(), more.end());
  return trust::decide({.facts = facts, .layers = layers, .grants = grants, .at = at}, explain);
}

std::vector<std::string> PolicyEngine::denied_paths(
    const CallFacts& facts, std::span<const std::shared_ptr<const Layer>> more) const {
  std::vector<std::string> out = trust::denied_paths(facts, std::span(&base_, 1));
  std::vector<std::string> added = trust::denied_paths(facts, more);
  out.insert(out.end(), std::make_move_iterator(added.begin()), std::make_move_iterator(added.end()));
  return out;
}

}  // namespace pryx::trust

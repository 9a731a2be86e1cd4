// SPDX-License-Identifier: MIT
#include "trust/policy/policy_file.h"

#include <algorithm>
#include <array>
#include <utility>

#include "foundation/base/text.h"
#include "trust/policy/internal/embedded_policies.h"
#include "trust/policy/internal/yaml_tree.h"

namespace pryx::trust {
namespace {

using internal::YamlNode;
using Kind = YamlNode::Kind;

constexpr std::size_t kMaxProblems = 50;
constexpr std::size_t kMaxRules = 2000;            // a decision walks them all: this keeps it within tens of microseconds
constexpr std::size_t kMaxTextBytes = 2000;        // name and description
constexpr Duration kShortestTimeout = std::chrono::seconds(1);
constexpr Duration kLongestTimeout = std::chrono::hours(24);  // a question older than a day is asked again instead

std::string closest(std::string_view key, std::span<const std::string_view> known) {
  std::string_view best;
  std::size_t distance = 3;  // further away it is another word, not a typing error
  for (const std::string_view candidate : known) {
    const std::size_t d = edit_distance(key, candidate);
    if (d < distance) {
      distance = d;
      best = candidate;
    }
  }
  if (!best.empty()) return fmt::format("unknown key; did you mean '{}'?", best);
  std::string names;
  for (const std::string_view candidate : known) names += (names.empty() ? "" : ", ") + std::string(candidate);
  return fmt::format("unknown key; known here: {}", names);
}

// Reads one document and keeps every problem, so that a person mends a file in one go.
class Reader {
 public:
  Reader(PolicyFileKind kind, std::string_view name) : kind_(kind), layer_name_(name) {}

  ParsedPolicy read(std::string_view text) {
    auto root = internal::read_yaml(text);
    if (!root) {
      problem(root.error().line, "", root.error().message);
    } else if (root->kind != Kind::kMap) {
      problem(root->line, "", root->kind == Kind::kNull
                                  ? "the file holds no policy; to use the default policy, remove the file"
                                  : fmt::format("expected keys such as 'tools:', found {}", root->kind_name()));
    } else {
      read_top(*root);
    }
    ParsedPolicy parsed;
    if (problems_.empty()) {
      const LayerKind layer_kind = kind_ == PolicyFileKind::kApprove ? LayerKind::kApprove : LayerKind::kBase;
      file_.layer = std::make_shared<const Layer>(layer_kind, std::string(layer_name_), rules_);
      parsed.policy = std::move(file_);
    }
    parsed.problems = std::move(problems_);
    return parsed;
  }

 private:
  void problem(int line, std::string key, std::string message) {
    if (problems_.size() >= kMaxProblems) return;
    const auto place = std::upper_bound(problems_.begin(), problems_.end(), line, [](int l, const auto& p) { return l < p.line; });
    problems_.insert(place, {line, std::move(key), std::move(message)});
  }

  bool is_map(const YamlNode& node, const std::string& key) {
    if (node.kind == Kind::kMap) return true;
    problem(node.line, key, fmt::format("must be a map of keys, found {}", node.kind_name()));
    return false;
  }

  void read_top(const YamlNode& root);
  void read_workspace(const YamlNode& node);
  void read_rate_limits(const YamlNode& node);
  void read_approval(const YamlNode& node);
  void read_tools(const YamlNode& node);
  void read_entries(const YamlNode& node, Verdict verdict, const std::string& key);
  void read_entry(const YamlNode& node, Verdict verdict, const std::string& key);
  void read_entry_map(const YamlNode& node, Rule& rule, const std::string& key);
  void read_conditions(const YamlNode& node, Rule& rule, const std::string& key);
  bool read_glob(const YamlNode& node, Rule& rule, const std::string& key);
  void read_text(const YamlNode& node, const std::string& key, std::string& out);

  PolicyFileKind kind_;
  std::string_view layer_name_;
  PolicyFile file_;
  std::vector<Rule> rules_;
  std::vector<PolicyProblem> problems_;
};

void Reader::read_top(const YamlNode& root) {
  static constexpr std::array<std::string_view, 6> kPolicyKeys = {"name", "description", "workspace", "tools", "rate_limits", "approval"};
  static constexpr std::array<std::string_view, 3> kApproveKeys = {"name", "description", "tools"};
  bool has_tools = false;
  for (const auto& member : root.members) {
    const bool policy_only = member.key == "workspace" || member.key == "rate_limits" || member.key == "approval";
    if (member.key == "name") read_text(member.value, "name", file_.name);
    else if (member.key == "description") read_text(member.value, "description", file_.description);
    else if (member.key == "tools") has_tools = true, read_tools(member.value);
    else if (policy_only && kind_ == PolicyFileKind::kApprove) {
      problem(member.line, member.key, "an --approve file holds tools.allowed and tools.denied only; remove this key");
    } else if (member.key == "workspace") read_workspace(member.value);
    else if (member.key == "rate_limits") read_rate_limits(member.value);
    else if (member.key == "approval") read_approval(member.value);
    else problem(member.line, member.key, kind_ == PolicyFileKind::kApprove ? closest(member.key, kApproveKeys) : closest(member.key, kPolicyKeys));
  }
  if (!has_tools) problem(root.line, "tools", "missing; say which tools are allowed, ask or denied");
}

void Reader::read_text(const YamlNode& node, const std::string& key, std::string& out) {
  if (node.kind != Kind::kScalar) problem(node.line, key, fmt::format("must be text, found {}", node.kind_name()));
  else if (node.text.size() > kMaxTextBytes) problem(node.line, key, fmt::format("longer than {} bytes", kMaxTextBytes));
  else out = node.text;
}

void Reader::read_workspace(const YamlNode& node) {
  static constexpr std::array<std::string_view, 2> kKeys = {"root", "allow_outside"};
  if (!is_map(node, "workspace")) return;
  for (const auto& member : node.members) {
    const std::string key = "workspace." + member.key;
    if (member.key == "root") {
      problem(member.line, key, "not enforced in this version; remove it (the session's workspace counts, see --workspace)");
    } else if (member.key != "allow_outside") {
      problem(member.line, key, closest(member.key, kKeys));
    } else if (member.value.kind != Kind::kScalar || member.value.quoted ||
               (member.value.text != "false" && member.value.text != "true")) {
      problem(member.line, key, "must be true or false");
    } else if (member.value.text == "true") {
      problem(member.line, key, "not enforced in this version: the outside of the workspace is always denied; remove it or say false");
    }
  }
}

void Reader::read_rate_limits(const YamlNode& node) {
  static constexpr std::array<std::string_view, 2> kKeys = {"requests_per_minute", "tool_calls_per_minute"};
  if (!is_map(node, "rate_limits")) return;
  if (node.members.empty()) problem(node.line, "rate_limits", "not enforced in this version; remove it");
  for (const auto& member : node.members) {
    const bool known = std::find(kKeys.begin(), kKeys.end(), member.key) != kKeys.end();
    problem(member.line, "rate_limits." + member.key, known ? "not enforced in this version; remove it" : closest(member.key, kKeys));
  }
}

void Reader::read_approval(const YamlNode& node) {
  static constexpr std::array<std::string_view, 2> kKeys = {"timeout", "default"};
  if (!is_map(node, "approval")) return;
  for (const auto& member : node.members) {
    const std::string key = "approval." + member.key;
    const YamlNode& value = member.value;
    if (member.key == "timeout") {
      const auto timeout = value.kind == Kind::kScalar ? parse_duration(value.text) : fail(ErrorCode::kInvalidArgument, "no duration");
      if (!timeout) problem(member.line, key, "must be a duration such as 90s, 5m or 1h");
      else if (*timeout < kShortestTimeout || *timeout > kLongestTimeout) problem(member.line, key, "must lie between 1s and 24h");
      else file_.approval_timeout = *timeout;
    } else if (member.key == "default") {
      if (value.kind != Kind::kScalar || value.text != "deny") {
        problem(member.line, key, "only 'deny' is possible: no answer never means yes");
      }
    } else {
      problem(member.line, key, closest(member.key, kKeys));
    }
  }
}

void Reader::read_tools(const YamlNode& node) {
  static constexpr std::array<std::string_view, 3> kKeys = {"allowed", "ask", "denied"};
  if (!is_map(node, "tools")) return;
  for (const auto& member : node.members) {
    const std::string key = "tools." + member.key;
    if (member.key == "allowed") read_entries(member.value, Verdict::kAllow, key);
    else if (member.key == "denied") read_entries(member.value, Verdict::kDeny, key);
    else if (member.key == "ask" && kind_ == PolicyFileKind::kApprove) {
      problem(member.line, key, "an --approve file answers asks and cannot raise them; use 'allowed' or 'denied'");
    } else if (member.key == "ask") read_entries(member.value, Verdict::kAsk, key);
    else problem(member.line, key, closest(member.key, kKeys));
  }
}

void Reader::read_entries(const YamlNode& node, Verdict verdict, const std::string& key) {
  if (node.kind == Kind::kNull) return;  // "denied:" with nothing below it is an empty list
  if (node.kind != Kind::kList) {
    problem(node.line, key, fmt::format("must be a list of tool globs, found {}", node.kind_name()));
    return;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    if (rules_.size() >= kMaxRules) {
      problem(node.items[i].line, key, fmt::format("more than {} rules in one file", kMaxRules));
      return;
    }
    read_entry(node.items[i], verdict, fmt::format("{}[{}]", key, i));
  }
}

void Reader::read_entry(const YamlNode& node, Verdict verdict, const std::string& key) {
  Rule rule{.verdict = verdict, .tool = {}, .when = {}, .line = node.line};
  const std::size_t before = problems_.size();
  if (node.kind == Kind::kScalar) read_glob(node, rule, key);
  else if (node.kind == Kind::kMap) read_entry_map(node, rule, key);
  else problem(node.line, key, fmt::format("must be a tool glob or a map with 'tool', found {}", node.kind_name()));
  if (problems_.size() == before) rules_.push_back(std::move(rule));
}

void Reader::read_entry_map(const YamlNode& node, Rule& rule, const std::string& key) {
  static constexpr std::array<std::string_view, 5> kKeys = {"tool", "when", "domains", "commands", "paths"};
  bool has_tool = false;
  for (const auto& member : node.members) {
    const std::string path = key + "." + member.key;
    if (member.key == "tool") {
      has_tool = true;
      read_glob(member.value, rule, path);
    } else if (member.key == "when") {
      read_conditions(member.value, rule, path);
    } else if (std::find(kKeys.begin(), kKeys.end(), member.key) != kKeys.end()) {
      problem(member.line, path, "not enforced in this version; remove it, or move the whole tool to 'ask' or 'denied'");
    } else {
      problem(member.line, path, closest(member.key, kKeys));
    }
  }
  if (!has_tool) problem(node.line, key, "needs 'tool', the glob of the tools it is about");
}

bool Reader::read_glob(const YamlNode& node, Rule& rule, const std::string& key) {
  if (node.kind != Kind::kScalar) {
    problem(node.line, key, fmt::format("must be a tool glob, found {}", node.kind_name()));
    return false;
  }
  if (!ToolGlob::is_valid(node.text)) {
    problem(node.line, key, fmt::format("'{}' is no tool glob; use a tool's name with '*' and '?', such as fs.* or mcp.github.*",
                                        utf8_prefix(node.text, 64)));
    return false;
  }
  rule.tool = node.text;
  return true;
}

void Reader::read_conditions(const YamlNode& node, Rule& rule, const std::string& key) {
  if (node.kind != Kind::kList || node.items.empty()) {
    problem(node.line, key, fmt::format("must be a list of conditions: {}", condition_names()));
    return;
  }
  for (const YamlNode& item : node.items) {
    const auto condition = item.kind == Kind::kScalar ? condition_from_text(item.text) : std::nullopt;
    if (!condition) {
      problem(item.line, key, fmt::format("'{}' is no condition; known: {}", utf8_prefix(item.text, 64), condition_names()));
    } else if (std::find(rule.when.begin(), rule.when.end(), *condition) == rule.when.end()) {
      rule.when.push_back(*condition);
    }
  }
}

PolicyFile built_in(std::string_view text, std::string_view name) {
  ParsedPolicy parsed = check_policy(text, PolicyFileKind::kPolicy, name);
  PRYX_CHECK(parsed.policy.has_value());  // a test holds the shipped files valid
  return std::move(*parsed.policy);
}

}  // namespace

std::string PolicyProblem::to_text() const {
  std::string out = line > 0 ? fmt::format("line {}: ", line) : std::string();
  if (!key.empty()) out += key + ": ";
  return out + message;
}

ParsedPolicy check_policy(std::string_view text, PolicyFileKind kind, std::string_view name) { return Reader(kind, name).read(text); }

Result<PolicyFile> parse_policy(std::string_view text, PolicyFileKind kind, std::string_view name) {
  ParsedPolicy parsed = check_policy(text, kind, name);
  if (parsed.policy) return std::move(*parsed.policy);
  std::string message = fmt::format("{} is not a valid policy", name);
  for (const PolicyProblem& problem : parsed.problems) message += "\n" + problem.to_text();
  return fail(ErrorCode::kInvalidArgument, "{}", message);
}

const PolicyFile& default_policy() {
  static const PolicyFile policy = built_in(internal::kDefaultPolicyText, "default policy");
  return policy;
}

const PolicyFile& deny_all_but_reads() {
  static const PolicyFile policy = built_in(internal::kReadOnlyPolicyText, "read-only policy");
  return policy;
}

std::vector<std::string> entries_without_tool(const Layer& layer, std::span<const std::string> tools) {
  std::vector<std::string> out;
  for (const Layer::Entry& entry : layer.entries()) {
    if (std::none_of(tools.begin(), tools.end(), [&](const std::string& tool) { return entry.glob.matches(tool); })) {
      out.push_back(entry.text);
    }
  }
  return out;
}

}  // namespace pryx::trust

// SPDX-License-Identifier: MIT
#include "trust/policy/policy_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "foundation/base/text.h"
#include "foundation/config/yaml.h"
#include "trust/policy/internal/embedded_policies.h"

namespace pryx::trust {
namespace {

constexpr config::YamlLimits kYamlLimits = {.max_bytes = 256u << 10, .max_depth = 32, .max_values = 50'000};
constexpr std::size_t kMaxProblems = 50;
constexpr std::size_t kMaxRules =
    2000;  // a decision walks them all: this keeps it within tens of microseconds
constexpr std::size_t kMaxLimits = 200;      // commands, domains or paths of one entry
constexpr std::size_t kMaxTextBytes = 2000;  // name and description
constexpr Duration kShortestTimeout = std::chrono::seconds(1);
constexpr Duration kLongestTimeout =
    std::chrono::hours(24);  // a question older than a day is asked again instead

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
  for (const std::string_view candidate : known)
    names += (names.empty() ? "" : ", ") + std::string(candidate);
  return fmt::format("unknown key; known here: {}", names);
}

// A value of the document and where it stands.
class Node {
 public:
  Node(const config::YamlDocument& document, const json::value& value, std::string pointer)
      : document_(document), value_(value), pointer_(std::move(pointer)) {}

  [[nodiscard]] int line() const { return document_.line_of(pointer_); }
  [[nodiscard]] bool is_null() const { return value_.is_null(); }
  [[nodiscard]] bool is_list() const { return value_.is_array(); }
  [[nodiscard]] bool is_map() const { return value_.is_object(); }
  [[nodiscard]] const json::value& value() const { return value_; }
  [[nodiscard]] std::optional<std::string_view> text() const {
    if (!value_.is_string()) return std::nullopt;
    return std::string_view(value_.get_string());
  }
  // "a list", for messages.
  [[nodiscard]] std::string_view kind() const {
    return is_null()            ? "nothing"
           : is_list()          ? "a list"
           : is_map()           ? "a map"
           : value_.is_string() ? "text"
                                : "a number or true or false";
  }

  struct Member;
  [[nodiscard]] std::vector<Member> members() const;  // in file order
  [[nodiscard]] std::vector<Node> items() const;

 private:
  const config::YamlDocument& document_;
  const json::value& value_;
  std::string pointer_;
};

struct Node::Member {
  std::string key;
  Node value;
};

std::vector<Node::Member> Node::members() const {
  std::vector<Member> out;
  for (const auto& member : value_.get_object()) {
    out.push_back({member.key(), Node(document_, member.value(),
                                      fmt::format("{}/{}", pointer_, config::pointer_step(member.key())))});
  }
  return out;
}

std::vector<Node> Node::items() const {
  std::vector<Node> out;
  for (const json::value& item : value_.get_array())
    out.emplace_back(document_, item, fmt::format("{}/{}", pointer_, out.size()));
  return out;
}

// Reads one document and keeps every problem, so that a person mends a file in one go.
class Reader {
 public:
  Reader(PolicyFileKind kind, std::string_view name) : kind_(kind), layer_name_(name) {}

  ParsedPolicy read(std::string_view text) {
    const auto document = config::parse_yaml(text, kYamlLimits);
    if (document) {
      const Node root(*document, document->root, "");
      if (root.is_map()) {
        read_top(root);
        read_tests(*document);
      } else if (root.is_null())
        problem(1, "", "the file holds no policy; to use the default policy, remove the file");
      else
        problem(root.line(), "", fmt::format("expected keys such as 'tools:', found {}", root.kind()));
    } else {
      unreadable(document.error().message);
    }
    ParsedPolicy parsed;
    if (problems_.empty()) {
      const LayerKind layer_kind = kind_ == PolicyFileKind::kApprove ? LayerKind::kApprove : LayerKind::kBase;
      file_.layer = std::make_shared<const Layer>(layer_kind, std::string(layer_name_), rules_,
                                                  std::move(workspace_root_));
      parsed.policy = std::move(file_);
    }
    parsed.problems = std::move(problems_);
    return parsed;
  }

 private:
  void problem(int line, std::string key, std::string message) {
    if (problems_.size() >= kMaxProblems) return;
    const auto place = std::upper_bound(problems_.begin(), problems_.end(), line,
                                        [](int l, const auto& p) { return l < p.line; });
    problems_.insert(place, {line, std::move(key), std::move(message)});
  }

  // The YAML reader begins its messages with "line N: " when it knows the line.
  void unreadable(std::string_view message) {
    constexpr std::string_view kPrefix = "line ";
    int line = 0;
    const std::size_t colon = message.find(": ");
    if (message.starts_with(kPrefix) && colon != std::string_view::npos) {
      std::from_chars(message.data() + kPrefix.size(), message.data() + colon, line);
      message.remove_prefix(colon + 2);
    }
    problem(line, "", std::string(message));
  }

  bool is_map(const Node& node, const std::string& key) {
    if (node.is_map()) return true;
    problem(node.line(), key, fmt::format("must be a map of keys, found {}", node.kind()));
    return false;
  }

  void read_top(const Node& root);
  void read_tests(const config::YamlDocument& document);
  void read_workspace(const Node& node);
  void read_root(const Node& node, const std::string& key);
  void read_rate_limits(const Node& node);
  void read_approval(const Node& node);
  void read_tools(const Node& node);
  void read_entries(const Node& node, Verdict verdict, const std::string& key);
  void read_entry(const Node& node, Verdict verdict, const std::string& key);
  void read_entry_map(const Node& node, Rule& rule, const std::string& key);
  void read_conditions(const Node& node, Rule& rule, const std::string& key);
  void read_limit(const Node& node, std::vector<std::string>& to, const std::string& key);
  bool read_glob(const Node& node, Rule& rule, const std::string& key);
  void read_text(const Node& node, const std::string& key, std::string& out);

  PolicyFileKind kind_;
  std::string_view layer_name_;
  PolicyFile file_;
  std::string workspace_root_;
  std::vector<Rule> rules_;
  std::vector<PolicyProblem> problems_;
};

void Reader::read_top(const Node& root) {
  static constexpr std::array<std::string_view, 7> kPolicyKeys = {
      "name", "description", "workspace", "tools", "rate_limits", "approval", "tests"};
  static constexpr std::array<std::string_view, 3> kApproveKeys = {"name", "description", "tools"};
  bool has_tools = false;
  for (const auto& member : root.members()) {
    const bool policy_only = member.key == "workspace" || member.key == "rate_limits" ||
                             member.key == "approval" || member.key == "tests";
    if (member.key == "name")
      read_text(member.value, "name", file_.name);
    else if (member.key == "description")
      read_text(member.value, "description", file_.description);
    else if (member.key == "tools")
      has_tools = true, read_tools(member.value);
    else if (policy_only && kind_ == PolicyFileKind::kApprove) {
      problem(member.value.line(), member.key,
              "an --approve file holds tools.allowed and tools.denied only; remove this key");
    } else if (member.key == "workspace")
      read_workspace(member.value);
    else if (member.key == "rate_limits")
      read_rate_limits(member.value);
    else if (member.key == "approval")
      read_approval(member.value);
    else if (member.key != "tests")
      problem(member.value.line(), member.key,
              kind_ == PolicyFileKind::kApprove ? closest(member.key, kApproveKeys)
                                                : closest(member.key, kPolicyKeys));
  }
  if (!has_tools) problem(root.line(), "tools", "missing; say which tools are allowed, ask or denied");
}

void Reader::read_tests(const config::YamlDocument& document) {
  if (kind_ == PolicyFileKind::kApprove) return;
  std::vector<PolicyProblem> found;
  file_.tests = read_policy_tests(document, found);
  for (PolicyProblem& one : found) problem(one.line, std::move(one.key), std::move(one.message));
}

void Reader::read_text(const Node& node, const std::string& key, std::string& out) {
  const auto text = node.text();
  if (!text)
    problem(node.line(), key, fmt::format("must be text, found {}", node.kind()));
  else if (text->size() > kMaxTextBytes)
    problem(node.line(), key, fmt::format("longer than {} bytes", kMaxTextBytes));
  else
    out = *text;
}

void Reader::read_workspace(const Node& node) {
  static constexpr std::array<std::string_view, 2> kKeys = {"root", "allow_outside"};
  if (!is_map(node, "workspace")) return;
  for (const auto& member : node.members()) {
    const std::string key = "workspace." + member.key;
    if (member.key == "root") {
      read_root(member.value, key);
    } else if (member.key != "allow_outside") {
      problem(member.value.line(), key, closest(member.key, kKeys));
    } else if (!member.value.value().is_bool()) {
      problem(member.value.line(), key, "must be true or false");
    } else if (member.value.value().get_bool()) {
      problem(
          member.value.line(), key,
          "never possible: the outside of the workspace is always denied; say false, and work elsewhere by "
          "choosing that folder as a workspace");
    }
  }
}

// In full, because "~" is another folder for a daemon that runs as a system service.
void Reader::read_root(const Node& node, const std::string& key) {
  read_text(node, key, workspace_root_);
  std::string& root = workspace_root_;
  if (!node.text()) return;
  while (root.size() > 1 && root.ends_with('/')) root.pop_back();
  const bool climbs = fmt::format("{}/", root).find("/../") != std::string::npos;
  const bool stays = fmt::format("{}/", root).find("/./") != std::string::npos;
  if (!root.starts_with('/') || climbs || stays || root.find("//") != std::string::npos)
    problem(node.line(), key,
            "must be the full path of a folder, such as /home/me/projects, without '~', '.' or '..'");
}

void Reader::read_rate_limits(const Node& node) {
  static constexpr std::array<std::string_view, 2> kKeys = {"requests_per_minute", "tool_calls_per_minute"};
  if (!is_map(node, "rate_limits")) return;
  if (node.members().empty()) problem(node.line(), "rate_limits", "not enforced in this version; remove it");
  for (const auto& member : node.members()) {
    const bool known = std::find(kKeys.begin(), kKeys.end(), member.key) != kKeys.end();
    problem(member.value.line(), "rate_limits." + member.key,
            known ? "not enforced in this version; remove it" : closest(member.key, kKeys));
  }
}

void Reader::read_approval(const Node& node) {
  static constexpr std::array<std::string_view, 2> kKeys = {"timeout", "default"};
  if (!is_map(node, "approval")) return;
  for (const auto& member : node.members()) {
    const std::string key = "approval." + member.key;
    const Node& value = member.value;
    if (member.key == "timeout") {
      const auto timeout =
          parse_duration(value.text().value_or(json::to_text(value.value())));  // 300 is a number of seconds
      if (!timeout)
        problem(member.value.line(), key, "must be a duration such as 90s, 5m or 1h");
      else if (*timeout < kShortestTimeout || *timeout > kLongestTimeout)
        problem(member.value.line(), key, "must lie between 1s and 24h");
      else {
        file_.approval_timeout = *timeout;
        file_.sets_approval_timeout = true;
      }
    } else if (member.key == "default") {
      if (value.text() != "deny") {
        problem(member.value.line(), key, "only 'deny' is possible: no answer never means yes");
      }
    } else {
      problem(member.value.line(), key, closest(member.key, kKeys));
    }
  }
}

void Reader::read_tools(const Node& node) {
  static constexpr std::array<std::string_view, 3> kKeys = {"allowed", "ask", "denied"};
  if (!is_map(node, "tools")) return;
  for (const auto& member : node.members()) {
    const std::string key = "tools." + member.key;
    if (member.key == "allowed")
      read_entries(member.value, Verdict::kAllow, key);
    else if (member.key == "denied")
      read_entries(member.value, Verdict::kDeny, key);
    else if (member.key == "ask" && kind_ == PolicyFileKind::kApprove) {
      problem(member.value.line(), key,
              "an --approve file answers asks and cannot raise them; use 'allowed' or 'denied'");
    } else if (member.key == "ask")
      read_entries(member.value, Verdict::kAsk, key);
    else
      problem(member.value.line(), key, closest(member.key, kKeys));
  }
}

void Reader::read_entries(const Node& node, Verdict verdict, const std::string& key) {
  if (node.is_null()) return;  // "denied:" with nothing below it is an empty list
  if (!node.is_list()) {
    problem(node.line(), key, fmt::format("must be a list of tool globs, found {}", node.kind()));
    return;
  }
  const std::vector<Node> items = node.items();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (rules_.size() >= kMaxRules) {
      problem(items[i].line(), key, fmt::format("more than {} rules in one file", kMaxRules));
      return;
    }
    read_entry(items[i], verdict, fmt::format("{}[{}]", key, i));
  }
}

void Reader::read_entry(const Node& node, Verdict verdict, const std::string& key) {
  Rule rule{.verdict = verdict,
            .tool = {},
            .when = {},
            .line = node.line(),
            .commands = {},
            .domains = {},
            .paths = {}};
  const std::size_t before = problems_.size();
  if (node.text())
    read_glob(node, rule, key);
  else if (node.is_map())
    read_entry_map(node, rule, key);
  else
    problem(node.line(), key, fmt::format("must be a tool glob or a map with 'tool', found {}", node.kind()));
  if (problems_.size() == before) rules_.push_back(std::move(rule));
}

void Reader::read_entry_map(const Node& node, Rule& rule, const std::string& key) {
  static constexpr std::array<std::string_view, 5> kKeys = {"tool", "when", "domains", "commands", "paths"};
  bool has_tool = false;
  for (const auto& member : node.members()) {
    const std::string path = key + "." + member.key;
    if (member.key == "tool") {
      has_tool = true;
      read_glob(member.value, rule, path);
    } else if (member.key == "when") {
      read_conditions(member.value, rule, path);
    } else if (member.key == "domains") {
      read_limit(member.value, rule.domains, path);
    } else if (member.key == "commands") {
      read_limit(member.value, rule.commands, path);
    } else if (member.key == "paths") {
      read_limit(member.value, rule.paths, path);
    } else {
      problem(member.value.line(), path, closest(member.key, kKeys));
    }
  }
  if (!has_tool) problem(node.line(), key, "needs 'tool', the glob of the tools it is about");
  if (const std::string wrong = limits_problem(rule); !wrong.empty()) problem(node.line(), key, wrong);
}

void Reader::read_limit(const Node& node, std::vector<std::string>& to, const std::string& key) {
  if (!node.is_list() || node.items().empty()) {
    problem(node.line(), key,
            fmt::format("must be a list of at least one, found {}",
                        node.is_list() ? "an empty one" : node.kind()));
    return;
  }
  for (const Node& item : node.items()) {
    if (const auto text = item.text(); !text)
      problem(item.line(), key, fmt::format("must be text, found {}", item.kind()));
    else if (to.size() >= kMaxLimits)
      problem(item.line(), key, fmt::format("more than {} in one entry", kMaxLimits));
    else
      to.emplace_back(*text);
  }
}

bool Reader::read_glob(const Node& node, Rule& rule, const std::string& key) {
  const auto glob = node.text();
  if (!glob) {
    problem(node.line(), key, fmt::format("must be a tool glob, found {}", node.kind()));
    return false;
  }
  if (!ToolGlob::is_valid(*glob)) {
    problem(
        node.line(), key,
        fmt::format("'{}' is no tool glob; use a tool's name with '*' and '?', such as fs.* or mcp.github.*",
                    utf8_prefix(*glob, 64)));
    return false;
  }
  rule.tool = *glob;
  return true;
}

void Reader::read_conditions(const Node& node, Rule& rule, const std::string& key) {
  if (!node.is_list() || node.items().empty()) {
    problem(node.line(), key, fmt::format("must be a list of conditions: {}", condition_names()));
    return;
  }
  for (const Node& item : node.items()) {
    const std::string_view name = item.text().value_or("");
    const auto condition = condition_from_text(name);
    if (!condition) {
      problem(item.line(), key,
              fmt::format("'{}' is no condition; known: {}", utf8_prefix(name, 64), condition_names()));
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

ParsedPolicy check_policy(std::string_view text, PolicyFileKind kind, std::string_view name) {
  return Reader(kind, name).read(text);
}

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

const std::vector<PolicyTemplate>& policy_templates() {
  static const std::vector<PolicyTemplate> templates = [] {
    std::vector<PolicyTemplate> out;
    for (const auto& [name, text] : {std::pair{"default", internal::kDefaultPolicyText},
                                     std::pair{"read-only", internal::kReadOnlyPolicyText},
                                     std::pair{"workspace", internal::kWorkspacePolicyText},
                                     std::pair{"network-allowlist", internal::kNetworkAllowlistPolicyText},
                                     std::pair{"safe", internal::kSafePolicyText}})
      out.push_back({name, built_in(text, name).description, text});
    return out;
  }();
  return templates;
}

const PolicyTemplate* find_policy_template(std::string_view name) {
  for (const PolicyTemplate& item : policy_templates()) {
    if (item.name == name) return &item;
  }
  return nullptr;
}

std::vector<std::string> entries_without_tool(const Layer& layer, std::span<const std::string> tools) {
  std::vector<std::string> out;
  for (const Layer::Entry& entry : layer.entries()) {
    if (std::none_of(tools.begin(), tools.end(),
                     [&](const std::string& tool) { return entry.glob.matches(tool); })) {
      out.push_back(entry.text);
    }
  }
  return out;
}

}  // namespace pryx::trust

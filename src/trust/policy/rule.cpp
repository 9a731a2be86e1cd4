// SPDX-License-Identifier: MIT
#include "trust/policy/rule.h"

#include <algorithm>
#include <array>
#include <utility>

#include "foundation/base/text.h"
#include "foundation/net/address_rules.h"

namespace pryx::trust {
namespace {

constexpr std::size_t kMaxGlobBytes =
    128;  // the longest tool name is mcp.<server>.<tool>, and both parts are bounded

constexpr std::array<std::pair<Condition, std::string_view>, 5> kConditions = {{
    {Condition::kTrustedContext, "trusted_context"},
    {Condition::kUntrustedContext, "untrusted_context"},
    {Condition::kReads, "reads"},
    {Condition::kChanges, "changes"},
    {Condition::kReadOnlyCommands, "read_only_commands"},
}};

// A host of a call or of a rule: the ports of http and https count as none.
struct Place {
  std::string_view name;  // an IPv6 address without its brackets
  std::string_view port;
};

Place place_of(std::string_view text) {
  Place out{text, {}};
  const std::size_t bracket = text.starts_with('[') ? text.find(']') : std::string_view::npos;
  if (bracket != std::string_view::npos) {
    out.name = text.substr(1, bracket - 1);
    if (text.substr(bracket + 1).starts_with(':')) out.port = text.substr(bracket + 2);
  } else if (const std::size_t colon = text.find(':'); colon == text.rfind(':') && colon != text.npos) {
    out.name = text.substr(0, colon);
    out.port = text.substr(colon + 1);
  }
  if (out.port == "80" || out.port == "443") out.port = {};
  return out;
}

bool is_below(std::string_view name, std::string_view wildcard) {
  const std::string_view domain = wildcard.substr(1);  // with its dot, so that "badexample.com" stays out
  return name.size() > domain.size() && name.ends_with(domain);
}

// This machine, its network, and names without a dot, which only a local resolver knows.
bool is_private_host(std::string_view text) {
  const std::string_view host = place_of(text).name;
  if (const auto address = net::parse_ip(host)) return !net::is_public(*address);
  return host.find('.') == std::string_view::npos || host.ends_with(".localhost") ||
         host.ends_with(".local") || host.ends_with(".internal");
}

std::string_view list_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAllow:
      return "allowed";
    case Verdict::kAsk:
      return "ask";
    case Verdict::kDeny:
      break;
  }
  return "denied";
}

// All of them for what allows, one for what denies or asks.
template <class Items, class Fits>
bool fits_limit(Verdict verdict, const Items& items, Fits fits) {
  if (verdict == Verdict::kAllow) return !items.empty() && std::all_of(items.begin(), items.end(), fits);
  return std::any_of(items.begin(), items.end(), fits);
}

std::string list_text(std::string_view key, const std::vector<std::string>& items) {
  if (items.empty()) return {};
  std::string out = fmt::format(" {} [", key);
  for (std::size_t i = 0; i < items.size(); ++i) out += (i > 0 ? ", " : "") + items[i];
  return out + "]";
}

// A rule that allows a command allows its words. What it would read from us, how long it stays and whom it
// could talk to are not among them: "npm test" with a host that the model named can send the workspace there.
bool is_more_than_its_words(const Rule& rule, const CallFacts& facts) {
  return (rule.domains.empty() && !facts.hosts.empty()) ||
         std::ranges::any_of(std::array{"stdin", "background", "scope"},
                             [&](const char* key) { return facts.arguments.contains(key); });
}

// What a command does is in its words alone. The folder it stands in says nothing of it, and that it names a
// host says enough only where the rule is written for that very tool: a rule for files, or for whatever
// fetches from a host, lets no command in beside.
bool leaves_commands_out(const Rule& rule, const CallFacts& facts) {
  if (facts.commands.empty() || !rule.commands.empty()) return false;
  const bool many_tools = rule.tool.find_first_of("*?") != std::string::npos;
  return !rule.paths.empty() || (many_tools && !rule.domains.empty());
}

}  // namespace

bool is_plain_path(std::string_view path) {
  if (path.starts_with('/') || path.find('\0') != std::string_view::npos) return false;
  const auto parts = split(path, '/');
  return std::none_of(parts.begin(), parts.end(), [](std::string_view part) { return part == ".."; });
}

bool domain_allows(std::string_view pattern, std::string_view host) {
  const Place p = place_of(pattern);
  const Place h = place_of(host);
  if (p.port != h.port) return false;
  // Every site is not every service of this machine and its neighbours.
  if (pattern == "*") return !is_private_host(host);
  return p.name == h.name || (p.name.starts_with("*.") && is_below(h.name, p.name));
}

bool domain_concerns(std::string_view pattern, std::string_view host) {
  if (pattern == "*" || host == "*") return true;
  const Place p = place_of(pattern);
  const Place h = place_of(host);
  if (!p.port.empty() && p.port != h.port) return false;
  return p.name == h.name || (p.name.starts_with("*.") && is_below(h.name, p.name)) ||
         (h.name.starts_with("*.") && is_below(p.name, h.name));
}

std::string_view to_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAllow:
      return "allow";
    case Verdict::kAsk:
      return "ask";
    case Verdict::kDeny:
      break;
  }
  return "deny";
}

std::string_view to_text(Condition condition) {
  for (const auto& [value, text] : kConditions) {
    if (value == condition) return text;
  }
  return "?";
}

std::optional<Condition> condition_from_text(std::string_view text) {
  for (const auto& [value, name] : kConditions) {
    if (name == text) return value;
  }
  return std::nullopt;
}

std::string condition_names() {
  std::string out;
  for (const auto& [value, name] : kConditions) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

bool holds(Condition condition, const CallFacts& facts) {
  switch (condition) {
    case Condition::kTrustedContext:
      return !facts.context.is_untrusted();
    case Condition::kUntrustedContext:
      return facts.context.is_untrusted();
    case Condition::kReads:
      return facts.read_only;
    case Condition::kChanges:
      return !facts.read_only;
    case Condition::kReadOnlyCommands:
      return facts.read_only_commands;
  }
  return false;
}

std::string to_text(const Rule& rule) {
  std::string out = fmt::format("tools.{}: {}", list_name(rule.verdict), rule.tool);
  const char* separator = " when ";
  for (const Condition condition : rule.when) {
    out += separator;
    out += to_text(condition);
    separator = " and ";
  }
  return out + list_text("commands", rule.commands) + list_text("domains", rule.domains) +
         list_text("paths", rule.paths);
}

std::string limits_problem(const Rule& rule) {
  for (const std::string& text : rule.commands) {
    const auto pattern = CommandPattern::parse(text);
    if (!pattern) return pattern.error().message;
    if (rule.verdict != Verdict::kAllow) continue;
    if (const auto allowed = pattern->check_allows(); !allowed) return allowed.error().message;
  }
  for (const std::string& domain : rule.domains) {
    const std::string_view rest =
        domain.starts_with("*.") ? std::string_view(domain).substr(2) : std::string_view(domain);
    const bool name =
        !rest.empty() &&
        rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-_:[]") == std::string_view::npos &&
        !rest.starts_with('.');
    if (domain != "*" && !name)
      return fmt::format("'{}' is no domain; use a lower-case host name, or '*.' and a domain",
                         utf8_prefix(domain, 64));
  }
  for (const std::string& path : rule.paths) {
    if (path.empty() || !is_plain_path(path))
      return fmt::format("'{}' is no path glob; it is relative to the workspace and without '..'",
                         utf8_prefix(path, 64));
  }
  return {};
}

bool Layer::within_other_limits(const Entry& entry, const CallFacts& facts) {
  const Rule& rule = entry.rule;
  if (!entry.commands.empty()) {
    if (rule.verdict == Verdict::kAllow) {
      if (!facts.parse_complete || is_more_than_its_words(rule, facts) ||
          !all_covered(facts.commands, entry.commands))
        return false;
    } else if (std::none_of(
                   facts.commands.begin(), facts.commands.end(), [&](const commands::SimpleCommand& command) {
                     return std::any_of(entry.commands.begin(), entry.commands.end(),
                                        [&](const CommandPattern& p) { return p.concerns(command); });
                   })) {
      return false;
    }
  }
  const auto host_fits = [&](const std::string& host) {
    return std::any_of(rule.domains.begin(), rule.domains.end(), [&](const std::string& domain) {
      return rule.verdict == Verdict::kAllow ? domain_allows(domain, host) : domain_concerns(domain, host);
    });
  };
  if (!rule.domains.empty() && !fits_limit(rule.verdict, facts.hosts, host_fits)) return false;
  // "The tool may be used" is not "it may talk to this machine and its neighbours": those are allowed by
  // name.
  return !rule.domains.empty() || rule.verdict != Verdict::kAllow ||
         std::ranges::none_of(facts.hosts, is_private_host);
}

bool Layer::within_limits(const Entry& entry, const CallFacts& facts) {
  if (!within_other_limits(entry, facts)) return false;
  const Rule& rule = entry.rule;
  if (rule.verdict == Verdict::kAllow && leaves_commands_out(rule, facts)) return false;
  const auto path_fits = [&](const std::string& path) {
    return (is_plain_path(path) || rule.verdict != Verdict::kAllow) &&
           std::any_of(rule.paths.begin(), rule.paths.end(),
                       [&](const std::string& glob) { return glob_match(glob, path); });
  };
  return rule.paths.empty() || fits_limit(rule.verdict, facts.paths, path_fits);
}

ToolGlob::ToolGlob(std::string_view glob) : text_(glob) {
  const std::size_t first = glob.find_first_of("*?");
  if (first == std::string_view::npos) {
    form_ = Form::kExact;
  } else if (glob == "*") {
    form_ = Form::kAny;
  } else if (first + 1 == glob.size() && glob.back() == '*') {
    form_ = Form::kPrefix;
    text_.pop_back();
  } else {
    form_ = Form::kGeneral;
  }
}

bool ToolGlob::matches(std::string_view tool) const {
  switch (form_) {
    case Form::kAny:
      return true;
    case Form::kExact:
      return tool == text_;
    case Form::kPrefix:
      return tool.starts_with(text_);
    case Form::kGeneral:
      break;
  }
  return glob_match(text_, tool);
}

bool ToolGlob::is_valid(std::string_view glob) {
  if (glob.empty() || glob.size() > kMaxGlobBytes) return false;
  return std::all_of(glob.begin(), glob.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._-:/@+*?").find(c) != std::string_view::npos;
  });
}

Layer::Layer(LayerKind kind, std::string name, const std::vector<Rule>& rules, std::string workspace_root)
    : kind_(kind), name_(std::move(name)), workspace_root_(std::move(workspace_root)) {
  entries_.reserve(rules.size());
  for (const Verdict verdict : {Verdict::kDeny, Verdict::kAsk, Verdict::kAllow}) {
    for (const Rule& rule : rules) {
      if (rule.verdict != verdict) continue;
      Entry entry{rule, ToolGlob(rule.tool), trust::to_text(rule), {}};
      for (const std::string& text : rule.commands) {
        auto pattern = CommandPattern::parse(text);
        PRYX_CHECK(pattern.has_value());  // limits_problem() comes before
        entry.commands.push_back(std::move(*pattern));
      }
      entries_.push_back(std::move(entry));
    }
  }
}

bool Layer::allows_workspace(std::string_view folder) const {
  if (workspace_root_.empty() || folder == workspace_root_) return true;
  if (!folder.starts_with(workspace_root_)) return false;
  return workspace_root_ == "/" || folder[workspace_root_.size()] == '/';
}

std::string Layer::to_text() const {
  std::string out = fmt::format("layer {} {}\n", static_cast<int>(kind_), name_);
  if (!workspace_root_.empty()) out += fmt::format("workspace.root: {}\n", workspace_root_);
  for (const Entry& entry : entries_) {
    out += entry.text;
    out += '\n';
  }
  return out;
}

}  // namespace pryx::trust

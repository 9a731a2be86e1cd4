// SPDX-License-Identifier: MIT
#include "trust/policy/grant.h"

#include <algorithm>
#include <array>
#include <utility>

#include "foundation/base/text.h"
#include "trust/policy/rule.h"

namespace pryx::trust {
namespace {

using Kind = Selector::Kind;

constexpr std::size_t kMaxPatternBytes =
    16u << 10;  // a person must be able to read the rule they agree to; a command may be long
constexpr std::size_t kMaxSelectors = 64;
constexpr std::size_t kMaxSuggestedBytes = 2048;  // nobody reads more before keeping it

bool has_wildcard(std::string_view text) { return text.find_first_of("*?") != std::string_view::npos; }

Result<> check_host(std::string_view host) {
  std::string_view rest = host;
  if (rest.starts_with("*.")) {
    rest.remove_prefix(2);
    if (rest.find('.') == std::string_view::npos) {
      return fail(ErrorCode::kInvalidArgument,
                  "host '{}' covers a whole top-level domain; name at least two labels after '*.'", host);
    }
  }
  const bool plain = !rest.empty() && std::all_of(rest.begin(), rest.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == ':' ||
           c == '[' || c == ']';
  });
  if (plain && !rest.starts_with('.') && rest.find("..") == std::string_view::npos) return {};
  return fail(ErrorCode::kInvalidArgument, "host '{}' must be a lower-case host name, or '*.' and a domain",
              utf8_prefix(host, 128));
}

Result<> check_selector(const Selector& selector) {
  switch (selector.kind) {
    case Kind::kPath:
      if (!is_plain_path(selector.value)) {
        return fail(ErrorCode::kInvalidArgument,
                    "path '{}' must be relative to the workspace and without '..'",
                    utf8_prefix(selector.value, 128));
      }
      if (has_wildcard(selector.value) && selector.value.find_first_not_of("*?/.") == std::string::npos) {
        return fail(ErrorCode::kInvalidArgument,
                    "path '{}' covers everything; a grant never covers a whole tool", selector.value);
      }
      return {};
    case Kind::kHost:
      return check_host(selector.value);
    case Kind::kArgument:
      if (selector.name.empty())
        return fail(ErrorCode::kInvalidArgument, "an argument selector needs the argument's name");
      return {};
    case Kind::kCall:
      if (selector.value.empty())
        return fail(ErrorCode::kInvalidArgument, "a call selector needs the hash of the call");
      return {};
    case Kind::kCommand: {
      PRYX_TRY(const CommandPattern pattern, CommandPattern::parse(selector.value));
      return pattern.check_allows();
    }
  }
  return {};
}

bool is_bare_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '$';
  });
}

std::string quoted(std::string_view text) { return json::to_text(json::value(text)); }

std::string selector_text(const Selector& selector) {
  switch (selector.kind) {
    case Kind::kPath:
      return "path: " + quoted(selector.value);
    case Kind::kHost:
      return "host: " + quoted(selector.value);
    case Kind::kArgument:
      return fmt::format("arg.{}: {}", is_bare_name(selector.name) ? selector.name : quoted(selector.name),
                         selector.value);
    case Kind::kCommand:
      return "command: " + quoted(selector.value);
    case Kind::kCall:
      break;
  }
  return "call: " + quoted(selector.value);
}

// Reads `tool(key: json, key: json)`. JSON values are cut out by bracket depth and then parsed by the strict
// parser.
class PatternReader {
 public:
  explicit PatternReader(std::string_view text) : text_(text) {}

  Result<GrantPattern> read() {
    GrantPattern pattern;
    const std::size_t open = text_.find('(');
    if (open == std::string_view::npos || !text_.ends_with(')'))
      return malformed("it must look like fs.write(path:\"src/*\")");
    pattern.tool = trim(text_.substr(0, open));
    at_ = open + 1;
    skip_spaces();
    if (text_.substr(at_) == ")") return pattern;  // "tool()": check() says what is missing
    while (true) {
      skip_spaces();
      PRYX_TRY(Selector selector, read_selector());
      pattern.selectors.push_back(std::move(selector));
      skip_spaces();
      if (at_ >= text_.size() || (text_[at_] != ',' && text_[at_] != ')'))
        return malformed("expected ',' or ')'");
      if (text_[at_++] == ')') break;
    }
    if (at_ < text_.size()) return malformed("there is something behind ')'");
    return pattern;
  }

 private:
  std::unexpected<Error> malformed(std::string_view why) const {
    return fail(ErrorCode::kInvalidArgument, "grant rule '{}' is malformed: {}", utf8_prefix(text_, 120),
                why);
  }

  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }

  Result<Selector> read_selector() {
    std::string_view key = text_.substr(at_);
    Selector selector;
    if (key.starts_with("arg.")) {
      selector.kind = Kind::kArgument;
      at_ += 4;
      PRYX_TRY(selector.name, read_name());
    } else {
      const std::size_t colon = key.find(':');
      if (colon == std::string_view::npos) return malformed("a selector needs ':' and a value");
      key = trim(key.substr(0, colon));
      if (key == "path")
        selector.kind = Kind::kPath;
      else if (key == "host")
        selector.kind = Kind::kHost;
      else if (key == "call")
        selector.kind = Kind::kCall;
      else if (key == "command")
        selector.kind = Kind::kCommand;
      else
        return malformed("selectors are path, host, command, arg.<name> and call");
      at_ += colon;
    }
    skip_spaces();
    if (at_ >= text_.size() || text_[at_] != ':') return malformed("a selector needs ':' and a value");
    ++at_;
    PRYX_TRY(const json::value value, read_value());
    if (selector.kind == Kind::kArgument) {
      selector.value = json::canonical(value);
    } else {
      if (!value.is_string()) return malformed("path, host, command and call take a string in double quotes");
      selector.value = std::string_view(value.get_string());
    }
    return selector;
  }

  Result<std::string> read_name() {
    if (at_ < text_.size() && text_[at_] == '"') {
      PRYX_TRY(const json::value name, read_value());
      if (!name.is_string()) return malformed("an argument's name is a string");
      return std::string(name.get_string());
    }
    const std::size_t end = std::min(text_.find_first_of(" :", at_), text_.size());
    std::string name(text_.substr(at_, end - at_));
    if (!is_bare_name(name))
      return malformed("an argument's name with special characters needs double quotes");
    at_ = end;
    return name;
  }

  Result<json::value> read_value() {
    skip_spaces();
    const std::size_t begin = at_;
    int depth = 0;
    bool in_string = false;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (in_string) {
        if (c == '\\')
          ++at_;
        else if (c == '"')
          in_string = false;
        if (!in_string && depth == 0) {
          ++at_;
          break;
        }
        continue;
      }
      if (depth == 0 && (c == ',' || c == ')' || c == ' ' || c == ':')) break;
      if (c == '"') in_string = true;
      if (c == '[' || c == '{') ++depth;
      if ((c == ']' || c == '}') && --depth <= 0) {
        ++at_;
        break;
      }
    }
    auto value = json::parse(text_.substr(begin, std::min(at_, text_.size()) - begin),
                             {.max_bytes = kMaxPatternBytes, .max_depth = 32});
    if (!value) return malformed("a value is not valid JSON");
    return value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool all_covered(const std::vector<std::string>& touched, const std::vector<Selector>& selectors, Kind kind) {
  if (touched.empty()) return false;
  return std::all_of(touched.begin(), touched.end(), [&](const std::string& item) {
    if (kind == Kind::kPath && !is_plain_path(item)) return false;
    return std::any_of(selectors.begin(), selectors.end(), [&](const Selector& s) {
      return s.kind == kind &&
             (kind == Kind::kPath ? glob_match(s.value, item) : domain_allows(s.value, item));
    });
  });
}

// Named arguments must be there and equal, and nothing else may be there: a field that nobody saw is a field
// that nobody allowed.
bool arguments_pinned(const json::object& arguments, const std::vector<Selector>& selectors) {
  std::size_t named = 0;
  for (const Selector& selector : selectors) {
    if (selector.kind != Kind::kArgument) continue;
    const json::value* value = arguments.if_contains(selector.name);
    if (value == nullptr || json::canonical(*value) != selector.value) return false;
    ++named;
  }
  return named == arguments.size();
}

// Beside a host, the method may be the only other limit: the two say where a request goes and what kind it
// is, whatever else it holds. A call that leaves the method out still has one.
bool limits_the_method_only(const CallFacts& facts, const std::vector<Selector>& selectors) {
  return !facts.method.empty() && std::all_of(selectors.begin(), selectors.end(), [](const Selector& s) {
    return s.kind == Kind::kHost || (s.kind == Kind::kArgument && s.name == "method");
  });
}

bool method_fits(const CallFacts& facts, const std::vector<Selector>& selectors) {
  const std::string method = json::canonical(json::value(facts.method));
  return std::all_of(selectors.begin(), selectors.end(),
                     [&](const Selector& s) { return s.kind != Kind::kArgument || s.value == method; });
}

// What a command rule says nothing about, and what therefore must not be there unless it is named: a command
// is judged by its words, in the workspace, for a while.
bool is_beside_the_command(std::string_view argument) {
  return argument != "command" && argument != "argv" && argument != "timeout" && argument != "description";
}

// Whether a pattern is about one of these programs: cheap, because every grant is looked at in every decision
// and hardly any is. What it covers, only CommandPattern says.
bool is_about(std::string_view pattern, const std::vector<commands::SimpleCommand>& commands) {
  const std::string_view program = pattern.substr(0, pattern.find(' '));
  if (program.empty() || program.find_first_of("'\\*?") != std::string_view::npos) return true;
  return std::any_of(commands.begin(), commands.end(), [&](const commands::SimpleCommand& command) {
    return !command.final_argv.empty() && command.final_argv.front() == program;
  });
}

bool commands_covered(const CallFacts& facts, const std::vector<Selector>& selectors) {
  if (!facts.parse_complete) return false;
  std::vector<CommandPattern> patterns;
  for (const Selector& selector : selectors) {
    if (selector.kind != Kind::kCommand || !is_about(selector.value, facts.commands)) continue;
    auto pattern = CommandPattern::parse(selector.value);
    if (!pattern) return false;
    patterns.push_back(std::move(*pattern));
  }
  for (const auto& member : facts.arguments) {
    const bool named = std::any_of(selectors.begin(), selectors.end(), [&](const Selector& s) {
      return s.kind == Kind::kArgument && s.name == member.key();
    });
    if (is_beside_the_command(member.key()) && !named) return false;
  }
  return all_covered(facts.commands, patterns);
}

// Named arguments besides the command's own words.
bool pins_arguments(const CallFacts& facts, const std::vector<Selector>& selectors, bool by_command) {
  if (!by_command) return arguments_pinned(facts.arguments, selectors);
  return std::all_of(selectors.begin(), selectors.end(), [&](const Selector& s) {
    const json::value* value = s.kind == Kind::kArgument ? facts.arguments.if_contains(s.name) : nullptr;
    return s.kind != Kind::kArgument || (value != nullptr && json::canonical(*value) == s.value);
  });
}

}  // namespace

std::string_view to_text(GrantScope scope) {
  switch (scope) {
    case GrantScope::kOnce:
      return "once";
    case GrantScope::kSession:
      return "session";
    case GrantScope::kAlways:
      break;
  }
  return "always";
}

std::optional<GrantScope> grant_scope_from_text(std::string_view text) {
  for (const GrantScope scope : {GrantScope::kOnce, GrantScope::kSession, GrantScope::kAlways}) {
    if (to_text(scope) == text) return scope;
  }
  return std::nullopt;
}

Result<GrantPattern> GrantPattern::parse(std::string_view text) {
  if (text.size() > kMaxPatternBytes) {
    return fail(ErrorCode::kTooLarge, "a grant rule of {} bytes is over the limit of {}", text.size(),
                kMaxPatternBytes);
  }
  if (!is_valid_utf8(text)) return fail(ErrorCode::kInvalidArgument, "a grant rule must be valid UTF-8");
  PRYX_TRY(GrantPattern pattern, PatternReader(trim(text)).read());
  PRYX_TRY_VOID(pattern.check());
  return pattern;
}

Result<> GrantPattern::check() const {
  if (!ToolGlob::is_valid(tool) || has_wildcard(tool)) {
    return fail(ErrorCode::kInvalidArgument, "a grant names one tool exactly; '{}' does not",
                utf8_prefix(tool, 64));
  }
  if (selectors.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "a grant never covers a whole tool; limit {} by path, host, command, arg.<name> or call",
                tool);
  }
  if (selectors.size() > kMaxSelectors) {
    return fail(ErrorCode::kTooLarge, "a grant with {} limits is over the limit of {}", selectors.size(),
                kMaxSelectors);
  }
  std::vector<std::string_view> names;
  for (const Selector& selector : selectors) {
    PRYX_TRY_VOID(check_selector(selector));
    if (selector.kind == Kind::kArgument) names.push_back(selector.name);
  }
  std::sort(names.begin(), names.end());
  if (const auto twin = std::adjacent_find(names.begin(), names.end()); twin != names.end()) {
    return fail(ErrorCode::kInvalidArgument, "the argument '{}' is limited twice", utf8_prefix(*twin, 64));
  }
  return {};
}

std::string GrantPattern::to_text() const {
  std::string out = tool + "(";
  const char* separator = "";
  for (const Selector& selector : selectors) {
    out += separator;
    out += selector_text(selector);
    separator = ", ";
  }
  return out + ")";
}

bool GrantPattern::matches(const CallFacts& facts) const {
  if (facts.tool != tool || selectors.empty() || facts.outside_workspace || facts.hands_out_secret)
    return false;
  bool by_path = false, by_host = false, by_argument = false, by_call = false, by_command = false;
  for (const Selector& selector : selectors) {
    switch (selector.kind) {
      case Kind::kPath:
        by_path = true;
        break;
      case Kind::kHost:
        by_host = true;
        break;
      case Kind::kArgument:
        by_argument = true;
        break;
      case Kind::kCall:
        if (facts.call_hash.empty() || selector.value != facts.call_hash) return false;
        by_call = true;
        break;
      case Kind::kCommand:
        by_command = true;
        break;
    }
  }
  // What a command runs is in its words alone: the folder it stands in says nothing of it, and its text as an
  // argument would let a shell or an interpreter in, whose script may be another one tomorrow.
  if (!facts.commands.empty() && !by_command && !by_call) return false;
  if (by_command && !commands_covered(facts, selectors)) return false;
  const bool by_method = by_host && by_argument && limits_the_method_only(facts, selectors);
  if (by_method && !method_fits(facts, selectors)) return false;
  const bool pinned = by_call || (by_argument && !by_method) || by_command;
  if (by_argument && !by_method && !pins_arguments(facts, selectors, by_command)) return false;
  if ((by_path || (!pinned && !facts.paths.empty())) && !all_covered(facts.paths, selectors, Kind::kPath))
    return false;
  return !(by_host || (!pinned && !facts.hosts.empty())) || all_covered(facts.hosts, selectors, Kind::kHost);
}

bool GrantPattern::names_one_call() const {
  return std::any_of(selectors.begin(), selectors.end(),
                     [](const Selector& s) { return s.kind == Kind::kCall; });
}

std::string Grant::why_not(const CallFacts& facts, WallTime at) const {
  if (principal != facts.principal) return "granted by another principal";
  if (scope != GrantScope::kAlways && session != facts.session) return "granted in another session";
  if (!workspace) return "granted before rules were bound to a folder";
  if (*workspace != facts.workspace) return "granted in another folder";
  if (expires_at && at >= *expires_at) return "expired";
  if (scope == GrantScope::kOnce && !pattern.names_one_call())
    return "a grant for once must name the call by its hash";
  if (facts.tool != pattern.tool) return "another tool";
  return pattern.matches(facts) ? "" : "the call is outside of its limits";
}

std::optional<GrantPattern> suggest_pattern(const CallFacts& facts) {
  if (facts.outside_workspace) return std::nullopt;
  GrantPattern pattern{facts.tool, {}};
  const auto literal = [](const std::string& item) { return !has_wildcard(item); };
  if (!facts.commands.empty()) {
    for (const auto& command : facts.commands) {
      Selector selector{Kind::kCommand, "", CommandPattern::exact(command)};
      if (std::find(pattern.selectors.begin(), pattern.selectors.end(), selector) == pattern.selectors.end())
        pattern.selectors.push_back(std::move(selector));
    }
    for (const auto& member : facts.arguments) {
      if (is_beside_the_command(member.key()))
        pattern.selectors.push_back(
            {Kind::kArgument, std::string(member.key()), json::canonical(member.value())});
    }
  } else if (!facts.paths.empty() && facts.hosts.empty() &&
             std::all_of(facts.paths.begin(), facts.paths.end(), literal)) {
    for (const std::string& path : facts.paths) pattern.selectors.push_back({Kind::kPath, "", path});
  } else if (!facts.hosts.empty() && facts.paths.empty()) {
    for (const std::string& host : facts.hosts) pattern.selectors.push_back({Kind::kHost, "", host});
    if (!facts.method.empty())
      pattern.selectors.push_back({Kind::kArgument, "method", json::canonical(json::value(facts.method))});
  } else {
    for (const auto& member : facts.arguments) {
      pattern.selectors.push_back(
          {Kind::kArgument, std::string(member.key()), json::canonical(member.value())});
    }
  }
  const bool fits = pattern.check() && pattern.to_text().size() <= kMaxSuggestedBytes;
  if (!fits || !pattern.matches(facts)) return std::nullopt;
  return pattern;
}

}  // namespace pryx::trust

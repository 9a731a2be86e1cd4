// SPDX-License-Identifier: MIT
#include "trust/policy/rule.h"

#include <algorithm>
#include <array>
#include <utility>

#include "foundation/base/text.h"

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

}  // namespace

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
  return out;
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

Layer::Layer(LayerKind kind, std::string name, const std::vector<Rule>& rules)
    : kind_(kind), name_(std::move(name)) {
  entries_.reserve(rules.size());
  for (const Verdict verdict : {Verdict::kDeny, Verdict::kAsk, Verdict::kAllow}) {
    for (const Rule& rule : rules) {
      if (rule.verdict == verdict) entries_.push_back({rule, ToolGlob(rule.tool), trust::to_text(rule)});
    }
  }
}

std::string Layer::to_text() const {
  std::string out = fmt::format("layer {} {}\n", static_cast<int>(kind_), name_);
  for (const Entry& entry : entries_) {
    out += entry.text;
    out += '\n';
  }
  return out;
}

}  // namespace pryx::trust

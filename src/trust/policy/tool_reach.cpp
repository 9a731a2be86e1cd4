// SPDX-License-Identifier: MIT
#include "trust/policy/tool_reach.h"

namespace pryx::trust {
namespace {

enum class Fit : std::uint8_t { kNo, kSometimes, kYes };

Fit fit_of(const Layer::Entry& entry, std::string_view tool, std::optional<bool> reads_only) {
  const Rule& rule = entry.rule;
  if (!entry.glob.matches(tool)) return Fit::kNo;
  bool conditional = !rule.commands.empty() || !rule.domains.empty() || !rule.paths.empty();
  for (const Condition condition : rule.when) {
    const bool is_about_effect = condition == Condition::kReads || condition == Condition::kChanges;
    if (!is_about_effect || !reads_only) {
      conditional = true;
    } else if (*reads_only != (condition == Condition::kReads)) {
      return Fit::kNo;
    }
  }
  return conditional ? Fit::kSometimes : Fit::kYes;
}

std::string reason_of(Reach reach, std::string_view tool, const std::string& rule) {
  switch (reach) {
    case Reach::kNever:
      return fmt::format("every call of {} is denied by {}", tool, rule);
    case Reach::kAsks:
      return rule.empty() ? fmt::format("no rule allows {}: its calls ask", tool)
                          : fmt::format("every call of {} asks, by {}", tool, rule);
    case Reach::kSometimes:
      return fmt::format("some calls of {} run unasked; pryx policy explain says what becomes of one", tool);
    case Reach::kAlways:
      return fmt::format("calls of {} run unasked, by {}", tool, rule);
  }
  return {};
}

}  // namespace

std::string_view to_text(Reach reach) {
  switch (reach) {
    case Reach::kAsks:
      return "asks";
    case Reach::kSometimes:
      return "sometimes";
    case Reach::kAlways:
      return "always";
    case Reach::kNever:
      break;
  }
  return "never";
}

ToolReach tool_reach(const Layer& base, std::string_view tool, std::optional<bool> reads_only) {
  ToolReach out;
  const std::string* denies = nullptr;
  const std::string* asks = nullptr;
  const std::string* allows = nullptr;
  bool narrows = false, may_allow = false;
  for (const Layer::Entry& entry : base.entries()) {
    const Fit fit = fit_of(entry, tool, reads_only);
    if (fit == Fit::kNo) continue;
    out.rules.push_back({entry.rule.verdict, entry.text, fit == Fit::kSometimes});
    const bool whole = fit == Fit::kYes;
    switch (entry.rule.verdict) {
      case Verdict::kDeny:
        if (whole && denies == nullptr) denies = &entry.text;
        narrows |= !whole;
        break;
      case Verdict::kAsk:
        if (whole && asks == nullptr) asks = &entry.text;
        narrows |= !whole;
        break;
      case Verdict::kAllow:
        if (whole && allows == nullptr) allows = &entry.text;
        may_allow = true;
        break;
    }
  }
  const std::string* by = nullptr;
  if (denies != nullptr) {
    out.reach = Reach::kNever;
    by = denies;
  } else if (asks != nullptr || !may_allow) {
    out.reach = Reach::kAsks;
    by = asks;
  } else if (allows != nullptr && !narrows) {
    out.reach = Reach::kAlways;
    by = allows;
  } else {
    out.reach = Reach::kSometimes;
  }
  out.reason = reason_of(out.reach, tool, by == nullptr ? std::string() : *by);
  return out;
}

json::object ToolReach::to_json() const {
  json::array list;
  for (const Entry& entry : rules) {
    list.push_back(json::object{{"decision", trust::to_text(entry.verdict)},
                                {"rule", entry.rule},
                                {"conditional", entry.conditional}});
  }
  return {{"can", trust::to_text(reach)}, {"reason", reason}, {"rules", std::move(list)}};
}

}  // namespace pryx::trust

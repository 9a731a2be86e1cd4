// SPDX-License-Identifier: MIT
#include "surfaces/cli/approval_card.h"

#include <algorithm>

#include "surfaces/cli/terminal_text.h"
#include "surfaces/cli/text_width.h"

namespace pryx::cli {
namespace {

constexpr std::string_view kBar = "│ ";

void add_wrapped(std::vector<Line>& out, std::string_view text, Style style, int columns) {
  for (const std::string& row : wrap_text(text, std::max(10, columns - display_width(kBar) - 1))) {
    Line line(kBar, kWarning);
    out.push_back(line.add(row, style));
  }
}

}  // namespace

std::vector<Line> approval_card(const json::object& approval, int columns) {
  std::vector<Line> out;
  const std::string tool = json::string_or(approval, "tool");
  Line head("┌ approval needed", kWarning);
  out.push_back(head.add("  " + tool, kBold));
  const std::string rendering = json::string_or(approval, "rendering");
  add_wrapped(out, sanitize(rendering.empty() ? tool : rendering, Exactness::kExact), kBold, columns);
  // The rendering is a summary by the tool; what would run are the arguments.
  if (const json::value* arguments = json::find(approval, "arguments");
      arguments != nullptr && arguments->is_object() && !arguments->get_object().empty()) {
    add_wrapped(out, sanitize(json::to_text(*arguments), Exactness::kExact), {}, columns);
  }
  if (const std::string reason = json::string_or(approval, "reason"); !reason.empty())
    add_wrapped(out, "asks because: " + sanitize(reason), kDim, columns);
  if (const std::string rule = json::string_or(approval, "rule_suggestion"); !rule.empty())
    add_wrapped(out, "rule to keep: " + sanitize(rule, Exactness::kExact), kDim, columns);
  if (const std::string until = json::string_or(approval, "expires_at"); !until.empty())
    add_wrapped(out, "denied by itself at " + sanitize(until), kDim, columns);
  out.emplace_back("└", kWarning);
  return out;
}

json::object to_json(const ApprovalAnswer& answer) {
  json::object body{{"decision", answer.approve ? "approve" : "deny"}};
  if (answer.approve && !answer.scope.empty()) body["scope"] = answer.scope;
  if (answer.approve && !answer.rule.empty()) body["rule"] = answer.rule;
  if (!answer.approve && !answer.reason.empty()) body["reason"] = answer.reason;
  return body;
}

}  // namespace pryx::cli

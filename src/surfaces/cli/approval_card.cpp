// SPDX-License-Identifier: MIT
#include "surfaces/cli/approval_card.h"

#include <algorithm>
#include <initializer_list>

#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"
#include "surfaces/cli/terminal_text.h"
#include "surfaces/cli/text_width.h"

namespace pryx::cli {
namespace {

constexpr std::string_view kBar = "│ ";
// A text that stands in the preview is not repeated among the arguments when it is longer than this.
constexpr std::size_t kMaxRepeatedBytes = 256;

void add_wrapped(std::vector<Line>& out, std::string_view text, Style style, int columns) {
  for (const std::string& row : wrap_text(text, std::max(10, columns - display_width(kBar) - 1))) {
    Line line(kBar, kWarning);
    out.push_back(line.add(row, style));
  }
}

// One line that is exact to the last blank: a line feed or a tab in it is shown, not obeyed.
std::string exact_line(std::string_view text) {
  std::string out;
  for (const char c : sanitize(text, Exactness::kExact)) {
    if (c == '\n')
      out += "\\x0a";
    else if (c == '\t')
      out += "\\x09";
    else
      out += c;
  }
  return out;
}

Style diff_style(std::string_view line) {
  if (line.starts_with("@@")) return kAccent;
  if (line.starts_with('+')) return kGood;
  if (line.starts_with('-')) return Style{.colour = Colour::kRed};
  return {};
}

void add_preview(std::vector<Line>& out, std::string_view preview, int columns) {
  const std::string shown = sanitize(preview, Exactness::kExact);
  std::string_view rest = shown;
  if (rest.ends_with('\n')) rest.remove_suffix(1);
  for (const std::string_view line : split(rest, '\n')) add_wrapped(out, line, diff_style(line), columns);
}

// What a preview shows, without the signs that tools put before its lines: the preview itself, each block
// that is indented, and each hunk of a diff as it was and as it becomes.
std::vector<std::string> texts_in(std::string_view preview) {
  std::vector<std::string> out{std::string(preview)};
  std::string block, before, after;
  bool in_block = false, in_hunk = false;
  char sign = ' ';
  const bool is_diff = preview.starts_with("--- ");
  const auto close = [&out](bool& is_open, std::initializer_list<std::string*> texts) {
    for (std::string* text : texts) {
      if (is_open) out.push_back(std::move(*text));
      text->clear();
    }
    is_open = false;
  };
  for (const std::string_view line : split(preview, '\n')) {
    const std::string_view rest = line.substr(std::min<std::size_t>(1, line.size()));
    if (is_diff && line.starts_with("@@ ")) {
      close(in_hunk, {&before, &after});
      in_hunk = true;
    } else if (in_hunk && line.starts_with('\\')) {
      // "No newline at end of file" is said of the line before.
      if (sign != '+' && before.ends_with('\n')) before.pop_back();
      if (sign != '-' && after.ends_with('\n')) after.pop_back();
    } else if (in_hunk && !line.empty() && std::string_view(" +-").contains(line.front())) {
      sign = line.front();
      if (sign != '+') before.append(rest) += '\n';
      if (sign != '-') after.append(rest) += '\n';
    } else {
      close(in_hunk, {&before, &after});
    }
    if (!is_diff && line.starts_with("  ")) {
      if (in_block) block += '\n';
      block += line.substr(2);
      in_block = true;
    } else {
      close(in_block, {&block});
    }
  }
  close(in_hunk, {&before, &after});
  close(in_block, {&block});
  return out;
}

// Whether whole lines of the text are the value.
bool holds_lines(std::string_view text, std::string_view value) {
  for (std::size_t at = 0;;) {
    const std::string_view rest = text.substr(at);
    if (rest.starts_with(value) &&
        (rest.size() == value.size() || rest[value.size()] == '\n' || value.ends_with('\n')))
      return true;
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return false;
    at += end + 1;
  }
}

const json::object* bound_facts(const json::object& approval) {
  const json::value* bound = json::find(approval, "bound");
  const json::value* facts =
      bound != nullptr && bound->is_object() ? json::find(bound->get_object(), "facts") : nullptr;
  return facts != nullptr && facts->is_object() ? &facts->get_object() : nullptr;
}

// Whether the value is what a file becomes by the diff that is shown: of that, a diff leaves out what stays.
bool is_file_after(const json::object& approval, std::string_view preview, std::string_view value) {
  if (!preview.starts_with("--- ")) return false;
  const json::object* facts = bound_facts(approval);
  const json::value* changes = facts != nullptr ? json::find(*facts, "changes") : nullptr;
  if (changes == nullptr || !changes->is_array() || changes->get_array().size() != 1) return false;
  const json::value& change = changes->get_array().front();
  const json::value* after = change.is_object() ? json::find(change.get_object(), "after") : nullptr;
  return after != nullptr && after->is_object() &&
         json::string_or(after->get_object(), "sha256") == crypto::sha256_hex(value);
}

// What would run, exactly. A long text is named by its size where the preview holds it, and nowhere else:
// what a tool's preview leaves out, such as a command's description, is bound to the answer too.
json::object shown_arguments(const json::object& approval, const json::object& arguments) {
  json::object out = arguments;
  const std::string preview = json::string_or(approval, "preview");
  if (preview.empty() || !is_shown_whole(approval)) return out;
  const std::vector<std::string> texts = texts_in(preview);
  for (auto& member : out) {
    json::value& value = member.value();
    if (!value.is_string() || value.get_string().size() <= kMaxRepeatedBytes) continue;
    const std::string_view text(value.get_string());
    const auto holds = [text](const std::string& shown) { return holds_lines(shown, text); };
    if (std::ranges::any_of(texts, holds))
      value = fmt::format("({} bytes, above)", text.size());
    else if (is_file_after(approval, preview, text))
      value = fmt::format("({} bytes: the file with the change above)", text.size());
  }
  return out;
}

std::string joined(const json::object& o, std::string_view key) {
  std::string out;
  const json::value* items = json::find(o, key);
  if (items == nullptr || !items->is_array()) return out;
  for (const json::value& item : items->get_array()) {
    if (!item.is_string()) continue;
    out += out.empty() ? "" : ", ";
    out += std::string_view(item.get_string());
  }
  return out;
}

void add_call(std::vector<Line>& out, const json::object& approval, int columns) {
  const std::string tool = json::string_or(approval, "tool");
  const std::string rendering = json::string_or(approval, "rendering");
  add_wrapped(out, exact_line(rendering.empty() ? tool : rendering), kBold, columns);
  const std::string preview = json::string_or(approval, "preview");
  if (!preview.empty()) add_preview(out, preview, columns);
  // The rendering is a summary by the tool; what would run are the arguments.
  if (const json::value* arguments = json::find(approval, "arguments");
      arguments != nullptr && arguments->is_object() && !arguments->get_object().empty()) {
    const json::object shown = shown_arguments(approval, arguments->get_object());
    add_wrapped(out, sanitize(json::to_text(shown), Exactness::kExact), {}, columns);
  }
  if (const json::object* facts = bound_facts(approval); facts != nullptr && !facts->empty())
    add_wrapped(out, "bound to: " + sanitize(json::to_text(*facts), Exactness::kExact), kDim, columns);
}

}  // namespace

bool is_shown_whole(const json::object& approval) {
  const json::value* whole = json::find(approval, "shown_whole");
  return whole == nullptr || !whole->is_bool() || whole->get_bool();
}

bool fits_a_plan(const json::object& approval) {
  return is_shown_whole(approval) && joined(approval, "changes").empty();
}

std::vector<Line> approval_card(const json::object& approval, int columns) {
  std::vector<Line> out;
  Line head("┌ approval needed", kWarning);
  head.add("  " + json::string_or(approval, "tool"), kBold);
  if (const std::string risk = json::string_or(approval, "risk"); risk == "high")
    head.add("  high risk", kBad);
  out.push_back(std::move(head));
  if (const std::string changes = joined(approval, "changes"); !changes.empty())
    add_wrapped(out, "asked again, because it changed: " + sanitize(changes, Exactness::kExact), kBad,
                columns);
  add_call(out, approval, columns);
  if (const std::string reason = json::string_or(approval, "reason"); !reason.empty())
    add_wrapped(out, "asks because: " + sanitize(reason), kDim, columns);
  if (const std::string labels = joined(approval, "labels"); !labels.empty())
    add_wrapped(out, "the agent had read: " + sanitize(labels), kDim, columns);
  if (const std::string rule = json::string_or(approval, "rule_suggestion"); !rule.empty())
    add_wrapped(out, "rule to keep: " + sanitize(rule, Exactness::kExact), kDim, columns);
  if (const std::string until = json::string_or(approval, "expires_at"); !until.empty())
    add_wrapped(out, "denied by itself at " + sanitize(until), kDim, columns);
  if (!is_shown_whole(approval))
    add_wrapped(out,
                "this is too long to be judged at a glance: allowing it takes typing the code " +
                    json::string_or(approval, "confirm_code"),
                kBad, columns);
  out.emplace_back("└", kWarning);
  return out;
}

json::object to_json(const ApprovalAnswer& answer) {
  json::object body{{"decision", answer.approve ? "approve" : "deny"}};
  if (answer.approve && !answer.scope.empty()) body["scope"] = answer.scope;
  if (answer.approve && !answer.rule.empty()) body["rule"] = answer.rule;
  if (answer.approve && !answer.confirm.empty()) body["confirm"] = answer.confirm;
  if (answer.approve && !answer.expires.empty()) body["expires"] = answer.expires;
  if (!answer.approve && !answer.reason.empty()) body["reason"] = answer.reason;
  return body;
}

std::string preview_text(const json::object& preview) {
  const std::int64_t matched = json::integer_or(preview, "would_have_matched", 0);
  std::string out = fmt::format("this rule would have answered {} of the last {} calls that were asked about",
                                matched, json::integer_or(preview, "looked_at", 0));
  const json::value* samples = json::find(preview, "samples");
  if (samples == nullptr || !samples->is_array()) return out;
  for (const json::value& sample : samples->get_array()) {
    if (sample.is_object()) out += "\n  " + sanitize_line(json::string_or(sample.get_object(), "rendering"));
  }
  return out;
}

}  // namespace pryx::cli

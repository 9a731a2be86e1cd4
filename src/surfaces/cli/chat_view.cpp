// SPDX-License-Identifier: MIT
#include "surfaces/cli/chat_view.h"

#include <algorithm>

#include "surfaces/cli/approval_card.h"
#include "surfaces/cli/console.h"
#include "surfaces/cli/terminal_text.h"
#include "surfaces/cli/text_width.h"

namespace pryx::cli {
namespace {

constexpr int kEditorRows = 4;
constexpr int kPreviewRows = 4;

std::string seconds_text(Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  return seconds < 60 ? fmt::format("{} s", seconds) : fmt::format("{} min {} s", seconds / 60, seconds % 60);
}

}  // namespace

void ChatView::set_size(int columns, int rows) {
  columns_ = std::max(columns, 10);
  rows_ = std::max(rows, 2);
  markdown_.set_columns(columns_);
}

std::vector<Line> ChatView::take_above() { return std::exchange(above_, {}); }

void ChatView::start_turn(std::string_view prompt, MonotonicTime now) {
  bool is_first = true;
  for (const std::string& row : wrap_text(sanitize(prompt), std::max(4, columns_ - 3))) {
    Line line(is_first ? "› " : "  ", kAccent);
    above_.push_back(line.add(row, kBold));
    is_first = false;
  }
  above_.emplace_back();
  mode_ = ChatMode::kWorking;
  hint_.clear();
  started_ = now;
  text_step_.clear();
  step_bytes_ = 0;
  is_thinking_ = false;
  after_tool_ = false;
}

void ChatView::finish_text() {
  if (!has_text_) return;
  has_text_ = false;
  std::vector<Line> rest = markdown_.finish();
  above_.insert(above_.end(), std::make_move_iterator(rest.begin()), std::make_move_iterator(rest.end()));
  above_.emplace_back();
}

void ChatView::add_text(const std::string& step, std::string_view text) {
  if (step != text_step_) {
    finish_text();
    text_step_ = step;
    step_bytes_ = 0;
  }
  if (after_tool_) above_.emplace_back();
  after_tool_ = false;
  has_text_ = true;
  step_bytes_ += text.size();
  std::vector<Line> finished = markdown_.feed(text);
  above_.insert(above_.end(), std::make_move_iterator(finished.begin()),
                std::make_move_iterator(finished.end()));
}

void ChatView::open_approval(const json::object& approval) {
  finish_text();
  for (Line& line : approval_card(approval, columns_)) above_.push_back(std::move(line));
  if (approval_) {
    more_approvals_.push_back(approval);
    return;
  }
  approval_ = approval;
  mode_ = ChatMode::kApproval;
}

namespace {
std::string approval_id_of(const json::object& approval) {
  return json::string_or(approval, "approval_id", json::string_or(approval, "id"));
}
}  // namespace

std::vector<std::string> ChatView::plan() const {
  if (!approval_ || more_approvals_.empty() || !fits_a_plan(*approval_)) return {};
  std::vector<std::string> ids{approval_id_of(*approval_)};
  for (const json::object& approval : more_approvals_) {
    if (!fits_a_plan(approval)) return {};
    ids.push_back(approval_id_of(approval));
  }
  return ids;
}

void ChatView::close_approval() {
  approval_.reset();
  const bool was_asking = mode_ == ChatMode::kApproval || mode_ == ChatMode::kRule ||
                          mode_ == ChatMode::kReason || mode_ == ChatMode::kConfirm;
  if (!more_approvals_.empty()) {
    approval_ = std::move(more_approvals_.front());
    more_approvals_.erase(more_approvals_.begin());
    if (was_asking) mode_ = ChatMode::kApproval;
    return;
  }
  if (was_asking) mode_ = ChatMode::kWorking;
}

void ChatView::close_all_approvals() {
  more_approvals_.clear();
  close_approval();
}

void ChatView::print_error(const Error& error) {
  finish_text();
  const ErrorText text = lay_out(error);
  Line line("error", kBad);
  above_.push_back(line.add(": ").add(text.error));
  if (!text.cause.empty()) above_.emplace_back("cause: " + text.cause);
  if (!text.advice.empty()) above_.emplace_back("try: " + text.advice);
  if (const std::string trace = traces_->find(error); !trace.empty())
    above_.emplace_back("trace: " + trace, kDim);
  above_.emplace_back();
}

void ChatView::take(const TurnEvent& event, MonotonicTime now) {
  if (event.name == "turn.retrying") {
    retry_reason_ = sanitize_line(json::string_or(event.payload, "reason"));
    retry_at_ = now + std::chrono::milliseconds(json::integer_or(event.payload, "delay_ms", 0));
    // That may take long: what is known of it stays to be read.
    if (auto line = waits_for_model(event) ? describe_event(event) : std::nullopt) {
      finish_text();
      print(std::move(*line));
    }
    return;
  }
  retry_reason_.clear();
  if (event.name == "turn.delta") {
    is_thinking_ = json::string_or(event.payload, "part") != "text";
    if (!is_thinking_) add_text(json::string_or(event.payload, "step_id"), event.text);
    return;
  }
  if (event.name == "step.started" && json::integer_or(event.payload, "attempt", 1) > 1 &&
      json::string_or(event.payload, "kind") == "model") {
    finish_text();
    // Of one that was waited for, nothing was shown.
    const bool was_shown = step_bytes_ > 0 && json::string_or(event.payload, "step_id") == text_step_;
    if (was_shown) print(Line("(interrupted; trying again)", kDim));
    text_step_.clear();
    step_bytes_ = 0;  // an answer that ended while nobody was connected is printed from the end's own text
    return;
  }
  if (event.name == "approval.needed") {
    open_approval(event.payload);
    return;
  }
  if (event.name == "approval.resolved") {
    const std::string id = json::string_or(event.payload, "approval_id");
    if (approval_ && json::string_or(*approval_, "approval_id", json::string_or(*approval_, "id")) == id) {
      print(Line(fmt::format("  {} by {}", json::string_or(event.payload, "state"),
                             json::string_or(event.payload, "resolved_by", "another surface")),
                 kDim));
      close_approval();
    } else {
      std::erase_if(more_approvals_, [&](const json::object& a) { return approval_id_of(a) == id; });
    }
    return;
  }
  if (ends_turn(event.name)) {
    end_turn(event, now);
    return;
  }
  if (auto line = describe_event(event)) {
    finish_text();
    print(std::move(*line));
    after_tool_ = true;
    if (event.name == "tool.finished") text_step_.clear();
  }
}

void ChatView::end_turn(const TurnEvent& event, MonotonicTime now) {
  approval_.reset();
  more_approvals_.clear();
  mode_ = ChatMode::kReady;
  is_thinking_ = false;
  if (event.name == "turn.completed") {
    const std::string text = json::string_or(event.payload, "text");
    // Nothing of the last step was streamed when the connection was away at that time.
    if (step_bytes_ == 0 && !text.empty())
      add_text("end", text);
    else if (!event.text.empty())
      add_text(text_step_.empty() ? "end" : text_step_, event.text);
    finish_text();
    tokens_ += tokens_of(event.payload);
    model_ = json::string_or(event.payload, "model", model_);
    Line line(fmt::format("{} · {}", model_, seconds_text(now - started_)), kDim);
    if (const std::int64_t used = tokens_of(event.payload); used > 0)
      line.add(fmt::format(" · {} tokens", used), kDim);
    if (const std::string cost = cost_of(event.payload); !cost.empty())
      line.add(fmt::format(" · {}", cost), kDim);
    if (const std::int64_t denied = json::integer_or(event.payload, "denied_calls", 0); denied > 0)
      line.add(fmt::format(" · {} denied", denied), kWarning);
    print(std::move(line));
  } else if (event.name == "turn.cancelled") {
    finish_text();
    print(Line("cancelled", kWarning));
  } else if (event.name == "turn.needs_attention") {
    finish_text();
    for (const std::string& row : wrap_text(sanitize(describe_attention(event.payload)), columns_ - 1))
      print(Line(row, kWarning));
  } else {
    print_error(error_of_failed_turn(event.payload, *traces_));
    return;
  }
  above_.emplace_back();
}

std::string ChatView::state_text(MonotonicTime now) const {
  switch (mode_) {
    case ChatMode::kReady:
      return "ready";
    case ChatMode::kWorking:
      if (!retry_reason_.empty() && retry_at_ > now)
        return fmt::format("retrying in {} ({})", seconds_text(retry_at_ - now), retry_reason_);
      if (!retry_reason_.empty()) return fmt::format("retrying ({})", retry_reason_);
      return fmt::format("{} {}", is_thinking_ ? "thinking" : "working", seconds_text(now - started_));
    case ChatMode::kCancelling:
      return "cancelling";
    default:
      return "waiting for you";
  }
}

Line ChatView::status_line(MonotonicTime now) const {
  Line line(model_.empty() ? "default model" : model_, kAccent);
  line.add(fmt::format(" · {}", state_text(now)), mode_ == ChatMode::kReady ? kDim : kWarning);
  if (tokens_ > 0) line.add(fmt::format(" · {} tokens", tokens_), kDim);
  if (!hint_.empty()) return line.add(fmt::format(" · {}", hint_), kWarning);
  switch (mode_) {
    case ChatMode::kReady:
      return line.add(" · Enter send · ^J new line · ^D leave", kDim);
    case ChatMode::kWorking:
      return line.add(" · ^C cancel", kDim);
    case ChatMode::kCancelling:
      return line.add(" · ^C leave", kDim);
    case ChatMode::kApproval:
      return line;
    case ChatMode::kRule:
      return line.add(" · Enter allow from now on · Esc back", kDim);
    case ChatMode::kReason:
      return line.add(" · Enter deny · Esc back", kDim);
    case ChatMode::kConfirm:
      return line.add(" · Enter allow · Esc back", kDim);
  }
  return line;
}

Frame ChatView::frame(const LineEditor& editor, MonotonicTime now) const {
  Frame frame;
  const int room = std::clamp(rows_ - 2, 1, kMaxLiveLines - 1);  // beside the status line
  switch (mode_) {
    case ChatMode::kReady:
      editor.render(frame, "› ", kAccent, columns_, std::min(kEditorRows, room));
      break;
    case ChatMode::kWorking:
    case ChatMode::kCancelling: {
      std::vector<Line> preview = has_text_ ? markdown_.preview() : std::vector<Line>{};
      const auto shown = static_cast<std::size_t>(std::min(kPreviewRows, room));
      if (preview.size() > shown)
        preview.erase(preview.begin(), preview.end() - static_cast<std::ptrdiff_t>(shown));
      frame.lines = std::move(preview);
      break;
    }
    case ChatMode::kApproval: {
      if (!more_approvals_.empty()) {
        const std::size_t count = more_approvals_.size() + 1;
        Line first(fmt::format("1 of {}: ", count), kWarning);
        first.add(sanitize_line(json::string_or(*approval_, "rendering")), kBold);
        if (!plan().empty()) first.add(fmt::format(" · Y all {} once · N none", count), kDim);
        frame.lines.push_back(truncate(first, columns_ - 1));
      }
      Line keys("allow? ", kWarning);
      keys.add("y", kBold)
          .add(" once · ", kDim)
          .add("s", kBold)
          .add(" session · ", kDim)
          .add("a", kBold)
          .add(" always… · ", kDim);
      keys.add("n", kBold).add(" deny · ", kDim).add("r", kBold).add(" deny with reason", kDim);
      frame.lines.push_back(std::move(keys));
      break;
    }
    case ChatMode::kRule:
      editor.render(frame, "rule › ", kWarning, columns_, std::min(kEditorRows, room));
      break;
    case ChatMode::kReason:
      editor.render(frame, "reason › ", kWarning, columns_, std::min(kEditorRows, room));
      break;
    case ChatMode::kConfirm:
      editor.render(frame, "code › ", kWarning, columns_, std::min(kEditorRows, room));
      break;
  }
  const bool has_editor = mode_ == ChatMode::kReady || mode_ == ChatMode::kRule ||
                          mode_ == ChatMode::kReason || mode_ == ChatMode::kConfirm;
  frame.lines.push_back(status_line(now));
  if (!has_editor) {
    frame.cursor_row = static_cast<int>(frame.lines.size()) - 1;
    frame.cursor_column = std::min(columns_ - 1, width_of(frame.lines.back()));
  }
  return frame;
}

}  // namespace pryx::cli

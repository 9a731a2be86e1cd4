// SPDX-License-Identifier: MIT
// What the inline conversation shows, as values: events and keys in; lines for the scrollback and a frame of
// at most six live lines out. Pure; one owner.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/clock.h"
#include "surfaces/cli/line_editor.h"
#include "surfaces/cli/live_region.h"
#include "surfaces/cli/markdown.h"
#include "surfaces/cli/turn_follower.h"

namespace pryx::cli {

inline constexpr int kMaxLiveLines = 6;

enum class ChatMode : std::uint8_t {
  kReady,       // the person types
  kWorking,     // a turn runs
  kCancelling,  // and was asked to stop
  kApproval,    // a key answers the card above
  kRule,        // the rule of "always" is edited
  kReason,      // the reason of a denial is typed
  kConfirm,     // the code of a call that is not shown whole is typed
};

class ChatView {
 public:
  // `traces`: of the errors that are shown; outlives the view.
  ChatView(int columns, client::ErrorTraces& traces)
      : columns_(columns), markdown_(columns), traces_(&traces) {}

  void set_size(int columns, int rows);
  void set_model(std::string model) { model_ = std::move(model); }
  [[nodiscard]] ChatMode mode() const { return mode_; }
  void set_mode(ChatMode mode) { mode_ = mode; }
  // A hint that stands in the status line until the next key.
  void set_hint(std::string hint) { hint_ = std::move(hint); }

  void start_turn(std::string_view prompt, MonotonicTime now);
  void take(const TurnEvent& event, MonotonicTime now);
  // The oldest question that is open.
  [[nodiscard]] const std::optional<json::object>& approval() const { return approval_; }
  // Their ids, when several wait and each can be judged as it is shown: one answer may cover them all.
  [[nodiscard]] std::vector<std::string> plan() const;
  // The card was answered here or elsewhere; the next one takes its place.
  void close_approval();
  void close_all_approvals();
  void print(Line line) { above_.push_back(std::move(line)); }
  void print_error(const Error& error);

  // Lines that are finished since the last call.
  [[nodiscard]] std::vector<Line> take_above();
  [[nodiscard]] Frame frame(const LineEditor& editor, MonotonicTime now) const;

 private:
  void finish_text();
  void add_text(const std::string& step, std::string_view text);
  void end_turn(const TurnEvent& event, MonotonicTime now);
  void open_approval(const json::object& approval);
  [[nodiscard]] Line status_line(MonotonicTime now) const;
  [[nodiscard]] std::string state_text(MonotonicTime now) const;

  int columns_;
  int rows_ = 24;
  ChatMode mode_ = ChatMode::kReady;
  std::string model_;
  std::string hint_;
  MarkdownStream markdown_;
  client::ErrorTraces* traces_;
  std::string text_step_;       // the step whose text is being shown
  std::size_t step_bytes_ = 0;  // of it
  bool has_text_ = false;       // the stream holds something that is not finished
  bool is_thinking_ = false;
  std::string retry_reason_;  // the model is asked again, because of this
  MonotonicTime retry_at_{};
  bool after_tool_ = false;  // the line above is about a tool
  MonotonicTime started_{};
  std::int64_t tokens_ = 0;
  std::optional<json::object> approval_;
  std::vector<json::object> more_approvals_;  // asked while it is open
  std::vector<Line> above_;
};

}  // namespace pryx::cli

// SPDX-License-Identifier: MIT
#include "surfaces/cli/chat.h"
#include "surfaces/cli/chat_commands.h"
#include "surfaces/cli/compact.h"
#include "surfaces/cli/image_file.h"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "foundation/base/text.h"
#include "foundation/platform/files.h"
#include "surfaces/cli/approval_card.h"
#include "surfaces/cli/chat_plain.h"
#include "surfaces/cli/chat_view.h"
#include "surfaces/cli/signals.h"
#include "surfaces/cli/terminal_mode.h"

namespace pryx::cli {
namespace {

constexpr auto kFrameInterval = std::chrono::milliseconds(33);  // at most 30 frames a second
constexpr auto kTick = std::chrono::seconds(1);                 // the elapsed time
constexpr auto kEscapePause =
    std::chrono::milliseconds(40);  // a lone escape byte is the Escape key after that
constexpr std::size_t kMaxHistoryFile = 4u << 20;
constexpr int kLeftByInterrupt = 130;

std::string history_path(const Context& context) {
  const auto places = context.places();
  if (!places) return {};
  // Root does not write where the system user owns the directory.
  const auto facts = platform::file_facts(places->state);
  if (!facts || facts->uid != ::geteuid()) return {};
  return places->state + "/history";
}

class Conversation {
 public:
  Conversation(Context& context, std::string session, std::string model, SignalPipe& signals,
               TerminalMode& mode)
      : context_(context),
        session_(std::move(session)),
        model_(std::move(model)),
        signals_(signals),
        mode_(mode),
        view_(columns(), context.console().traces()),
        region_(context.console().options().colour ? ColourMode::kAnsi : ColourMode::kNone, columns()) {
    view_.set_size(columns(), terminal_rows(out_fd(), 24));
  }
  Result<int> run(const std::string& first_prompt);

 private:
  [[nodiscard]] int out_fd() const { return context_.console().options().out_fd; }
  [[nodiscard]] int in_fd() const { return context_.console().options().in_fd; }
  [[nodiscard]] int columns() const { return terminal_columns(out_fd(), 80); }
  [[nodiscard]] MonotonicTime now() const { return context_.clock().monotonic(); }
  void write(std::string_view bytes) { (void)platform::write_all(out_fd(), bytes, "terminal"); }

  void draw();
  void draw_when_due();
  [[nodiscard]] int wait();
  void read_turn();
  void read_keys();
  void take_key(const Key& key);
  void take_approval_key(const Key& key);
  void take_line_key(const Key& key);
  void submit();
  void submit_rule_or_reason();
  void answer(const ApprovalAnswer& answer);
  void answer_all(bool approve);
  void show_preview(const std::string& rule);
  void interrupt();
  void take_signals();
  void send(const std::string& prompt);
  [[nodiscard]] bool take_command(const std::string& text);
  void load_history();
  void save_history();

  Context& context_;
  std::string session_;
  std::string model_;
  SignalPipe& signals_;
  TerminalMode& mode_;
  ChatView view_;
  LiveRegion region_;
  LineEditor editor_;
  ImageParts images_;       // for the next message
  LineEditor side_editor_;  // the rule or the reason
  KeyDecoder keys_;
  std::optional<TurnFollower> turn_;
  std::optional<int> leave_;
  bool interrupted_once_ = false;
  bool is_dirty_ = true;
  MonotonicTime last_frame_{};
};

void Conversation::draw() {
  const LineEditor& editor = view_.mode() == ChatMode::kRule || view_.mode() == ChatMode::kReason ||
                                     view_.mode() == ChatMode::kConfirm
                                 ? side_editor_
                                 : editor_;
  const std::vector<Line> above = view_.take_above();
  const std::string bytes = region_.draw(view_.frame(editor, now()), above);
  if (!bytes.empty()) write(bytes);
  last_frame_ = now();
  is_dirty_ = false;
}

void Conversation::draw_when_due() {
  const bool is_tick = view_.mode() != ChatMode::kReady && now() - last_frame_ >= kTick;
  if ((is_dirty_ && now() - last_frame_ >= kFrameInterval) || is_tick) draw();
}

// The number of milliseconds until something has to be done without an event.
int Conversation::wait() {
  Duration limit = std::chrono::hours(1);
  if (view_.mode() != ChatMode::kReady) limit = kTick - (now() - last_frame_);
  if (is_dirty_) limit = std::min<Duration>(limit, kFrameInterval - (now() - last_frame_));
  if (keys_.has_pending()) limit = std::min<Duration>(limit, kEscapePause);
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(limit).count();
  return static_cast<int>(std::clamp<std::int64_t>(milliseconds, 0, 3'600'000));
}

void Conversation::load_history() {
  const std::string path = history_path(context_);
  if (path.empty()) return;
  if (const auto file = platform::read_file(path, kMaxHistoryFile)) editor_.set_history(parse_history(*file));
}

void Conversation::save_history() {
  const std::string path = history_path(context_);
  // A conversation goes on without its history.
  if (!path.empty()) (void)platform::atomic_write_file(path, format_history(editor_.history()), 0600);
}

void Conversation::send(const std::string& prompt) {
  view_.start_turn(prompt, now());
  draw();
  json::object message{{"text", prompt}, {"interactive", true}};
  if (!model_.empty()) message["model"] = model_;
  images_.move_into(message);
  auto turn = TurnFollower::send(context_, session_, std::move(message));
  if (!turn) {
    view_.print_error(turn.error());
    view_.set_mode(ChatMode::kReady);
  } else {
    turn_.emplace(std::move(*turn));
  }
  is_dirty_ = true;
}

bool Conversation::take_command(const std::string& text) {
  if (text == "/quit" || text == "/exit") {
    leave_ = 0;
    return true;
  }
  if (const auto done = take_compact_command(context_, session_, {}, text)) {
    if (*done)
      view_.print(Line(**done, kDim));
    else
      view_.print_error(done->error());
    view_.print({});
    return true;
  }
  if (const auto added = images_.take_command(text)) {
    if (*added)
      view_.print(Line(**added, kDim));
    else
      view_.print_error(added->error());
    view_.print({});
    return true;
  }
  if (const auto done = take_chat_command({context_, session_, model_}, text)) {
    if (*done) {
      for (const std::string& line : **done) view_.print(Line(line, kDim));
    } else {
      view_.print_error(done->error());
    }
    view_.print({});
    return true;
  }
  return false;
}

void Conversation::submit() {
  const std::string text(trim(editor_.text()));
  if (text.empty()) return;
  editor_.remember(editor_.text());
  editor_.clear();
  if (take_command(text)) return;
  save_history();
  send(text);
}

void Conversation::answer(const ApprovalAnswer& answer) {
  const std::string id =
      json::string_or(*view_.approval(), "approval_id", json::string_or(*view_.approval(), "id"));
  auto api = context_.api();
  auto reply = api ? (*api)->post(path_of("/api/v1/approvals/", id), to_json(answer))
                   : Result<client::Reply>(std::unexpected(api.error()));
  if (!reply && reply.error().code == ErrorCode::kInvalidArgument) {
    // A rule that cannot be kept: the card stays open for another answer.
    view_.print_error(reply.error());
    view_.set_mode(ChatMode::kApproval);
    return;
  }
  Line line(answer.approve ? "  ✓ " : "  ✗ ", answer.approve ? kGood : kBad);
  if (!reply) {
    view_.print_error(reply.error());
  } else if (!answer.approve) {
    view_.print(line.add("denied", kDim));
  } else {
    const std::string kept =
        answer.scope == "once"
            ? ""
            : fmt::format(": {}", answer.rule.empty() ? json::string_or(*view_.approval(), "rule_suggestion")
                                                      : answer.rule);
    view_.print(line.add(
        fmt::format("allowed {}{}", answer.scope == "session" ? "for this session" : answer.scope, kept),
        kDim));
  }
  view_.close_approval();
}

void Conversation::take_approval_key(const Key& key) {
  if (key.kind != Key::Kind::kText) return;
  const std::string rule = json::string_or(*view_.approval(), "rule_suggestion");
  if (key.text == "Y" || key.text == "N") return answer_all(key.text == "Y");
  const bool allows = key.text == "y" || key.text == "s" || key.text == "a";
  if (allows && !is_shown_whole(*view_.approval())) {
    // More than a key: the code is typed from the card, for this one call.
    side_editor_.clear();
    view_.set_mode(ChatMode::kConfirm);
    return;
  }
  if (key.text == "y") return answer({.approve = true, .scope = "once", .rule = {}, .reason = {}});
  if (key.text == "n") return answer({.approve = false, .scope = {}, .rule = {}, .reason = {}});
  if (key.text == "r") {
    side_editor_.clear();
    view_.set_mode(ChatMode::kReason);
    return;
  }
  if (key.text != "s" && key.text != "a") return;
  if (rule.empty()) {
    view_.set_hint("no rule is narrow enough to keep: y or n");
    return;
  }
  if (key.text == "s") return answer({.approve = true, .scope = "session", .rule = {}, .reason = {}});
  show_preview(rule);
  side_editor_.set_text(rule);
  view_.set_mode(ChatMode::kRule);
}

void Conversation::show_preview(const std::string& rule) {
  const std::string id =
      json::string_or(*view_.approval(), "approval_id", json::string_or(*view_.approval(), "id"));
  auto api = context_.api();
  if (!api) return;
  const auto reply =
      (*api)->post(path_of("/api/v1/approvals/", id, "/preview"), json::object{{"rule", rule}});
  if (!reply) return;  // it is a help; the answer itself is judged by the daemon
  for (const std::string_view line : split(preview_text(reply->json), '\n')) view_.print(Line(line, kDim));
}

// The whole plan at once; each call stays bound to what its card showed.
void Conversation::answer_all(bool approve) {
  const std::vector<std::string> ids = view_.plan();
  if (ids.empty()) {
    view_.set_hint("these are answered one by one");
    return;
  }
  json::array list;
  for (const std::string& id : ids) list.emplace_back(id);
  auto api = context_.api();
  const auto reply =
      api ? (*api)->post("/api/v1/approvals/plan",
                         json::object{{"decision", approve ? "approve" : "deny"}, {"approval_ids", list}})
          : Result<client::Reply>(std::unexpected(api.error()));
  if (!reply) return view_.print_error(reply.error());
  Line line(approve ? "  ✓ " : "  ✗ ", approve ? kGood : kBad);
  view_.print(line.add(fmt::format("{} all {} calls", approve ? "allowed" : "denied", ids.size()), kDim));
  view_.close_all_approvals();
}

void Conversation::submit_rule_or_reason() {
  const std::string text(trim(side_editor_.text()));
  if (view_.mode() == ChatMode::kReason)
    return answer({.approve = false, .scope = {}, .rule = {}, .reason = text});
  if (text.empty()) return;
  if (view_.mode() == ChatMode::kConfirm)
    return answer({.approve = true, .scope = "once", .rule = {}, .reason = {}, .confirm = text});
  answer({.approve = true, .scope = "always", .rule = text, .reason = {}});
}

void Conversation::take_line_key(const Key& key) {
  const bool is_side = view_.mode() != ChatMode::kReady;
  if (is_side && key.kind == Key::Kind::kEscape) {
    view_.set_mode(ChatMode::kApproval);
    return;
  }
  LineEditor& editor = is_side ? side_editor_ : editor_;
  switch (editor.apply(key)) {
    case LineEditor::Outcome::kSubmitted:
      return is_side ? submit_rule_or_reason() : submit();
    case LineEditor::Outcome::kEndOfInput:
      if (!is_side) leave_ = 0;
      return;
    default:
      return;
  }
}

// Ctrl-C: cancels what runs, else clears what was typed; a second one in a row leaves.
void Conversation::interrupt() {
  if (interrupted_once_) {
    leave_ = kLeftByInterrupt;
    return;
  }
  interrupted_once_ = true;
  if (turn_) {
    auto api = context_.api();
    const auto cancelled =
        api ? cancel_turn(**api, turn_->turn_id()) : Result<void>(std::unexpected(api.error()));
    if (!cancelled) view_.print_error(cancelled.error());
    view_.close_all_approvals();
    view_.set_mode(ChatMode::kCancelling);
    return;
  }
  editor_.clear();
  view_.set_hint("^C again leaves");
}

void Conversation::take_key(const Key& key) {
  is_dirty_ = true;
  if (key == Key{Key::Kind::kControl, "c"}) return interrupt();
  if (key == Key{Key::Kind::kControl, "z"}) {
    write(region_.clear());
    mode_.suspend();
    region_.forget();
    return;
  }
  if (view_.mode() != ChatMode::kCancelling) interrupted_once_ = false;
  view_.set_hint({});
  switch (view_.mode()) {
    case ChatMode::kApproval:
      return take_approval_key(key);
    case ChatMode::kReady:
    case ChatMode::kRule:
    case ChatMode::kReason:
    case ChatMode::kConfirm:
      return take_line_key(key);
    case ChatMode::kWorking:
    case ChatMode::kCancelling:
      return;  // what is typed ahead could answer a card that nobody has read
  }
}

void Conversation::read_keys() {
  std::array<char, 4096> bytes{};
  const ssize_t count = ::read(in_fd(), bytes.data(), bytes.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (count <= 0) {
    leave_ = 0;
    return;
  }
  for (const Key& key : keys_.feed({bytes.data(), static_cast<std::size_t>(count)})) {
    // One read may hold several letters: each is a key of its own where keys are answers.
    if (view_.mode() == ChatMode::kApproval && key.kind == Key::Kind::kText && key.text.size() > 1) {
      take_key({Key::Kind::kText, key.text.substr(0, 1)});
    } else {
      take_key(key);
    }
    if (leave_) return;
  }
}

void Conversation::read_turn() {
  TurnEvent event;
  for (int i = 0; i < 256 && turn_; ++i) {
    auto step = turn_->next(event, Duration::zero());
    if (!step) {
      view_.print_error(step.error());
      view_.set_mode(ChatMode::kReady);
      turn_.reset();
    } else if (*step == TurnStep::kNothing) {
      return;
    } else if (*step == TurnStep::kEvent) {
      const bool had_card = view_.approval().has_value();
      view_.take(event, now());
      // Nothing that was typed before the card was on the screen may answer it.
      if (!had_card && view_.approval()) (void)::tcflush(in_fd(), TCIFLUSH);
      if (ends_turn(event.name)) {
        turn_.reset();
        interrupted_once_ = false;
      }
    } else {
      view_.set_mode(ChatMode::kReady);
      turn_.reset();
    }
    is_dirty_ = true;
  }
}

void Conversation::take_signals() {
  while (const auto number = signals_.take()) {
    if (*number == SIGWINCH) {
      write(region_.resize(columns()));
      view_.set_size(columns(), terminal_rows(out_fd(), 24));
      is_dirty_ = true;
    } else if (*number == SIGINT) {
      interrupt();
      is_dirty_ = true;
    } else {
      leave_ = 128 + *number;
    }
  }
}

Result<int> Conversation::run(const std::string& first_prompt) {
  load_history();
  PRYX_TRY(client::ApiClient * api, context_.api());
  if (!model_.empty())
    view_.set_model(model_);
  else if (const auto status = api->get("/api/v1/status"))
    view_.set_model(json::string_or(status->json, "default_model"));
  if (!first_prompt.empty()) {
    editor_.remember(first_prompt);
    send(first_prompt);
  }
  draw();
  while (!leave_) {
    // Events may have come with the answer's head: the socket does not become readable for them again.
    if (turn_) read_turn();
    draw_when_due();
    // poll() skips negative descriptors.
    pollfd fds[3] = {{in_fd(), POLLIN, 0}, {signals_.fd(), POLLIN, 0}, {turn_ ? turn_->fd() : -1, POLLIN, 0}};
    const int count = ::poll(fds, 3, wait());
    if (count < 0 && errno != EINTR) return fail(platform::system_error("wait for keys", errno));
    if (fds[1].revents != 0) take_signals();
    if (fds[0].revents != 0) read_keys();
    if (count == 0 && keys_.has_pending()) {
      for (const Key& key : keys_.flush()) take_key(key);
    }
  }
  // What is finished stays in the scrollback, the live lines go.
  write(region_.draw({}, view_.take_above()));
  write(region_.clear());
  return *leave_;
}

}  // namespace

Result<int> chat(Context& context, ChatOptions options) {
  PRYX_TRY(std::string session, open_session(context, options.session, options.agent, options.model));
  if (options.plain) return chat_plain(context, std::move(session), options);
  PRYX_TRY(SignalPipe signals, SignalPipe::open(true));
  PRYX_TRY(TerminalMode mode, TerminalMode::raw(context.console().options().in_fd));
  Result<int> code = Conversation(context, session, options.model, signals, mode).run(options.prompt);
  mode.restore();
  context.console().note(Line(fmt::format("continue with: pryx chat --session {}", session), kDim));
  return code;
}

}  // namespace pryx::cli

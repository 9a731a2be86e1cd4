// SPDX-License-Identifier: MIT
#include "surfaces/cli/chat_plain.h"
#include "surfaces/cli/chat_commands.h"
#include "surfaces/cli/image_file.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "foundation/base/text.h"
#include "surfaces/cli/approval_card.h"
#include "surfaces/cli/compact.h"
#include "surfaces/cli/signals.h"
#include "surfaces/cli/turn_follower.h"

namespace pryx::cli {
namespace {

constexpr auto kForever = std::chrono::hours(24 * 365);
constexpr std::size_t kMaxLine = 1u << 20;

class PlainConversation {
 public:
  PlainConversation(Context& context, std::string session, std::string model, SignalPipe& signals)
      : context_(context), session_(std::move(session)), model_(std::move(model)), signals_(signals) {}
  Result<int> run(std::string prompt);

 private:
  // Nothing at the end of input or when the person wants out; leave_ then has the exit code.
  std::optional<std::string> ask(std::string_view question);
  Result<void> do_turn(const std::string& prompt);
  Result<void> answer(const json::object& approval);
  void finish(const TurnEvent& event);

  Context& context_;
  std::string session_, model_;
  SignalPipe& signals_;
  ImageParts images_;  // for the next message
  std::string typed_;
  int leave_ = 0;
  bool interrupted_once_ = false;
};

std::optional<std::string> PlainConversation::ask(std::string_view question) {
  const ConsoleOptions& console = context_.console().options();
  context_.console().stream(question);
  while (true) {
    if (const std::size_t end = typed_.find('\n'); end != std::string::npos) {
      std::string line = typed_.substr(0, end);
      typed_.erase(0, end + 1);
      interrupted_once_ = false;
      return line;
    }
    const client::Waiting waiting{&context_.clock(), signals_.fd()};
    if (client::wait_for_fd(console.in_fd, POLLIN, context_.clock().monotonic() + kForever, waiting) ==
        client::Readiness::kInterrupted) {
      const int number = signals_.take().value_or(SIGINT);
      if (number != SIGINT || interrupted_once_) {
        leave_ = 128 + number;
        return std::nullopt;
      }
      interrupted_once_ = true;
      context_.console().print("\nCtrl-C again leaves");
      context_.console().stream(question);
      continue;
    }
    std::array<char, 4096> bytes{};
    const ssize_t count = ::read(console.in_fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0 || typed_.size() > kMaxLine) return std::nullopt;
    typed_.append(bytes.data(), static_cast<std::size_t>(count));
  }
}

Result<void> PlainConversation::answer(const json::object& approval) {
  context_.console().print_lines(approval_card(approval, context_.console().options().columns));
  const std::string id = json::string_or(approval, "approval_id", json::string_or(approval, "id"));
  const std::string rule = json::string_or(approval, "rule_suggestion");
  const bool is_whole = is_shown_whole(approval);
  while (true) {
    const auto typed = ask("allow? y once, s session, a always, n deny, r deny with reason: ");
    if (!typed) return {};
    const std::string key = lower_ascii(trim(*typed));
    ApprovalAnswer answer;
    if (key == "y")
      answer = {.approve = true, .scope = "once", .rule = {}, .reason = {}};
    else if (key == "s" && !rule.empty())
      answer = {.approve = true, .scope = "session", .rule = {}, .reason = {}};
    else if (key == "a" && !rule.empty()) {
      const auto edited = ask(fmt::format("rule to keep, empty for {}: ", rule));
      if (!edited) return {};
      answer = {.approve = true,
                .scope = "always",
                .rule = trim(*edited).empty() ? rule : std::string(trim(*edited)),
                .reason = {}};
    } else if (key == "n")
      answer = {};
    else if (key == "r") {
      const auto reason = ask("reason: ");
      if (!reason) return {};
      answer.reason = std::string(trim(*reason));
    } else {
      context_.console().print(rule.empty() ? "y, n or r: no rule is narrow enough to keep"
                                            : "one of y, s, a, n, r");
      continue;
    }
    if (answer.approve && !is_whole) {
      const auto code = ask("type the code above to allow it: ");
      if (!code) return {};
      answer.confirm = std::string(trim(*code));
    }
    PRYX_TRY(client::ApiClient * api, context_.api());
    auto reply = api->post(path_of("/api/v1/approvals/", id), to_json(answer));
    if (reply) return {};
    context_.console().print_error(reply.error());
    if (reply.error().code != ErrorCode::kInvalidArgument) return {};
  }
}

void PlainConversation::finish(const TurnEvent& event) {
  context_.console().end_stream();
  Console& console = context_.console();
  if (event.name == "turn.failed") console.print_error(error_of_failed_turn(event.payload, console.traces()));
  if (event.name == "turn.cancelled") context_.console().print("cancelled");
  if (event.name == "turn.needs_attention") context_.console().print(describe_attention(event.payload));
}

Result<void> PlainConversation::do_turn(const std::string& prompt) {
  json::object message{{"text", prompt}, {"interactive", true}};
  if (!model_.empty()) message["model"] = model_;
  images_.move_into(message);
  context_.set_interrupt_fd(signals_.fd());
  auto turn = TurnFollower::send(context_, session_, std::move(message));
  TurnEvent event;
  while (turn) {
    auto step = turn->next(event, kForever);
    if (!step) return fail(std::move(step.error()));
    if (*step == TurnStep::kInterrupted) {
      const int number = signals_.take().value_or(SIGINT);
      PRYX_TRY(client::ApiClient * api, context_.api());
      context_.set_interrupt_fd(-1);
      const auto cancelled = cancel_turn(*api, turn->turn_id());
      context_.set_interrupt_fd(signals_.fd());
      if (!cancelled) context_.console().print_error(cancelled.error());
      if (number != SIGINT || interrupted_once_) {
        leave_ = 128 + number;
        break;
      }
      interrupted_once_ = true;
      continue;
    }
    if (*step != TurnStep::kEvent) break;
    if (event.name == "turn.delta" && json::string_or(event.payload, "part") == "text") {
      context_.console().stream(event.text);
    } else if (event.name == "approval.needed") {
      context_.console().end_stream();
      context_.set_interrupt_fd(-1);
      PRYX_TRY_VOID(answer(event.payload));
      context_.set_interrupt_fd(signals_.fd());
      if (leave_ != 0) break;
    } else if (ends_turn(event.name)) {
      if (event.name == "turn.completed") context_.console().stream(event.text);
      finish(event);
      break;
    } else if (const auto line = describe_event(event)) {
      context_.console().end_stream();
      context_.console().print(*line);
    }
  }
  context_.set_interrupt_fd(-1);
  if (!turn) return fail(std::move(turn.error()));
  return {};
}

Result<int> PlainConversation::run(std::string prompt) {
  while (leave_ == 0) {
    if (prompt.empty()) {
      auto typed = ask("> ");
      if (!typed) break;
      prompt = std::string(trim(*typed));
    }
    if (prompt == "/quit" || prompt == "/exit") break;
    if (const auto compacted = take_compact_command(context_, session_, model_, prompt)) {
      if (*compacted)
        context_.console().print(**compacted);
      else
        context_.console().print_error(compacted->error());
    } else if (const auto added = images_.take_command(prompt)) {
      if (*added)
        context_.console().print(**added);
      else
        context_.console().print_error(added->error());
    } else if (const auto lines = take_chat_command({context_, session_, model_}, prompt)) {
      if (*lines) {
        for (const std::string& line : **lines) context_.console().print(line);
      } else {
        context_.console().print_error(lines->error());
      }
    } else if (!prompt.empty()) {
      const auto done = do_turn(prompt);
      if (!done) context_.console().print_error(done.error());
    }
    prompt.clear();
  }
  context_.console().end_stream();
  return leave_;
}

}  // namespace

Result<int> chat_plain(Context& context, std::string session, const ChatOptions& options) {
  PRYX_TRY(SignalPipe signals, SignalPipe::open(false));
  Result<int> code = PlainConversation(context, session, options.model, signals).run(options.prompt);
  context.console().note(fmt::format("continue with: pryx chat --session {}", session));
  return code;
}

}  // namespace pryx::cli

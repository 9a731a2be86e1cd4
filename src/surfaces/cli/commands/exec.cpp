// SPDX-License-Identifier: MIT
// pryx exec: one turn, nobody to ask. Tool calls go to stderr, the answer to stdout.
#include "surfaces/cli/exec.h"

#include <sys/timerfd.h>

#include "foundation/base/text.h"
#include "foundation/platform/files.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/image_file.h"
#include "surfaces/cli/signals.h"
#include "surfaces/cli/turn_follower.h"
#include "trust/policy/policy_file.h"

namespace pryx::cli {
namespace {

constexpr std::size_t kMaxPrompt = 8u << 20;
constexpr std::size_t kMaxApprove = 1u << 20;
constexpr auto kForever = std::chrono::hours(24 * 365);
constexpr int kExitInterrupted = 128;  // plus the signal's number
// A cancelled turn ends in far less, and nobody likes to wait longer after Ctrl-C.
constexpr int kLastEventsSeconds = 1;

class ExecRun {
 public:
  ExecRun(Context& context, SignalPipe& signals) : context_(context), signals_(signals) {}
  Result<int> run(TurnFollower& turn);

 private:
  void show(const TurnEvent& event);
  Result<int> finish(const TurnEvent& last);
  Result<int> cancel(TurnFollower& turn, Error why);
  void show_last_events(TurnFollower& turn);

  Context& context_;
  SignalPipe& signals_;
  bool wrote_text_ = false;
  std::int64_t denied_ = 0;
};

void ExecRun::show(const TurnEvent& event) {
  if (event.name == "tool.finished" && json::string_or(event.payload, "state") == "denied") ++denied_;
  if (context_.wants_json()) {
    context_.console().print_json(event.envelope);
    return;
  }
  // A person watches the text grow; a program gets the finished answer alone.
  if (event.name == "turn.delta" && context_.console().options().out_is_tty &&
      json::string_or(event.payload, "part") == "text") {
    context_.console().stream(event.text);
    wrote_text_ = true;
    return;
  }
  if (const auto line = describe_event(event)) {
    context_.console().end_stream();
    context_.console().note(*line);
  }
}

Result<int> ExecRun::finish(const TurnEvent& last) {
  if (last.name == "turn.completed") {
    if (!context_.wants_json())
      context_.console().stream(wrote_text_ ? last.text : json::string_or(last.payload, "text"));
    context_.console().end_stream();
    const ConsoleOptions& options = context_.console().options();
    if (!context_.wants_json() && (options.err_is_tty || options.verbose))
      context_.console().note(describe_answer(last.payload));
    denied_ = std::max(denied_, json::integer_or(last.payload, "denied_calls", 0));
    return denied_ > 0 ? facts(ErrorCode::kDenied).exit_code : 0;
  }
  context_.console().end_stream();
  if (last.name == "turn.cancelled") return fail(ErrorCode::kCancelled, "the turn was cancelled");
  if (last.name == "turn.needs_attention")
    return fail(ErrorCode::kInternal, "{}", describe_attention(last.payload));
  return fail(error_of_failed_turn(last.payload, context_.console().traces()));
}

Result<int> ExecRun::cancel(TurnFollower& turn, Error why) {
  // The interrupt stays readable, so this call must not wait for it.
  context_.set_interrupt_fd(-1);
  PRYX_TRY(client::ApiClient * api, context_.api());
  const auto cancelled = cancel_turn(*api, turn.turn_id());
  if (!context_.wants_json()) context_.console().end_stream();
  if (!cancelled)
    context_.console().warn(fmt::format("the turn could not be cancelled: {}", cancelled.error().message));
  else if (context_.wants_json() && !turn.turn_id().empty())
    show_last_events(turn);
  return fail(std::move(why));
}

// A program reads how the turn ended from the last line, so what still comes is printed up to that event.
void ExecRun::show_last_events(TurnFollower& turn) {
  // The timer ends a connection that is being made again, too: that one knows no other limit.
  const platform::UniqueFd over(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  const itimerspec once{.it_interval = {}, .it_value = {.tv_sec = kLastEventsSeconds, .tv_nsec = 0}};
  if (!over || ::timerfd_settime(over.get(), 0, &once, nullptr) != 0) return;
  const MonotonicTime deadline = context_.clock().monotonic() + std::chrono::seconds(kLastEventsSeconds);
  turn.set_deadline(deadline);
  context_.set_interrupt_fd(over.get());
  TurnEvent event;
  while (true) {
    const auto step =
        turn.next(event, std::max<Duration>(Duration::zero(), deadline - context_.clock().monotonic()));
    // One more signal ends nothing: some senders signal the process and then its group.
    if (step && *step == TurnStep::kInterrupted && signals_.take()) continue;
    if (!step || *step != TurnStep::kEvent) break;
    show(event);
    if (ends_turn(event.name)) break;
  }
  context_.set_interrupt_fd(-1);
}

Result<int> ExecRun::run(TurnFollower& turn) {
  const auto limit = context_.globals().timeout;
  const MonotonicTime deadline = context_.clock().monotonic() + limit.value_or(kForever);
  if (limit) turn.set_deadline(deadline);
  TurnEvent event;
  while (true) {
    PRYX_TRY(const TurnStep step,
             turn.next(event, std::max<Duration>(Duration::zero(), deadline - context_.clock().monotonic())));
    if (step == TurnStep::kNothing) {
      return cancel(
          turn, {ErrorCode::kTimeout,
                 fmt::format("the turn took longer than {} and was cancelled", format_duration(*limit)), -1});
    }
    if (step == TurnStep::kInterrupted) {
      const int number = signals_.take().value_or(SIGINT);
      (void)cancel(turn, {ErrorCode::kCancelled, "interrupted", -1});
      context_.console().note("cancelled");
      return kExitInterrupted + number;
    }
    if (step == TurnStep::kEnd)
      return fail(ErrorCode::kInternal, "the daemon ended the turn's events without an end; pryx status");
    show(event);
    if (ends_turn(event.name)) return finish(event);
  }
}

Result<std::string> read_prompt(Context& context, const Invocation& invocation) {
  const std::string given = invocation.positional("prompt");
  if (!given.empty() && given != "-") return given;
  if (given.empty() && context.console().options().in_is_tty) {
    return fail(ErrorCode::kInvalidArgument,
                "pryx exec needs a prompt; pryx exec \"list the files in src\", or pipe it in");
  }
  PRYX_TRY(std::string text, context.console().read_stdin(kMaxPrompt));
  if (trim(text).empty()) return fail(ErrorCode::kInvalidArgument, "the prompt on standard input is empty");
  return text;
}

Result<int> run_exec(Context& context, const Invocation& invocation) {
  PRYX_TRY(std::string prompt, read_prompt(context, invocation));
  ExecRequest request;
  request.prompt = std::move(prompt);
  request.session = invocation.find("session");
  request.agent = invocation.value_or("agent", "");
  request.model = wanted_model(context, invocation);
  request.max_cost = invocation.value_or("max-cost", "");
  request.allow_unpriced = invocation.has("allow-unpriced");
  PRYX_TRY(const auto longest, invocation.find_integer("max-output-tokens", 1, 10'000'000));
  request.max_output_tokens = longest.value_or(0);
  request.images = invocation.all("image");
  if (const auto file = invocation.find("approve")) {
    PRYX_TRY(request.approve, read_approve_file(*file));
  }
  return execute(context, std::move(request));
}

}  // namespace

Result<std::string> read_approve_file(const std::string& path) {
  PRYX_TRY(std::string text, platform::read_file(path, kMaxApprove));
  const trust::ParsedPolicy parsed = trust::check_policy(text, trust::PolicyFileKind::kApprove, path);
  if (parsed.policy) return text;
  std::string problems;
  for (const trust::PolicyProblem& problem : parsed.problems)
    problems += fmt::format("\n  {}", problem.to_text());
  return fail(ErrorCode::kCheckFailed, "{} is no valid --approve file:{}", path, problems);
}

Result<int> execute(Context& context, ExecRequest request) {
  ImageParts images;
  for (const std::string& path : request.images) PRYX_TRY_VOID(images.add(path));
  PRYX_TRY(const std::string session, open_session(context, request.session, request.agent, request.model));
  PRYX_TRY(SignalPipe signals, SignalPipe::open(false));
  context.set_interrupt_fd(signals.fd());
  json::object message{{"text", std::move(request.prompt)}, {"interactive", false}};
  images.move_into(message);
  if (!request.model.empty()) message["model"] = request.model;
  if (!request.approve.empty()) message["approve"] = std::move(request.approve);
  if (!request.max_cost.empty()) message["max_cost"] = request.max_cost;
  if (request.allow_unpriced) message["allow_unpriced"] = true;
  if (request.max_output_tokens > 0) message["max_output_tokens"] = request.max_output_tokens;
  auto turn = TurnFollower::send(context, session, std::move(message));
  if (!turn) {
    if (const auto number = signals.take()) return kExitInterrupted + *number;
    return fail(std::move(turn.error()));
  }
  context.console().detail(fmt::format("session {}", session));
  return ExecRun(context, signals).run(*turn);
}

std::vector<Command> exec_commands() {
  return {
      {.noun = "exec",
       .summary = "do one task without asking anybody, print the answer",
       .examples = {"exec \"list the files in src\"", "exec --workspace ~/notes \"find TODO in .\"",
                    "exec --json \"read README.md\" | jq -c .event",
                    "exec --approve rules.yaml --timeout 5m \"tidy up\"",
                    "exec --max-cost 0.05 \"summarise README.md\"", "exec - < prompt.txt",
                    "exec --image chart.png \"what does this show?\""},
       .flags = {{"-s,--session", "ID", "continue this session"},
                 {"-m,--model", "P/M", "the model, as provider/model (or PRYX_MODEL)"},
                 {"--agent", "A", "the agent of a fresh session"},
                 {"--approve", "FILE", "a policy fragment of allowed and denied tools, for this turn only"},
                 {"--max-cost", "USD", "refuse model calls that could cost more than this in all (exit 10)"},
                 {"--allow-unpriced", "", "use a model without a known price in spite of a budget"},
                 {"--image", "FILE", "an image to go with it (PNG, JPEG, GIF, WebP); may be repeated", true},
                 {"--max-output-tokens", "N",
                  "how long the answer may be; what the model does not write at once is asked for in parts"}},
       .positionals = {{"prompt", "what to do; - reads it from standard input", false, true}},
       .handler = run_exec}};
}

}  // namespace pryx::cli

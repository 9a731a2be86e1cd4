// SPDX-License-Identifier: MIT
// pryx process watch: what a background process writes, as states, findings and summaries; obeys continue,
// status, stop and fix while it watches.
#include <poll.h>
#include <unistd.h>

#include "engine/agent/watch_mode.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"

namespace pryx::cli {
namespace {

using agent::Watch;
using agent::WatchEvent;

constexpr int kLookMs = 500;

std::string_view kind_of(const WatchEvent& event) {
  switch (event.kind) {
    case WatchEvent::Kind::kState:
      return "state";
    case WatchEvent::Kind::kFinding:
      return "finding";
    case WatchEvent::Kind::kSummary:
      return "summary";
    case WatchEvent::Kind::kFix:
      return "fix";
  }
  return "state";
}

// Lines that a person types, as they come; nothing is waited for longer than a look takes.
class Words {
 public:
  // False: standard input has ended.
  bool wait(int milliseconds) {
    pollfd in{.fd = ended_ ? -1 : STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (::poll(&in, 1, milliseconds) <= 0 || (in.revents & (POLLIN | POLLHUP)) == 0) return !ended_;
    char bytes[512];
    const ssize_t got = ::read(STDIN_FILENO, bytes, sizeof bytes);
    if (got <= 0) ended_ = true;
    if (got > 0 && waiting_.size() < 4096) waiting_.append(bytes, static_cast<std::size_t>(got));
    return !ended_;
  }
  std::optional<std::string> take() {
    const std::size_t end = waiting_.find('\n');
    if (end == std::string::npos) return std::nullopt;
    std::string line = waiting_.substr(0, end);
    waiting_.erase(0, end + 1);
    return line;
  }

 private:
  std::string waiting_;
  bool ended_ = false;
};

class Watching {
 public:
  Watching(Context& context, client::ApiClient& api, std::string id)
      : context_(context), api_(api), id_(std::move(id)), watch_(id_, context.clock().wall()) {}

  Result<int> run() {
    for (;;) {
      PRYX_TRY_VOID(look());
      PRYX_TRY_VOID(tell(watch_.tick(now())));
      if (watch_.is_over()) return watch_.state() == agent::WatchState::kError ? 1 : 0;
      (void)words_.wait(kLookMs);
      while (const auto word = words_.take()) {
        const auto command = agent::parse_watch_command(*word);
        if (command)
          PRYX_TRY_VOID(tell(watch_.command(*command, now())));
        else
          context_.console().note("say continue, status, stop or fix f1");
      }
    }
  }

 private:
  [[nodiscard]] WallTime now() const { return context_.clock().wall(); }

  Result<void> look() {
    Query query;
    query.add("lines", "500").add("after", std::to_string(after_));
    PRYX_TRY(const client::Reply reply, api_.get(query.on(path_of("/api/v1/processes/", id_))));
    session_ = json::string_or(reply.json, "session_id");
    const json::value* lines = json::find(reply.json, "lines");
    if (lines != nullptr && lines->is_array()) {
      for (const json::value& item : lines->get_array()) {
        if (!item.is_object()) continue;
        const json::object& line = item.get_object();
        const json::value* complete = json::find(line, "complete");
        if (complete != nullptr && complete->is_bool() && !complete->get_bool()) break;
        after_ = json::integer_or(line, "number", after_);
        PRYX_TRY_VOID(tell(watch_.line(json::string_or(line, "text"), now())));
      }
    }
    const std::string state = json::string_or(reply.json, "state");
    if (state == "running") return {};
    return tell(watch_.ended(static_cast<int>(json::integer_or(reply.json, "exit_code", 1)), now()));
  }

  Result<void> tell(const std::vector<WatchEvent>& events) {
    for (const WatchEvent& event : events) {
      if (context_.wants_json()) {
        context_.console().print_json({{"kind", kind_of(event)},
                                       {"state", to_text(event.to)},
                                       {"finding", event.finding},
                                       {"text", event.text}});
      } else if (event.kind == WatchEvent::Kind::kState) {
        context_.console().note(
            fmt::format("{} → {}: {}", to_text(event.from), to_text(event.to), event.text));
      } else {
        const Style style = event.kind == WatchEvent::Kind::kFinding ? kBad : kDim;
        context_.console().print(Line(
            event.finding.empty() ? event.text : fmt::format("{} {}", event.finding, event.text), style));
      }
      if (event.kind == WatchEvent::Kind::kFix) PRYX_TRY_VOID(ask_to_fix(event));
    }
    return {};
  }

  // A turn of the session that started the process; what it does asks as ever.
  Result<void> ask_to_fix(const WatchEvent& event) {
    if (session_.empty())
      return fail(ErrorCode::kInvalidArgument, "no session started {}, so none can fix it", id_);
    PRYX_TRY(
        const client::Reply reply,
        api_.post(path_of("/api/v1/sessions/", session_, "/messages"),
                  {{"text", fmt::format("The background process {} wrote this. Find out why, and fix it:\n{}",
                                        id_, event.text)}}));
    context_.console().note(
        fmt::format("{} is at work on {}", json::string_or(reply.json, "turn_id"), event.finding));
    return {};
  }

  Context& context_;
  client::ApiClient& api_;
  std::string id_;
  Watch watch_;
  Words words_;
  std::int64_t after_ = 0;
  std::string session_;
};

Result<int> run_watch(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  return Watching(context, *api, invocation.positional("id")).run();
}

}  // namespace

Command process_watch_command() {
  return {.noun = "process",
          .verb = "watch",
          .summary = "tell what it finds until it ends; type continue, status, stop or fix f1",
          .examples = {"process watch prc_01J…", "process watch prc_01J… --json"},
          .positionals = {{"id", "prc_…"}},
          .handler = run_watch};
}

}  // namespace pryx::cli

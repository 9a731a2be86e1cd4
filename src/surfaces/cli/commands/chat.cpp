// SPDX-License-Identifier: MIT
// pryx chat: a conversation in the terminal's own scrollback.
#include "surfaces/cli/chat.h"
#include "foundation/base/text.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/exec.h"
#include "surfaces/cli/turn_follower.h"

namespace pryx::cli {
namespace {

constexpr std::size_t kMaxPrompt = 8u << 20;

Result<int> run_chat(Context& context, const Invocation& invocation) {
  const ConsoleOptions& console = context.console().options();
  std::string prompt = invocation.positional("prompt");
  if (context.wants_json())
    return fail(ErrorCode::kInvalidArgument, "pryx chat talks to a person; pryx exec --json is for programs");
  if (!console.in_is_tty) {
    // A pipe has nobody to ask: one turn, as with exec.
    PRYX_TRY(const std::string piped, context.console().read_stdin(kMaxPrompt));
    ExecRequest request;
    request.prompt = prompt.empty() ? piped : trim(piped).empty() ? prompt : prompt + "\n\n" + piped;
    if (trim(request.prompt).empty())
      return fail(ErrorCode::kInvalidArgument, "the prompt on standard input is empty");
    request.session = invocation.find("session");
    request.agent = invocation.value_or("agent", "");
    request.model = wanted_model(context, invocation);
    return execute(context, std::move(request));
  }
  ChatOptions options;
  options.prompt = std::move(prompt);
  options.session = invocation.find("session");
  options.agent = invocation.value_or("agent", "");
  options.model = wanted_model(context, invocation);
  options.plain = invocation.has("plain") || !console.out_is_tty ||
                  context.environment().get_or("TERM", "dumb") == "dumb" ||
                  context.environment().find("PRYX_TUI_PLAIN").has_value();
  return chat(context, std::move(options));
}

}  // namespace

std::vector<Command> chat_commands() {
  return {{.noun = "chat",
           .summary = "a conversation in the terminal; you answer what it asks",
           .examples = {"chat", "chat \"what is in this directory?\"", "chat --session ses_01J…",
                        "chat \"review this\" < change.diff", "chat --plain"},
           .flags = {{"-s,--session", "ID", "continue this session"},
                     {"-m,--model", "P/M", "the model, as provider/model (or PRYX_MODEL)"},
                     {"--agent", "A", "the agent of a fresh session"},
                     {"--plain", "", "nothing changes in place: for screen readers and simple terminals"}},
           .positionals = {{"prompt", "what to say first", false, true}},
           .handler = run_chat}};
}

}  // namespace pryx::cli

// SPDX-License-Identifier: MIT
// pryx __complete: what the completion scripts ask for the values of a word. Quick or silent: it starts no
// daemon, waits for none, and an error is no candidate.
#include "foundation/base/text.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/completion.h"
#include "surfaces/cli/context.h"

namespace pryx::cli {
namespace {

constexpr auto kPatience = std::chrono::milliseconds(80);
constexpr std::size_t kMaxAbout = 60;

// One candidate a line, what it is behind a tab. Both are foreign text in somebody's shell: no control
// characters, and a value with blanks is none that a shell could take as one word.
void offer(std::string& out, std::string_view value, std::string_view about) {
  const auto is_odd = [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '\\' || c == '$' || c == '`' ||
           c == '\'' || c == '"';
  };
  if (value.empty() || std::ranges::any_of(value, is_odd)) return;
  out += value;
  if (!about.empty()) {
    out += '\t';
    for (const char c : utf8_prefix(about, kMaxAbout))
      out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  out += '\n';
}

void offer_from_daemon(Context& context, const ValueSource& source, std::string& out) {
  const auto api = context.api_if_running();
  if (!api) return;
  client::Call call{"GET", std::string(source.target), {}, {}, kPatience};
  const auto reply = (*api)->call(std::move(call));
  if (!reply) return;
  for (const json::object& item : items_of(reply->json)) {
    const std::string about = source.about.empty() ? std::string() : json::string_or(item, source.about);
    offer(out, json::string_or(item, source.value), about);
  }
}

// The line is for the daemon that it names itself, wherever in it that stands.
GlobalFlags globals_of(const Context& context, const std::vector<std::string>& words) {
  constexpr std::string_view kHost = "--host";
  GlobalFlags out = context.globals();
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == kHost) out.host = words[i + 1];
    if (word.starts_with("--host=")) out.host = word.substr(kHost.size() + 1);
  }
  return out;
}

Result<int> run_complete(Context& context, const Invocation& invocation) {
  const auto words = invocation.positionals.find("words");
  if (words == invocation.positionals.end()) return 0;
  const auto source = value_source(context.commands(), words->second);
  if (!source) return 0;
  std::string out;
  for (const std::string_view word : source->words) offer(out, word, {});
  if (!source->target.empty()) {
    Context asked(context.console(), globals_of(context, words->second), context.environment(),
                  context.hooks(), context.commands());
    offer_from_daemon(asked, *source, out);
  }
  context.console().write_data(out);
  return 0;
}

}  // namespace

std::vector<Command> complete_commands() {
  return {{.noun = "__complete",
           .summary = "values for a word, for completion scripts",
           .positionals = {{"words", "the line so far behind --, the last word may be empty", false, true}},
           .handler = run_complete,
           .hidden = true}};
}

}  // namespace pryx::cli

// SPDX-License-Identifier: MIT
// Which values a word of the command line can have. A name means the same everywhere: "--session", and the
// "id" of `pryx session`.
#include <algorithm>

#include "foundation/base/text.h"
#include "foundation/config/settings.h"
#include "surfaces/cli/completion.h"
#include "surfaces/cli/pages.h"
#include "surfaces/manual/manual.h"

namespace pryx::cli {
namespace {

const ValueSource* find_listed(std::string_view kind) {
  static const std::vector<ValueSource> sources = {
      {"session", "/api/v1/sessions?limit=50", "id", "title"},
      {"model", "/api/v1/models?known=true", "id", "provider"},
      {"provider", "/api/v1/providers", "name", "kind"},
      {"preset", "/api/v1/providers/presets", "name", "about"},
      {"approval", "/api/v1/approvals?state=pending", "id", "summary"},
      {"grant", "/api/v1/grants", "id", "rule"},
      {"secret", "/api/v1/secrets", "name", ""},
      {"token", "/api/v1/tokens", "id", "name"},
      {"workspace", "/api/v1/workspaces", "id", "path"},
      {"workspace folder", "/api/v1/workspaces", "path", "name"},
      {"agent", "/api/v1/agents", "id", "description"},
      {"skill", "/api/v1/skills", "name", "description"},
      {"tool", "/api/v1/tools", "name", "description"},
      {"process", "/api/v1/processes", "id", "command"},
      {"memory", "/api/v1/memory?limit=50", "id", "text"},
      {"template", "/api/v1/policy/templates", "name", "description"},
      {"shell", "", "", "", {"bash", "zsh", "fish"}},
      {"kind", "", "", "", {"openai", "anthropic", "google", "ollama"}},
      {"scope", "", "", "", {"read", "chat", "approve", "admin"}},
      {"by", "", "", "", {"session", "model", "provider", "agent", "surface", "day", "month"}},
      {"subagent", "/api/v1/subagents?limit=50", "id", "task"},
      {"turn", "/api/v1/turns?limit=50", "id", "session_title"},
      {"decision", "", "", "", {"approve", "deny"}},
      {"success", "", "", "", {"true", "false"}}};
  const auto found = std::ranges::find(sources, kind, &ValueSource::kind);
  return found == sources.end() ? nullptr : &*found;
}

std::optional<ValueSource> source_of_kind(std::string_view kind) {
  if (const ValueSource* listed = find_listed(kind)) return *listed;
  ValueSource out{.kind = kind, .target = {}, .value = {}, .about = {}};
  if (kind == "topic") {
    for (const manual::Page& page : manual::pages()) out.words.push_back(page.topic);
  } else if (kind == "page") {
    for (const Page& page : pages()) out.words.push_back(page.name);
  } else if (kind == "key") {
    for (const config::Setting& setting : config::settings()) out.words.push_back(setting.key);
  }
  if (out.words.empty()) return std::nullopt;
  return out;
}

// The values of one setting that can be listed.
std::optional<ValueSource> source_of_setting(std::string_view key) {
  const config::Setting* setting = config::find_setting(key);
  if (setting == nullptr) return std::nullopt;
  ValueSource out{.kind = "value", .target = {}, .value = {}, .about = {}};
  out.words.assign(setting->choices.begin(), setting->choices.end());
  if (setting->type == config::SettingType::kBoolean) out.words = {"true", "false"};
  if (!setting->nothing.empty()) out.words.push_back(setting->nothing);
  if (key == "model.default") return source_of_kind("model");
  if (out.words.empty()) return std::nullopt;
  return out;
}

// A file is the shell's to find. A workspace is a folder for the command line, and an id where a flag says
// so.
std::string_view kind_of(const Flag& flag) {
  if (flag.value == "FILE") return {};
  if (flag.value == "WSP") return "workspace";
  return flag_key(flag) == "workspace" ? std::string_view("workspace folder") : flag_key(flag);
}

// "json|markdown|html" says itself what a flag takes; in "N|TIME" capitals stand for values that nobody can
// list.
std::optional<ValueSource> source_of_flag(const Flag& flag) {
  if (flag.value.find('|') == std::string_view::npos) return source_of_kind(kind_of(flag));
  ValueSource out{.kind = flag_key(flag), .target = {}, .value = {}, .about = {}};
  for (const std::string_view word : split(flag.value, '|'))
    if (!word.empty() && (word.front() < 'A' || word.front() > 'Z')) out.words.push_back(word);
  return out;
}

// `pryx open chat` takes a session, `pryx open trace` a turn.
std::string_view kind_on_page(std::string_view name) {
  const auto page = std::ranges::find(pages(), name, &Page::name);
  if (page == pages().end()) return {};
  if (page->argument == "SESSION") return "session";
  return page->argument == "TURN" ? "turn" : "";
}

// "id" of `pryx session` is a session, "name" of `pryx secret` a secret; other names speak for themselves.
// `before`: the words of the line that are no flags.
std::string_view kind_of(const Command& command, std::string_view positional,
                         const std::vector<std::string>& before) {
  if (command.noun == "policy" && command.verb == "use") return "template";
  if (command.noun == "provider" && command.verb == "add") return "preset";
  if (command.noun == "open" && positional == "id") return kind_on_page(before.back());
  if (command.noun == "stop") return "session";
  if (positional == "id" || positional == "name") return command.noun;
  return positional;
}

const Flag* find_flag(const std::vector<Flag>& flags, std::string_view word) {
  for (const Flag& flag : flags) {
    for (const std::string_view spelling : split(flag.name, ',')) {
      if (spelling == word) return &flag;
    }
  }
  return nullptr;
}

const Flag* find_flag(const Command* command, std::string_view word) {
  const Flag* flag = find_flag(global_flags(), word);
  return flag == nullptr && command != nullptr ? find_flag(command->flags, word) : flag;
}

// The row that the words so far name; its verb may be missing still.
const Command* find_row(const CommandSet& commands, const std::vector<std::string>& plain) {
  if (plain.empty()) return nullptr;
  const Command* alone = nullptr;
  for (const Command& command : commands.commands()) {
    if (command.noun != plain[0] || !command.refused.empty()) continue;
    if (command.verb.empty()) alone = &command;
    if (plain.size() > 1 && command.verb == plain[1]) return &command;
  }
  return alone;
}

}  // namespace

std::optional<ValueSource> value_source(const CommandSet& commands, const std::vector<std::string>& words) {
  if (words.empty()) return std::nullopt;
  // Twice: which flags take a value depends on the command, and the command on what is no value.
  const Command* command = nullptr;
  std::vector<std::string> plain;
  const Flag* open = nullptr;
  for (int round = 0; round < 2; ++round) {
    plain.clear();
    open = nullptr;
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
      if (open != nullptr) {
        open = nullptr;
        continue;
      }
      if (!words[i].starts_with('-')) {
        plain.push_back(words[i]);
        continue;
      }
      const Flag* flag = find_flag(command, words[i]);
      if (flag != nullptr && !flag->value.empty()) open = flag;
    }
    command = find_row(commands, plain);
  }
  if (open != nullptr) return source_of_flag(*open);
  if (command == nullptr || words.back().starts_with('-')) return std::nullopt;
  const std::size_t at = plain.size() - (command->verb.empty() ? 1 : 2);
  if (at >= command->positionals.size()) return std::nullopt;
  if (command->noun == "config" && command->verb == "set" && at == 1) return source_of_setting(plain[2]);
  return source_of_kind(kind_of(*command, command->positionals[at].name, plain));
}

}  // namespace pryx::cli

// SPDX-License-Identifier: MIT
#include "engine/tools/shell/exec_request.h"

#include <utf8proc.h>

#include <algorithm>

#include "engine/tools/fs/workspace_path.h"
#include "foundation/base/text.h"
#include "foundation/net/url.h"
#include "trust/sandbox/sandbox.h"

namespace pryx::tools::shell {
namespace {

// Exactly one of command and argv is not said here: several model vendors refuse a tool whose schema has
// oneOf at its top. read_exec_request() holds it.
constexpr std::string_view kParameters = R"json({
  "type": "object",
  "properties": {
    "command": {"type": "string", "minLength": 1, "maxLength": 131072, "description": "A line (or script) for bash. Either this or argv."},
    "argv": {"type": "array", "minItems": 1, "maxItems": 4096, "items": {"type": "string", "maxLength": 131072}, "description": "Program and arguments, run without a shell."},
    "cwd": {"type": "string", "maxLength": 4096, "description": "Folder to run in, relative to the workspace (default: the workspace)."},
    "timeout": {"type": "number", "exclusiveMinimum": 0, "maximum": 604800, "description": "Seconds after which it is killed: default 120, at most 3600; in the background default 86400, at most 604800."},
    "stdin": {"type": "string", "maxLength": 524288, "description": "Text for its standard input (default: empty)."},
    "background": {"type": "boolean", "description": "Start it and go on. It gets an id for shell.view, shell.write and shell.stop."},
    "scope": {"type": "string", "enum": ["session", "global"], "description": "Of a background process: ends with this session (default), or with the daemon."},
    "mode": {"type": "string", "enum": ["pump-dump", "streaming", "hybrid"], "description": "Of a background process: keep output until looked at, tell it live, or both (default)."},
    "hosts": {"type": "array", "maxItems": 16, "items": {"type": "string", "minLength": 1, "maxLength": 253}, "description": "Hosts it may reach, such as pypi.org or example.com:8443. Without them there is no network."},
    "secrets": {"type": "array", "maxItems": 8, "items": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"}, "description": "Names of stored secrets it may read, each as the file /run/secrets/NAME. A person is asked each time."},
    "tag": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$", "description": "A short name for a background process."},
    "description": {"type": "string", "maxLength": 500, "description": "What it is for, in a few words."}
  },
  "additionalProperties": false
})json";

constexpr std::size_t kMaxPreviewedInput = 4 * kMaxShownBytes;

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

Result<std::vector<std::string>> read_list(const json::object& arguments, std::string_view key) {
  std::vector<std::string> out;
  const json::value* found = json::find(arguments, key);
  if (found == nullptr) return out;
  if (!found->is_array()) return fail(ErrorCode::kInvalidArgument, "{} must be a list of texts", key);
  for (const json::value& item : found->as_array()) {
    if (!item.is_string()) return fail(ErrorCode::kInvalidArgument, "{} must be a list of texts", key);
    out.emplace_back(item.as_string());
    if (has_nul(out.back())) return fail(ErrorCode::kInvalidArgument, "{} holds a NUL character", key);
  }
  return out;
}

// What the policy decides on is what the broker opens: a name or an address, below "*." if need be, and a
// port.
Result<std::string> canonical_host(std::string_view text) {
  const bool is_wildcard = text.starts_with("*.");
  const auto read = net::parse_host_port(text.substr(is_wildcard ? 2 : 0));
  if (!read)
    return fail(ErrorCode::kInvalidArgument,
                "hosts: '{}' is no host; write it as pypi.org or example.com:8443",
                to_valid_utf8(utf8_prefix(text, 100)));
  const std::string name = (is_wildcard ? "*." : "") + read->host.text();
  return read->port ? fmt::format("{}:{}", name, *read->port) : name;
}

Result<Duration> read_limit(const json::object& arguments, bool background) {
  const Duration most = background ? kMaxBackgroundLimit : kMaxLimit;
  const json::value* found = json::find(arguments, "timeout");
  if (found == nullptr) return background ? kDefaultBackgroundLimit : kDefaultLimit;
  if (!found->is_number()) return fail(ErrorCode::kInvalidArgument, "timeout must be a number of seconds");
  const auto seconds = found->to_number<double>();
  const double most_seconds = std::chrono::duration<double>(most).count();
  if (!(seconds > 0) || seconds > most_seconds) {
    return fail(ErrorCode::kInvalidArgument, "timeout must be above 0 and at most {} seconds{}",
                static_cast<std::int64_t>(most_seconds),
                background ? "" : "; what takes longer can run with background=true");
  }
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

Result<bool> read_flag(const json::object& arguments, std::string_view key) {
  PRYX_TRY(const auto value, json::find_bool(arguments, key));
  return value.value_or(false);
}

template <class Kind, class Parse>
Result<Kind> read_kind(const json::object& arguments, std::string_view key, Kind fallback, Parse parse) {
  PRYX_TRY(const auto text, json::find_string(arguments, key));
  if (!text) return fallback;
  const auto kind = parse(*text);
  if (!kind) return fail(ErrorCode::kInvalidArgument, "there is no {} '{}'", key, utf8_prefix(*text, 32));
  return *kind;
}

std::string indented(std::string_view text) {
  std::string out;
  for (const std::string_view line : split(text, '\n')) out += fmt::format("  {}\n", line);
  return out;
}

std::string_view ends_with_what(ProcessScope scope) {
  return scope == ProcessScope::kGlobal ? "until the daemon stops" : "until the session ends";
}

bool is_this_machine(const std::string& entry) {
  const auto read = net::parse_host_port(entry);
  const std::string name = read ? read->host.text() : std::string();
  return name == "localhost" || name == "127.0.0.1" || name == "[::1]" || name == "::1";
}

}  // namespace

std::string_view exec_parameters() { return kParameters; }

Result<ExecRequest> read_exec_request(const json::object& arguments) {
  ExecRequest out;
  PRYX_TRY(out.command, json::find_string(arguments, "command"));
  PRYX_TRY(out.argv, read_list(arguments, "argv"));
  if (out.command.has_value() == !out.argv.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "give either command (a line of shell) or argv (program and arguments), exactly one of them");
  }
  if (out.command && (has_nul(*out.command) || trim(*out.command).empty()))
    return fail(ErrorCode::kInvalidArgument, "command is empty or holds a NUL character");
  if (out.command && out.command->size() > commands::kMaxCommandBytes)
    return fail(ErrorCode::kInvalidArgument, "command has more than {} bytes", commands::kMaxCommandBytes);
  if (!out.argv.empty() && out.argv.front().empty())
    return fail(ErrorCode::kInvalidArgument, "argv begins with an empty program name");
  PRYX_TRY(const auto cwd, json::find_string(arguments, "cwd"));
  PRYX_TRY(const auto folder, fs::parse_workspace_path(cwd.value_or(std::string())));
  out.cwd = folder.bytes;
  out.cwd_outside = folder.outside;
  PRYX_TRY(out.background, read_flag(arguments, "background"));
  PRYX_TRY(out.limit, read_limit(arguments, out.background));
  PRYX_TRY(const auto input, json::find_string(arguments, "stdin"));
  out.input = input.value_or(std::string());
  PRYX_TRY(out.scope, read_kind(arguments, "scope", ProcessScope::kSession, process_scope_from_text));
  PRYX_TRY(out.mode, read_kind(arguments, "mode", ProcessMode::kHybrid, process_mode_from_text));
  for (const std::string_view key : {"scope", "mode"}) {
    if (!out.background && json::find(arguments, key) != nullptr)
      return fail(ErrorCode::kInvalidArgument, "{} is for background processes: add background=true", key);
  }
  PRYX_TRY(out.hosts, read_list(arguments, "hosts"));
  for (std::string& host : out.hosts) {
    PRYX_TRY(host, canonical_host(host));
  }
  std::ranges::sort(out.hosts);
  out.hosts.erase(std::ranges::unique(out.hosts).begin(), out.hosts.end());
  PRYX_TRY(out.secrets, read_list(arguments, "secrets"));
  if (out.secrets.size() > sandbox::kMaxSecretFiles)
    return fail(ErrorCode::kInvalidArgument, "a command gets at most {} secrets", sandbox::kMaxSecretFiles);
  for (const std::string& name : out.secrets) {
    if (!sandbox::is_secret_file_name(name))
      return fail(ErrorCode::kInvalidArgument,
                  "secrets: a name has letters, digits, dot, underscore and hyphen; it becomes a file");
  }
  std::ranges::sort(out.secrets);
  out.secrets.erase(std::ranges::unique(out.secrets).begin(), out.secrets.end());
  PRYX_TRY(const auto tag, json::find_string(arguments, "tag"));
  out.tag = tag.value_or(std::string());
  PRYX_TRY(const auto description, json::find_string(arguments, "description"));
  out.description = description.value_or(std::string());
  return out;
}

std::map<std::string, std::string> own_environment(const ExecRequest& request, const commands::Parse& parse) {
  std::map<std::string, std::string> out;
  if (commands::is_read_only(parse)) {
    for (const commands::Assignment& one : commands::quiet_environment()) out[one.name] = one.value;
  }
  // Programs leave their own machine out of the proxy; the sandbox's own is another one than what was named.
  if (std::ranges::any_of(request.hosts, is_this_machine)) {
    for (const char* name : {"no_proxy", "NO_PROXY"}) out[name] = "";
  }
  return out;
}

commands::Parse parse_commands(const ExecRequest& request) {
  return request.command ? commands::parse_shell(*request.command) : commands::parse_argv(request.argv);
}

std::string quote_words(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += ' ';
    const bool is_plain = !word.empty() && std::ranges::all_of(word, [](unsigned char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
             c == '.' || c == '_' || c == '-' || c == '+' || c == ',' || c == ':' || c == '@' || c == '%' ||
             c == '=';
    });
    if (is_plain) {
      out += word;
      continue;
    }
    out += '\'';
    for (const char c : word) {
      if (c == '\'')
        out += "'\\''";
      else
        out += c;
    }
    out += '\'';
  }
  return out;
}

std::string render_exec(const ExecRequest& request) {
  std::string text = request.command ? *request.command : quote_words(request.argv);
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at))
    text.replace(at, 1, "⏎");
  std::string out = fmt::format("shell.exec {}", text);
  if (!request.command) out += " (no shell)";
  if (request.cwd_outside)
    out += " (in a folder outside of the workspace)";
  else if (!request.cwd.empty())
    out += fmt::format(" (in {})", fs::display_path(request.cwd));
  if (!request.hosts.empty()) out += fmt::format(" (network: {})", fmt::join(request.hosts, ", "));
  if (!request.secrets.empty()) out += fmt::format(" (secrets: {})", fmt::join(request.secrets, ", "));
  if (!request.input.empty()) out += fmt::format(" (standard input: {} bytes)", request.input.size());
  if (request.background) out += fmt::format(" (in the background {})", ends_with_what(request.scope));
  return out;
}

std::string preview_exec(const ExecRequest& request) {
  std::string out = request.command
                        ? fmt::format("bash runs:\n{}", indented(*request.command))
                        : fmt::format("runs without a shell:\n{}", indented(quote_words(request.argv)));
  out += fmt::format(
      "in: {}\n", request.cwd_outside ? "a folder outside of the workspace" : fs::display_path(request.cwd));
  out += request.hosts.empty() ? "network: none\n"
                               : fmt::format("network: {}\n", fmt::join(request.hosts, ", "));
  if (!request.secrets.empty() && !request.hosts.empty())
    out += "over port 443 only, where no other port is named\n";
  for (const std::string& name : request.secrets)
    out += fmt::format("may read the secret {}: as {}/{}\n", name, sandbox::kSecretsFolder, name);
  out += fmt::format("time limit: {}\n", format_duration(request.limit));
  if (request.background) out += fmt::format("in the background: {}\n", ends_with_what(request.scope));
  if (request.input.empty()) return out;
  // More than that nobody reads; the call counts as not shown whole then.
  const std::string_view shown = utf8_prefix(request.input, kMaxPreviewedInput);
  out += fmt::format("standard input ({} bytes):\n{}", request.input.size(), indented(shown));
  if (shown.size() < request.input.size())
    out += fmt::format("  [… {} bytes more]\n", request.input.size() - shown.size());
  return out;
}

bool is_displayable(std::string_view text) {
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    utf8proc_int32_t point = 0;
    const utf8proc_ssize_t used = utf8proc_iterate(at, left, &point);
    if (used <= 0) return false;
    at += used;
    left -= used;
    if (point == '\n' || point == '\t') continue;
    switch (utf8proc_category(point)) {
      case UTF8PROC_CATEGORY_CC:
      case UTF8PROC_CATEGORY_CF:
      case UTF8PROC_CATEGORY_CS:
      case UTF8PROC_CATEGORY_CO:
      case UTF8PROC_CATEGORY_CN:
      case UTF8PROC_CATEGORY_ZL:
      case UTF8PROC_CATEGORY_ZP:
        return false;
      case UTF8PROC_CATEGORY_ZS:
        if (point != ' ') return false;  // looks like a blank to a person and like a letter to the shell
        break;
      default:
        // Fillers, joiners and variation selectors are letters and marks that nobody sees.
        if (utf8proc_get_property(point)->ignorable) return false;
    }
  }
  return true;
}

bool is_shown_whole(const ExecRequest& request, std::string_view preview) {
  if (preview.size() > kMaxShownBytes) return false;
  if (request.command && !is_displayable(*request.command)) return false;
  return is_displayable(request.input) && std::ranges::all_of(request.argv, is_displayable) &&
         std::ranges::all_of(request.hosts, is_displayable);
}

}  // namespace pryx::tools::shell

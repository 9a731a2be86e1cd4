// SPDX-License-Identifier: MIT
#include "surfaces/cli/read_secret.h"

#include "foundation/base/text.h"
#include "foundation/platform/hardening.h"

namespace pryx::cli {
namespace {

constexpr std::size_t kMaxSecret = 64u << 10;

bool is_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  for (char c : text) {
    if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_' &&
        c != '-' && c != '.')
      return false;
  }
  return true;
}

}  // namespace

Result<Secret> read_secret(Context& context, std::string_view label, bool from_stdin) {
  PRYX_TRY_VOID(platform::harden_process());
  if (!from_stdin && context.console().options().in_is_tty) return context.console().ask_secret(label);
  PRYX_TRY(std::string text, context.console().read_stdin(kMaxSecret));
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  Secret secret(text);
  wipe(text);
  if (secret.empty()) return fail(ErrorCode::kInvalidArgument, "{}: standard input is empty", label);
  return secret;
}

Result<std::vector<std::pair<std::string, Secret>>> parse_secret_file(std::string_view text) {
  std::vector<std::pair<std::string, Secret>> out;
  int number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    line = trim(line);
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("export ")) line = trim(line.substr(7));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || !is_name(trim(line.substr(0, equals)))) {
      return fail(ErrorCode::kInvalidArgument, "line {} is not of the form NAME=value", number);
    }
    std::string_view value = trim(line.substr(equals + 1));
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
      value = value.substr(1, value.size() - 2);
    if (value.empty()) return fail(ErrorCode::kInvalidArgument, "line {} has no value", number);
    out.emplace_back(std::string(trim(line.substr(0, equals))), Secret(std::string(value)));
  }
  return out;
}

}  // namespace pryx::cli

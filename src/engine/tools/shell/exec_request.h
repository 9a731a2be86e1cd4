// SPDX-License-Identifier: MIT
// The arguments of shell.exec as a value: reading them, the schema that the model sees, the one line and the
// whole text that people see. Pure; any thread.
#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tools/shell/process_record.h"
#include "foundation/base/json.h"
#include "foundation/base/result.h"
#include "trust/commands/shell_grammar.h"

namespace pryx::tools::shell {

inline constexpr Duration kDefaultLimit = std::chrono::minutes(2);
inline constexpr Duration kMaxLimit = std::chrono::hours(1);  // longer work belongs into the background
inline constexpr Duration kDefaultBackgroundLimit = std::chrono::hours(24);
inline constexpr Duration kMaxBackgroundLimit = std::chrono::hours(24 * 7);
// What a person is expected to read before saying yes with one key.
inline constexpr std::size_t kMaxShownBytes = 4096;

struct ExecRequest {
  std::optional<std::string> command;  // one of the two
  std::vector<std::string> argv;
  std::string cwd;  // relative to the workspace, normalised; meaningless when outside
  bool cwd_outside = false;
  Duration limit{};
  std::string input;  // for its standard input
  bool background = false;
  ProcessScope scope = ProcessScope::kSession;
  ProcessMode mode = ProcessMode::kHybrid;
  std::vector<std::string> hosts;
  std::vector<std::string> secrets;  // names of the vault; each a file below sandbox::kSecretsFolder
  std::string tag;
  std::string description;  // the model's words; never bound to a decision
};

[[nodiscard]] std::string_view exec_parameters();  // JSON Schema
// kInvalidArgument for what the schema cannot say: exactly one of command and argv, no NUL bytes, a limit
// that fits.
[[nodiscard]] Result<ExecRequest> read_exec_request(const json::object& arguments);
[[nodiscard]] commands::Parse parse_commands(const ExecRequest& request);
// What its processes find in their environment beyond what every sandboxed run finds there.
[[nodiscard]] std::map<std::string, std::string> own_environment(const ExecRequest& request,
                                                                 const commands::Parse& parse);

// One line, complete: line feeds of the command show as a symbol.
[[nodiscard]] std::string render_exec(const ExecRequest& request);
// The whole call, every line of it.
[[nodiscard]] std::string preview_exec(const ExecRequest& request);
// Everything in it can be seen: valid UTF-8 without control, invisible and direction-changing characters.
[[nodiscard]] bool is_displayable(std::string_view text);
[[nodiscard]] bool is_shown_whole(const ExecRequest& request, std::string_view preview);

// 'it'\''s': what a POSIX shell reads back as exactly these words.
[[nodiscard]] std::string quote_words(const std::vector<std::string>& words);

}  // namespace pryx::tools::shell

// SPDX-License-Identifier: MIT
// Plain English commands to tool calls: the understanding of the starter model. No AI, a small grammar. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/json.h"

namespace pryx::models {

struct Intent {
  enum class Kind : std::uint8_t {
    kHello,
    kHelp,
    kThanks,
    kWho,
    kConnect,
    kUnknown,
    kNeedsDetail,  // answered without a tool
    kList,
    kTree,
    kFindFiles,
    kCountFiles,
    kOverview,
    kRead,
    kBeginning,
    kLines,
    kSearch,
    kCountMatches,
    kStat,
    kWrite,
    kAppend,
    kEdit,
    kRun,
    kFetch,
    kRemember,
    kRecall,
    kDirect,
  };
  Kind kind = Kind::kUnknown;
  std::string said;  // the user's words for this command
  std::string
      subject;  // what it is about: a path, a pattern, a command; for kNeedsDetail the question to ask back
  std::string tool;  // empty: no tool call
  json::object arguments;
};

// The commands of one message in order, at most kMaxCommands; never empty.
[[nodiscard]] std::vector<Intent> parse_commands(std::string_view message);
inline constexpr std::size_t kMaxCommands = 10;

}  // namespace pryx::models

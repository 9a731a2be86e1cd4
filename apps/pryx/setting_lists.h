// SPDX-License-Identifier: MIT
// What the values in the lists among the settings, and the public origin, have to be. Each is read by the
// part that it is for; here that is asked before a value comes into force, so that one that cannot be read
// never counts as an empty one.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "foundation/base/json.h"
#include "foundation/config/config_file.h"
#include "surfaces/server/admin.h"

namespace pryx::app {

// The error names the setting and which of its values is wrong. Other settings pass.
[[nodiscard]] Result<void> check_list(std::string_view key, const json::value& value);
// config.yaml with its lists; the error begins with the line.
[[nodiscard]] Result<config::ConfigFile> read_config_file(std::string_view text);
// What its error says, without the file's name: the line, when it has one, apart from the reason.
[[nodiscard]] server::FileProblem problem_of_config(const Error& error);
// Of what the database holds the settings of this release. One whose list an older release took and this one
// cannot read is logged and left where it is: what would hold without it does.
[[nodiscard]] config::Layer stored_layer(const std::map<std::string, json::value>& stored);

}  // namespace pryx::app

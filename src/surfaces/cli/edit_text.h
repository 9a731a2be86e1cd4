// SPDX-License-Identifier: MIT
// Changing one of a person's files through the daemon: its text goes into $EDITOR and comes back with the
// hash of what it was.
#pragma once
#include <string>

#include "surfaces/cli/context.h"

namespace pryx::cli {

struct EditableText {
  std::string target;          // "/api/v1/config"
  std::string file_name;       // what the editor sees: "config.yaml"
  std::string fallback_field;  // of the reply: the text to start from when there is no file yet; may be empty
  Result<void> (*check)(const std::string& text) = nullptr;
};

[[nodiscard]] Result<int> edit_over_api(Context& context, const EditableText& what);

}  // namespace pryx::cli

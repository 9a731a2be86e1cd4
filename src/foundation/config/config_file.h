// SPDX-License-Identifier: MIT
// config.yaml: text in, checked settings and warnings out. Keys that are no settings stay in the file and are
// warned about; a setting with a value that does not fit makes the file invalid. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"
#include "foundation/config/layers.h"

namespace pryx::config {

struct ConfigWarning {
  int line = 0;
  std::string text;
};

struct ConfigFile {
  Layer layer;  // origin kFile; sources are "config.yaml:3"
  std::vector<ConfigWarning> warnings;
};

// `name` is what messages call the file. An empty text is a valid file without settings.
[[nodiscard]] Result<ConfigFile> parse_config_file(std::string_view text,
                                                   std::string_view name = "config.yaml");

}  // namespace pryx::config

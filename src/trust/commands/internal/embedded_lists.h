// SPDX-License-Identifier: MIT
// The texts of data/commands/*.txt, put into the binary by CMake so that file and binary cannot differ.
#pragma once
#include <string_view>

namespace pryx::commands::internal {

extern const std::string_view kReadOnlyText;
extern const std::string_view kWrapperText;
extern const std::string_view kKindText;

}  // namespace pryx::commands::internal

// SPDX-License-Identifier: MIT
// The texts of data/policies/*.yaml, put into the binary by CMake so that file and binary cannot differ.
#pragma once
#include <string_view>

namespace pryx::trust::internal {

extern const std::string_view kDefaultPolicyText;
extern const std::string_view kReadOnlyPolicyText;
extern const std::string_view kWorkspacePolicyText;
extern const std::string_view kNetworkAllowlistPolicyText;
extern const std::string_view kSafePolicyText;

}  // namespace pryx::trust::internal

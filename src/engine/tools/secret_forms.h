// SPDX-License-Identifier: MIT
// How a secret looks where somebody else writes it down: as it is, quoted, escaped, or in one of the usual
// encodings, also inside of a longer encoded text. For taking it out of what a tool brings back. Pure.
#pragma once
#include <string_view>
#include <vector>

#include "foundation/base/secret.h"

namespace pryx::tools {

inline constexpr std::string_view kSecretRemoved = "[secret removed]";

// Longest first, none twice, none empty. Whoever means to can write it in a form that is not among them.
[[nodiscard]] std::vector<Secret> secret_forms(const Secret& secret);

}  // namespace pryx::tools

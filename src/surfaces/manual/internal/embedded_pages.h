// SPDX-License-Identifier: MIT
// The pages as the build found them. Private to this module.
#pragma once
#include <string_view>
#include <vector>

namespace pryx::manual::internal {

struct EmbeddedPage {
  std::string_view topic;
  std::string_view text;
};
[[nodiscard]] const std::vector<EmbeddedPage>& embedded_pages();

}  // namespace pryx::manual::internal

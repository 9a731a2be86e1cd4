// SPDX-License-Identifier: MIT
// How many terminal columns text takes, by grapheme clusters: what a person sees as one character is never
// cut and never counted twice. Expects sanitised text. Pure.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pryx::cli {

struct Cluster {
  std::string_view text;
  int width = 0;
};

// The first cluster of a text that is not empty. A tab or line feed is a cluster of its own, one column wide.
[[nodiscard]] Cluster first_cluster(std::string_view text);
// The last one, for moving backwards.
[[nodiscard]] Cluster last_cluster(std::string_view text);
[[nodiscard]] int display_width(std::string_view text);
// The longest prefix of whole clusters that fits.
[[nodiscard]] std::string_view prefix_of_width(std::string_view text, int columns);
// The text, or its start and an ellipsis.
[[nodiscard]] std::string truncate_to_width(std::string_view text, int columns);
[[nodiscard]] std::string pad_to_width(std::string_view text, int columns);
// Tabs to the next multiple of 4 columns.
[[nodiscard]] std::string expand_tabs(std::string_view line);
// Lines of at most that width: broken at line feeds and blanks, inside a word only when it is longer than a
// line.
[[nodiscard]] std::vector<std::string> wrap_text(std::string_view text, int columns);

}  // namespace pryx::cli

// SPDX-License-Identifier: MIT
// A Git configuration file as a list of settings, read as Git reads it. Lenient: a line that Git would refuse
// is skipped, because what is learnt here are names to protect. Pure; any thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace pryx::sandbox {

struct GitSetting {
  std::string section;     // lower case
  std::string subsection;  // as written
  std::string key;         // lower case
  std::string value;       // without quotes and comments; empty when there is none
  bool operator==(const GitSetting&) const = default;
};

inline constexpr std::size_t kMaxGitConfigBytes = 256u << 10;
inline constexpr std::size_t kMaxGitSettings = 10'000;  // the rest is not read

[[nodiscard]] std::vector<GitSetting> read_git_config(std::string_view text);

}  // namespace pryx::sandbox

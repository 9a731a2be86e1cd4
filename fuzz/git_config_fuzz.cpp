// SPDX-License-Identifier: MIT
// Configuration files of repositories: bounded, and nothing but what the file says.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "trust/sandbox/git_config.h"

using namespace pryx::sandbox;

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto settings = read_git_config(text);
  require(settings.size() <= kMaxGitSettings, "the number of settings");
  std::size_t bytes = 0;
  for (const GitSetting& setting : settings) {
    require(!setting.key.empty(), "a setting has a name");
    bytes += setting.key.size() + setting.value.size();
  }
  require(bytes <= size, "no more than the file has");
  return 0;
}

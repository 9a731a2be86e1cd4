// SPDX-License-Identifier: MIT
// A model's text, cut into messages: nothing is lost, no code point is cut, and no place is cut twice.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "engine/agent/block_stream.h"
#include "foundation/base/text.h"

using namespace pryx;

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

std::string without_blanks(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') out += c;
  }
  return out;
}

}  // namespace

// The first byte says how large the pieces are.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = data[0] + 1u;
  const std::string text = to_valid_utf8({reinterpret_cast<const char*>(data) + 1, size - 1});
  for (const std::size_t hard_max : {std::size_t{0}, std::size_t{120}}) {
    agent::BlockCutter cutter({.min = 20, .max = 80, .hard_max = hard_max});
    std::string all;
    const auto take = [&](const std::vector<std::string>& blocks) {
      for (const std::string& block : blocks) {
        require(!block.empty(), "a block says something");
        if (is_valid_utf8(text)) require(is_valid_utf8(block), "no code point is cut");
        all += block;
      }
    };
    for (std::size_t at = 0; at < text.size(); at += piece)
      take(cutter.add(std::string_view(text).substr(at, piece)));
    take(cutter.finish());
    require(cutter.finish().empty(), "nothing is left");
    if (hard_max == 0) require(without_blanks(all) == without_blanks(text), "nothing is lost");
  }
  return 0;
}

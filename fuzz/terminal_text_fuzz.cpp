// SPDX-License-Identifier: MIT
// Whatever comes in: only printable text comes out, the exact form can be undone, and pieces give the same as
// the whole.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "foundation/base/text.h"
#include "surfaces/cli/terminal_text.h"
#include "surfaces/cli/text_width.h"

using pryx::cli::Exactness;
using pryx::cli::sanitize;

static void demand(bool holds) {
  if (!holds) std::abort();
}

static bool has_control(const std::string& text) {
  for (unsigned char c : text) {
    if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7F) return true;
  }
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (static_cast<unsigned char>(text[i]) == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0)
      return true;
  }
  return false;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const std::string shown = sanitize(bytes);
  demand(pryx::is_valid_utf8(shown) && !has_control(shown));
  demand(sanitize(shown) == shown);
  const std::string exact = sanitize(bytes, Exactness::kExact);
  demand(pryx::is_valid_utf8(exact) && !has_control(exact));
  demand(pryx::cli::restore_exact(exact) == bytes);
  pryx::cli::TextSanitizer stream;
  std::string pieces;
  for (std::size_t at = 0; at < size; at += 3) pieces += stream.feed(std::string_view(bytes).substr(at, 3));
  pieces += stream.finish();
  demand(pieces == shown);
  for (const std::string& line : pryx::cli::wrap_text(shown, 17))
    demand(pryx::cli::display_width(line) <= 17);
  return 0;
}

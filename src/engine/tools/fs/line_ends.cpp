// SPDX-License-Identifier: MIT
#include "engine/tools/fs/line_ends.h"

namespace pryx::tools::fs {

bool has_bare_lf(std::string_view text) {
  for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    if (at == 0 || text[at - 1] != '\r') return true;
  }
  return false;
}

bool has_only_crlf(std::string_view text) {
  return text.find("\r\n") != std::string_view::npos && !has_bare_lf(text);
}

std::string to_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 16);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) out += '\r';
    out += text[i];
  }
  return out;
}

}  // namespace pryx::tools::fs

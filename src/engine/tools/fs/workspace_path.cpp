// SPDX-License-Identifier: MIT
#include "engine/tools/fs/workspace_path.h"

#include <vector>

#include "foundation/base/text.h"

namespace pryx::tools::fs {
namespace {

// Length of the well-formed UTF-8 sequence at the start, or 0; `code` is what it stands for.
std::size_t decode_utf8(std::string_view text, char32_t& code) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (length == 0 || length > text.size() || !is_valid_utf8(text.substr(0, length))) return 0;
  code = length == 1 ? lead : lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  return length;
}

// Characters that would hide or reorder what a person or a model sees.
bool must_be_escaped(char32_t c) {
  if (c < 0x20 || c == '\\' || (c >= 0x7F && c <= 0x9F)) return true;
  if (c == 0x00AD || c == 0x061C || c == 0x180E || c == 0xFEFF || c == 0x3164) return true;
  if (c >= 0x200B && c <= 0x200F) return true;  // zero width, direction marks
  if (c >= 0x2028 && c <= 0x202E) return true;  // separators, embeddings, overrides
  if (c >= 0x2060 && c <= 0x206F) return true;  // invisible operators, isolates
  if (c >= 0xFFF9 && c <= 0xFFFB) return true;
  return c >= 0xE0000 && c <= 0xE0FFF;  // tags and variation selectors
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string encode_name(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    char32_t code = 0;
    const std::size_t length = decode_utf8(bytes, code);
    const std::string_view piece = bytes.substr(0, length == 0 ? 1 : length);
    bytes.remove_prefix(piece.size());
    if (length > 0 && code == '\\')
      out += "\\\\";
    else if (length > 0 && !must_be_escaped(code))
      out += piece;
    else
      for (const char c : piece) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string decode_name(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i);
    if (rest.starts_with("\\\\")) {
      out += '\\';
      ++i;
    } else if (rest.starts_with("\\x") && rest.size() >= 4 && hex_digit(rest[2]) >= 0 &&
               hex_digit(rest[3]) >= 0) {
      out += static_cast<char>(hex_digit(rest[2]) * 16 + hex_digit(rest[3]));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

Result<WorkspacePath> parse_workspace_path(std::string_view text) {
  const std::string bytes = decode_name(text);
  if (bytes.find('\0') != std::string::npos) {
    return fail(ErrorCode::kInvalidArgument, "the path '{}' has a NUL byte in it; no file can have that name",
                encode_name(bytes));
  }
  if (bytes.size() > kMaxPathBytes) {
    return fail(ErrorCode::kInvalidArgument, "the path is {} bytes long; the system takes {} at most",
                bytes.size(), kMaxPathBytes);
  }
  WorkspacePath out;
  out.outside = bytes.starts_with('/');
  std::vector<std::string_view> parts;
  for (const std::string_view part : split(bytes, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..")
      parts.push_back(part);
    else if (!parts.empty())
      parts.pop_back();
    else
      out.outside = true;
  }
  for (const std::string_view part : parts) out.bytes = join_path(out.bytes, part);
  return out;
}

Result<Touches> touches_path(std::string_view text) {
  PRYX_TRY(const WorkspacePath path, parse_workspace_path(text));
  Touches touches;
  touches.outside_workspace = path.outside;
  // Encoded, so that rules and records see valid UTF-8 and one spelling for one file.
  if (!path.outside) touches.workspace_paths.push_back(encode_name(path.bytes));
  return touches;
}

std::string display_path(std::string_view bytes) {
  return bytes.empty() ? std::string(".") : encode_name(bytes);
}

std::string join_path(std::string_view folder, std::string_view name) {
  if (folder.empty()) return std::string(name);
  std::string out(folder);
  out += '/';
  out += name;
  return out;
}

}  // namespace pryx::tools::fs

// SPDX-License-Identifier: MIT
#include "surfaces/cli/key_decoder.h"

#include "foundation/base/text.h"

namespace pryx::cli {
namespace {

constexpr std::string_view kPasteStart = "\x1b[200~";
constexpr std::string_view kPasteEnd = "\x1b[201~";
constexpr std::size_t kMaxPaste = 1u << 20;  // what comes after it is dropped
constexpr std::size_t kMaxSequence = 64;

using Kind = Key::Kind;

std::string with_line_feeds(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      out.push_back(text[i]);
    } else if (i + 1 >= text.size() || text[i + 1] != '\n') {
      out.push_back('\n');
    }
  }
  return out;
}

// `body` is what stands between the introducer and the final byte.
void add_csi_key(std::string_view body, char final, std::vector<Key>& out) {
  const bool modified = body.ends_with(";5") || body.ends_with(";3");
  switch (final) {
    case 'A':
      out.push_back({Kind::kUp, {}});
      return;
    case 'B':
      out.push_back({Kind::kDown, {}});
      return;
    case 'C':
      out.push_back({modified ? Kind::kWordRight : Kind::kRight, {}});
      return;
    case 'D':
      out.push_back({modified ? Kind::kWordLeft : Kind::kLeft, {}});
      return;
    case 'H':
      out.push_back({Kind::kHome, {}});
      return;
    case 'F':
      out.push_back({Kind::kEnd, {}});
      return;
    case 'u':
      if (body == "13;2" || body == "13;3") out.push_back({Kind::kNewline, {}});
      return;
    case '~':
      if (body == "1" || body == "7") out.push_back({Kind::kHome, {}});
      if (body == "4" || body == "8") out.push_back({Kind::kEnd, {}});
      if (body == "3") out.push_back({Kind::kDelete, {}});
      if (body == "27;2;13") out.push_back({Kind::kNewline, {}});
      return;
    default:
      return;
  }
}

}  // namespace

std::vector<Key> KeyDecoder::feed(std::string_view bytes) {
  std::vector<Key> out;
  pending_.append(bytes);
  while (!pending_.empty()) {
    const std::size_t used = in_paste_ ? take_paste(out) : take_one(out);
    if (used == 0) break;
    pending_.erase(0, used);
  }
  return out;
}

std::vector<Key> KeyDecoder::flush() {
  std::vector<Key> out;
  if (in_paste_ || pending_.empty()) return out;
  if (pending_ == "\x1b") out.push_back({Kind::kEscape, {}});
  pending_.clear();
  return out;
}

std::size_t KeyDecoder::take_paste(std::vector<Key>& out) {
  const std::size_t end = pending_.find(kPasteEnd);
  // The end mark may be cut: keep as many bytes as could be its start.
  const std::size_t usable =
      end != std::string::npos ? end : pending_.size() - std::min(pending_.size(), kPasteEnd.size() - 1);
  const std::size_t room = kMaxPaste - std::min(kMaxPaste, paste_.size());
  paste_.append(pending_, 0, std::min(usable, room));
  if (end == std::string::npos) return usable;
  in_paste_ = false;
  out.push_back({Kind::kPaste, with_line_feeds(std::exchange(paste_, {}))});
  return end + kPasteEnd.size();
}

std::size_t KeyDecoder::take_escape(std::vector<Key>& out) {
  if (pending_.size() < 2) return 0;
  const char second = pending_[1];
  if (second == 'O') {
    if (pending_.size() < 3) return 0;
    add_csi_key({}, pending_[2], out);
    return 3;
  }
  if (second == '\r' || second == '\n') {
    out.push_back({Kind::kNewline, {}});
    return 2;
  }
  if (second == 'b' || second == 'f') {
    out.push_back({second == 'b' ? Kind::kWordLeft : Kind::kWordRight, {}});
    return 2;
  }
  if (second == '\x7f') {
    out.push_back({Kind::kControl, "w"});
    return 2;
  }
  if (second != '[') {
    out.push_back({Kind::kEscape, {}});
    return 1;
  }
  for (std::size_t i = 2; i < pending_.size(); ++i) {
    const auto c = static_cast<unsigned char>(pending_[i]);
    if (c >= 0x40 && c <= 0x7E) {
      const std::string_view whole = std::string_view(pending_).substr(0, i + 1);
      if (whole == kPasteStart) {
        in_paste_ = true;
      } else {
        add_csi_key(whole.substr(2, i - 2), static_cast<char>(c), out);
      }
      return i + 1;
    }
    if (c < 0x20 || i > kMaxSequence) return i;  // no sequence: swallow what looked like one
  }
  return 0;
}

std::size_t KeyDecoder::take_one(std::vector<Key>& out) {
  const auto first = static_cast<unsigned char>(pending_[0]);
  if (first == 0x1B) return take_escape(out);
  if (first == '\r') {
    out.push_back({Kind::kEnter, {}});
    return 1;
  }
  if (first == '\n') {
    out.push_back({Kind::kNewline, {}});
    return 1;
  }
  if (first == '\t') {
    out.push_back({Kind::kTab, {}});
    return 1;
  }
  if (first == 0x7F || first == 0x08) {
    out.push_back({Kind::kBackspace, {}});
    return 1;
  }
  if (first < 0x20) {
    if (first >= 1 && first <= 26)
      out.push_back({Kind::kControl, std::string(1, static_cast<char>('a' + first - 1))});
    return 1;
  }
  std::size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  if (length > pending_.size()) return 0;
  const std::string_view text = std::string_view(pending_).substr(0, length);
  if (!is_valid_utf8(text)) return 1;  // swallowed byte by byte
  if (!out.empty() && out.back().kind == Kind::kText) {
    out.back().text.append(text);
  } else {
    out.push_back({Kind::kText, std::string(text)});
  }
  return length;
}

}  // namespace pryx::cli

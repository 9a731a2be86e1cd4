// SPDX-License-Identifier: MIT
#include "engine/tools/shell/line_ring.h"

#include <algorithm>

#include "foundation/base/text.h"

namespace pryx::tools::shell {

void LineRing::push(OutputStream stream, std::string_view bytes) {
  if (bytes.ends_with('\r')) bytes.remove_suffix(1);
  lines_.push_back({next_++, stream, to_valid_utf8(bytes), true});
  if (lines_.size() > kLines) lines_.pop_front();
}

void LineRing::add(OutputStream stream, std::string_view bytes) {
  bytes_ += bytes.size();
  std::string& open = open_[static_cast<std::size_t>(stream)];
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::size_t length = end == std::string_view::npos ? bytes.size() : end;
    const std::size_t taken = std::min(length, kLineBytes - open.size());
    open += bytes.substr(0, taken);
    bytes.remove_prefix(taken);
    const bool is_whole = taken == length && end != std::string_view::npos;
    if (is_whole) bytes.remove_prefix(1);
    if (is_whole || open.size() == kLineBytes) {
      // A cut keeps code points whole where it can; the rest begins the next line.
      const std::string_view cut = is_whole ? std::string_view(open) : utf8_prefix(open, kLineBytes - 3);
      const std::string rest = open.substr(cut.size());
      push(stream, cut);
      open = rest;
    }
  }
}

void LineRing::finish() {
  for (const OutputStream stream : {OutputStream::kOutput, OutputStream::kErrorOutput}) {
    std::string& open = open_[static_cast<std::size_t>(stream)];
    if (!open.empty()) push(stream, open);
    open.clear();
  }
}

std::vector<OutputLine> LineRing::last(std::size_t count, std::uint64_t after) const {
  std::vector<OutputLine> out;
  for (const OutputLine& line : lines_) {
    if (line.number > after) out.push_back(line);
  }
  std::uint64_t number = next_;
  for (const OutputStream stream : {OutputStream::kOutput, OutputStream::kErrorOutput}) {
    const std::string& open = open_[static_cast<std::size_t>(stream)];
    if (!open.empty()) out.push_back({number++, stream, to_valid_utf8(open), false});
  }
  if (out.size() > count) out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(count));
  return out;
}

}  // namespace pryx::tools::shell

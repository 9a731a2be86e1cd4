// SPDX-License-Identifier: MIT
#include "foundation/net/sse_parser.h"

#include <algorithm>
#include <charconv>

namespace pryx::net {
namespace {
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
}

Result<void> SseParser::feed(std::string_view bytes, std::vector<SseEvent>& out) {
  while (!bytes.empty()) {
    if (after_cr_) {
      after_cr_ = false;
      if (bytes.front() == '\n') {
        bytes.remove_prefix(1);
        continue;
      }
    }
    const std::size_t end = bytes.find_first_of("\r\n");
    const std::string_view part = bytes.substr(0, end);
    if (line_.size() + part.size() + event_.data.size() > max_event_bytes_) {
      return fail(ErrorCode::kTooLarge, "an event of the stream is over {} bytes", max_event_bytes_);
    }
    if (end == std::string_view::npos) {
      line_ += part;
      return {};
    }
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    if (line_.empty()) {
      take_line(part, out);
    } else {
      line_ += part;
      take_line(line_, out);
      line_.clear();
    }
  }
  return {};
}

void SseParser::take_line(std::string_view line, std::vector<SseEvent>& out) {
  if (at_start_) {
    at_start_ = false;
    if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  }
  if (line.empty()) {
    if (has_data_) {
      event_.data.pop_back();  // the last line's '\n'
      out.push_back(event_);
    }
    event_.event.clear();
    event_.data.clear();
    event_.retry_ms.reset();
    has_data_ = false;
    return;
  }
  const std::size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    event_.data += value;
    event_.data += '\n';
    has_data_ = true;
  } else if (field == "event") {
    event_.event = value;
  } else if (field == "id") {
    if (value.find('\0') == std::string_view::npos) event_.id = value;
  } else if (field == "retry") {
    std::int64_t number = 0;
    const bool digits =
        !value.empty() && std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
    if (digits && std::from_chars(value.data(), value.data() + value.size(), number).ec == std::errc{})
      event_.retry_ms = number;
  }
}

}  // namespace pryx::net

// SPDX-License-Identifier: MIT
#include "surfaces/client/sse_parser.h"

namespace pryx::client {

Result<void> SseParser::feed(std::string_view bytes, std::vector<ServerEvent>& out) {
  for (char c : bytes) {
    if (c == '\n' && after_cr_) {
      after_cr_ = false;
      continue;
    }
    after_cr_ = c == '\r';
    if (c == '\n' || c == '\r') {
      std::string_view line = line_;
      if (at_start_ && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
      at_start_ = false;
      take_line(line, out);
      line_.clear();
      continue;
    }
    line_.push_back(c);
    if (line_.size() + data_.size() > max_event_bytes_) {
      return fail(ErrorCode::kTooLarge, "the daemon sent an event of more than {} bytes", max_event_bytes_);
    }
  }
  return {};
}

void SseParser::take_line(std::string_view line, std::vector<ServerEvent>& out) {
  if (line.empty()) {
    if (has_data_) {
      ServerEvent event;
      if (!name_.empty()) event.name = name_;
      event.id = last_id_;
      event.data = std::move(data_);
      out.push_back(std::move(event));
    }
    name_.clear();
    data_.clear();
    has_data_ = false;
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == 0) return;  // a comment, used as a sign of life
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") {
    name_.assign(value);
  } else if (field == "data") {
    if (has_data_) data_.push_back('\n');
    data_.append(value);
    has_data_ = true;
  } else if (field == "id" && value.find('\0') == std::string_view::npos) {
    last_id_.assign(value);
  }
}

}  // namespace pryx::client

// SPDX-License-Identifier: MIT
#include "surfaces/client/http_response.h"

#include "foundation/base/text.h"

namespace pryx::client {
namespace {

constexpr int kMaxInterimHeads = 4;  // 1xx answers before the real one
constexpr std::size_t kMaxChunkLine = 256;
constexpr std::uint64_t kMaxChunk = 1u << 30;
constexpr std::size_t kMaxFixedDigits = 15;

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorCode::kUnavailable, "the daemon's answer is no valid HTTP: {}", what);
}

bool is_token_char(unsigned char c) {
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos && c != 0;
}

bool is_token(std::string_view text) {
  if (text.empty()) return false;
  for (unsigned char c : text) {
    if (!is_token_char(c)) return false;
  }
  return true;
}

bool has_control(std::string_view text) {
  for (unsigned char c : text) {
    if ((c < 0x20 && c != '\t') || c == 0x7F) return true;
  }
  return false;
}

bool list_contains(std::string_view list, std::string_view word) {
  for (std::string_view item : split(list, ',')) {
    if (equals_ignore_case(trim(item), word)) return true;
  }
  return false;
}

}  // namespace

Result<void> ResponseParser::feed(std::string_view bytes) {
  buffer_.append(bytes);
  while (true) {
    PRYX_TRY(bool progressed, step());
    if (!progressed) break;
  }
  buffer_.erase(0, position_);
  position_ = 0;
  return {};
}

std::string ResponseParser::take_body() { return std::exchange(body_, {}); }

// Takes a line that ends in CR LF from the buffer; false when it is not complete yet.
Result<bool> ResponseParser::next_line(std::string& line, std::size_t limit) {
  const std::size_t end = buffer_.find('\n', position_);
  const std::size_t length = (end == std::string::npos ? buffer_.size() : end) - position_;
  if (length > limit) return malformed("a line is too long");
  if (end == std::string::npos) return false;
  if (length == 0 || buffer_[end - 1] != '\r') return malformed("a line does not end in CR LF");
  line.assign(buffer_, position_, length - 1);
  position_ = end + 1;
  return true;
}

Result<bool> ResponseParser::step() {
  std::string line;
  switch (state_) {
    case State::kStatusLine:
    case State::kFields: {
      PRYX_TRY(bool complete, next_line(line, limits_.max_head_bytes - head_bytes_));
      if (!complete) return false;
      head_bytes_ += line.size() + 2;
      if (head_bytes_ > limits_.max_head_bytes) return malformed("the head is too large");
      if (state_ == State::kStatusLine) {
        PRYX_TRY_VOID(read_status_line(line));
      } else if (line.empty()) {
        PRYX_TRY_VOID(finish_head());
      } else {
        PRYX_TRY_VOID(read_field(line));
      }
      return true;
    }
    case State::kFixedBody:
    case State::kChunkData: {
      if (position_ == buffer_.size() && remaining_ > 0) return false;
      PRYX_TRY_VOID(append_body(remaining_));
      if (remaining_ == 0) state_ = state_ == State::kFixedBody ? State::kDone : State::kChunkEnd;
      return true;
    }
    case State::kChunkSize: {
      PRYX_TRY(bool complete, next_line(line, kMaxChunkLine));
      if (!complete) return false;
      PRYX_TRY_VOID(read_chunk_size(line));
      return true;
    }
    case State::kChunkEnd: {
      PRYX_TRY(bool complete, next_line(line, 1));
      if (!complete) return false;
      if (!line.empty()) return malformed("a chunk is longer than its size");
      state_ = State::kChunkSize;
      return true;
    }
    case State::kTrailers: {
      PRYX_TRY(bool complete, next_line(line, limits_.max_head_bytes - head_bytes_));
      if (!complete) return false;
      head_bytes_ += line.size() + 2;
      if (head_bytes_ > limits_.max_head_bytes) return malformed("the trailers are too large");
      if (line.empty()) state_ = State::kDone;
      return true;
    }
    case State::kDone:
      return false;
  }
  return false;
}

Result<void> ResponseParser::read_status_line(std::string_view line) {
  if (!line.starts_with("HTTP/1.1 ") || line.size() < 12)
    return malformed("it does not start with an HTTP/1.1 status");
  int status = 0;
  for (char c : line.substr(9, 3)) {
    if (c < '0' || c > '9') return malformed("the status is no number");
    status = status * 10 + (c - '0');
  }
  if (line.size() > 12 && line[12] != ' ') return malformed("the status is no number of three digits");
  if (status < 100 || has_control(line)) return malformed("the status line is malformed");
  status_ = status;
  headers_ = {};
  state_ = State::kFields;
  return {};
}

Result<void> ResponseParser::read_field(std::string_view line) {
  if (headers_.all().size() >= limits_.max_fields) return malformed("it has too many header fields");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
    return malformed("a header field is malformed");
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  if (has_control(value)) return malformed("a header field holds control characters");
  headers_.add(std::string(line.substr(0, colon)), std::string(value));
  return {};
}

Result<void> ResponseParser::finish_head() {
  if (status_ == 101) return malformed("it switches protocols unasked");
  if (status_ < 200) {
    if (++interim_heads_ > kMaxInterimHeads) return malformed("too many interim answers");
    state_ = State::kStatusLine;
    return {};
  }
  if (auto connection = headers_.find("connection"); connection && list_contains(*connection, "close"))
    keep_alive_ = false;
  const std::size_t lengths = headers_.count("content-length");
  const std::size_t codings = headers_.count("transfer-encoding");
  if (lengths + codings > 1) return malformed("its length is given twice");
  if (head_request_ || status_ == 204 || status_ == 304) {
    state_ = State::kDone;
    return {};
  }
  if (codings == 1) {
    if (!equals_ignore_case(*headers_.find("transfer-encoding"), "chunked"))
      return malformed("its transfer coding is unknown");
    state_ = State::kChunkSize;
    return {};
  }
  if (lengths == 0) return malformed("it has no length");
  const std::string_view digits = *headers_.find("content-length");
  if (digits.empty() || digits.size() > kMaxFixedDigits) return malformed("its length is no sensible number");
  for (char c : digits) {
    if (c < '0' || c > '9') return malformed("its length is no number");
    remaining_ = remaining_ * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (limits_.max_body_bytes != 0 && remaining_ > limits_.max_body_bytes) {
    return fail(ErrorCode::kTooLarge,
                "the daemon's answer has {} bytes, more than {}; ask for less with --limit", remaining_,
                limits_.max_body_bytes);
  }
  state_ = State::kFixedBody;
  return {};
}

Result<void> ResponseParser::read_chunk_size(std::string_view line) {
  const std::size_t digits = line.find_first_not_of("0123456789abcdefABCDEF");
  const std::string_view size = line.substr(0, digits);
  if (size.empty() || size.size() > 16) return malformed("a chunk size is malformed");
  if (digits != std::string_view::npos && line[digits] != ';') return malformed("a chunk size is malformed");
  if (has_control(line)) return malformed("a chunk size line holds control characters");
  std::uint64_t value = 0;
  for (char c : size) {
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    value = value * 16 + static_cast<std::uint64_t>(digit);
    if (value > kMaxChunk) return malformed("a chunk is too large");
  }
  remaining_ = value;
  state_ = value == 0 ? State::kTrailers : State::kChunkData;
  return {};
}

Result<void> ResponseParser::append_body(std::uint64_t wanted) {
  const std::size_t available = buffer_.size() - position_;
  const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, available));
  body_bytes_ += count;
  if (limits_.max_body_bytes != 0 && body_bytes_ > limits_.max_body_bytes) {
    return fail(ErrorCode::kTooLarge, "the daemon's answer has more than {} bytes; ask for less with --limit",
                limits_.max_body_bytes);
  }
  body_.append(buffer_, position_, count);
  position_ += count;
  remaining_ -= count;
  return {};
}

}  // namespace pryx::client

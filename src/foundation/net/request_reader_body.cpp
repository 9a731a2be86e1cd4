// SPDX-License-Identifier: MIT
// The half of RequestReader behind the empty line: bodies by length, chunks, trailers.
#include <algorithm>

#include "foundation/net/internal/field_text.h"
#include "foundation/net/request_reader.h"

namespace pryx::net {

using namespace internal;

namespace {

constexpr std::size_t kMaxChunkLineBytes = 256;
// Extensions and trailers of one body; honest clients send none.
constexpr std::size_t kMaxChunkOverhead = 4u << 10;
constexpr std::size_t kBodyReserve = 64u << 10;  // a claimed length is not trusted with more memory than this

// ";name" and ";name=value", any number of them. Quoted values are refused: nobody sends them but those who
// hide something.
bool are_chunk_extensions(std::string_view text) {
  const std::vector<std::string_view> items = split(text, ';');
  return items.front().empty() &&
         std::ranges::all_of(items.begin() + 1, items.end(), [](std::string_view item) {
           const std::size_t equals = item.find('=');
           return is_token(item.substr(0, equals)) &&
                  (equals == std::string_view::npos || is_token(item.substr(equals + 1)));
         });
}

// RFC 9110 section 6.5.1: these say how to read the message and come too late behind it.
bool is_forbidden_trailer(std::string_view name) {
  static constexpr std::string_view kNames[] = {
      "content-length",   "transfer-encoding", "host",   "connection",
      "proxy-connection", "upgrade",           "expect", "trailer"};
  return std::ranges::any_of(kNames,
                             [&](std::string_view forbidden) { return equals_ignore_case(name, forbidden); });
}

}  // namespace

using Event = RequestReader::Event;

Event RequestReader::start_body() {
  if (chunked_) {
    stage_ = Stage::kChunkLine;
    return Event::kNeedMore;
  }
  if (content_length_ > body_limit_) return fail_with(413, "the body is larger than this server reads");
  if (content_length_ == 0) {
    stage_ = Stage::kDone;
    return Event::kComplete;
  }
  remaining_ = content_length_;
  request_.body.reserve(std::min<std::size_t>(content_length_, kBodyReserve));
  stage_ = Stage::kLength;
  return Event::kNeedMore;
}

Event RequestReader::feed_length(std::string_view& bytes) {
  const std::size_t taken = std::min<std::uint64_t>(bytes.size(), remaining_);
  std::string& body = request_.body;
  // Doubled as usual, but never beyond the length that was announced: the last step would waste up to half of
  // it. A string of its own, because reserve() doubles too.
  if (body.size() + taken > body.capacity()) {
    std::string grown;
    grown.reserve(std::min<std::size_t>(content_length_, std::max(body.size() + taken, 2 * body.capacity())));
    grown.append(body);
    body = std::move(grown);
  }
  body.append(bytes.substr(0, taken));
  bytes.remove_prefix(taken);
  remaining_ -= taken;
  if (remaining_ > 0) return Event::kNeedMore;
  stage_ = Stage::kDone;
  return Event::kComplete;
}

Event RequestReader::feed_chunk_data(std::string_view& bytes) {
  const std::size_t taken = std::min<std::uint64_t>(bytes.size(), remaining_);
  request_.body.append(bytes.substr(0, taken));
  bytes.remove_prefix(taken);
  remaining_ -= taken;
  if (remaining_ == 0) stage_ = Stage::kChunkEnd;
  return Event::kNeedMore;
}

Event RequestReader::feed_line(std::string_view& bytes) {
  const std::size_t newline = bytes.find('\n');
  const std::size_t taken = newline == std::string_view::npos ? bytes.size() : newline + 1;
  const std::size_t limit = stage_ == Stage::kTrailer     ? kMaxChunkOverhead
                            : stage_ == Stage::kChunkLine ? kMaxChunkLineBytes
                                                          : 2;
  if (line_.size() + taken > limit) return fail_with(400, "a chunk line or trailer is too long or malformed");
  line_.append(bytes.substr(0, taken));
  bytes.remove_prefix(taken);
  if (newline == std::string_view::npos) return Event::kNeedMore;
  if (line_.size() < 2 || line_[line_.size() - 2] != '\r')
    return fail_with(400, "a chunk line ends without CR LF");
  line_.resize(line_.size() - 2);
  Event event = Event::kNeedMore;
  if (stage_ == Stage::kTrailer)
    event = take_trailer_line();
  else if (stage_ == Stage::kChunkLine)
    event = take_chunk_line();
  else if (!line_.empty())
    event = fail_with(400, "a chunk is longer than its size says");
  else
    stage_ = Stage::kChunkLine;
  line_.clear();
  if (stage_ == Stage::kDone) line_.shrink_to_fit();
  return event;
}

Event RequestReader::take_chunk_line() {
  std::size_t digits = 0;
  std::uint64_t size = 0;
  for (; digits < line_.size(); ++digits) {
    const char c = line_[digits];
    unsigned value = 0;
    if (c >= '0' && c <= '9')
      value = static_cast<unsigned>(c - '0');
    else if (c >= 'a' && c <= 'f')
      value = static_cast<unsigned>(c - 'a' + 10);
    else if (c >= 'A' && c <= 'F')
      value = static_cast<unsigned>(c - 'A' + 10);
    else
      break;
    if (digits >= 15) return fail_with(400, "a chunk size is too long");
    size = size * 16 + value;
  }
  if (digits == 0) return fail_with(400, "a chunk has no size");
  const std::string_view extension = std::string_view(line_).substr(digits);
  if (!extension.empty() && !are_chunk_extensions(extension))
    return fail_with(400, "a chunk line is malformed");
  overhead_ += extension.size();
  if (overhead_ > kMaxChunkOverhead) return fail_with(400, "there are too many chunk extensions");
  if (size > body_limit_ - request_.body.size())
    return fail_with(413, "the body is larger than this server reads");
  remaining_ = size;
  stage_ = size == 0 ? Stage::kTrailer : Stage::kChunkData;
  return Event::kNeedMore;
}

// Trailers are checked and dropped: a field that arrives after the screening must not be mistaken for a
// header.
Event RequestReader::take_trailer_line() {
  if (line_.empty()) {
    stage_ = Stage::kDone;
    return Event::kComplete;
  }
  overhead_ += line_.size() + 2;
  if (overhead_ > kMaxChunkOverhead) return fail_with(400, "the trailer is too long");
  const std::size_t colon = line_.find(':');
  const std::string_view name = std::string_view(line_).substr(0, std::min(colon, line_.size()));
  if (colon == std::string::npos || !is_token(name) || !is_field_text(line_) || is_forbidden_trailer(name)) {
    return fail_with(400, "a trailer field is malformed or not allowed there");
  }
  return Event::kNeedMore;
}

}  // namespace pryx::net

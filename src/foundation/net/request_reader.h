// SPDX-License-Identifier: MIT
// RequestReader: bytes in, one checked HTTP/1.x request out. Knows no socket and no clock, so that it can be
// tested and fuzzed alone. It refuses everything that two parsers could read differently (RFC 9112
// section 11.2). Owned by one connection; empty between requests.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "foundation/net/http_types.h"

namespace pryx::net {

class RequestReader {
 public:
  struct Limits {
    std::size_t header_bytes = 32u << 10;
    std::size_t header_count = 100;
    std::size_t body_bytes = 10u << 20;
  };
  enum class Event : std::uint8_t {
    kNeedMore,  // all given bytes were taken
    kHead,      // once per request: everything but the body is there
    kComplete,  // bytes that follow belong to the next request and were left alone
    kError,     // error_status() and error_detail() say why; the connection cannot go on
  };

  explicit RequestReader(const Limits& limits) : limits_(limits), body_limit_(limits.body_bytes) {}

  // Takes bytes from the front of `bytes` until something is to be reported.
  [[nodiscard]] Event feed(std::string_view& bytes);
  void reset();
  // Instead of Limits::body_bytes, for the one request whose head was reported.
  void set_body_limit(std::size_t bytes) { body_limit_ = bytes; }

  [[nodiscard]] Request& request() { return request_; }
  [[nodiscard]] bool is_started() const { return stage_ != Stage::kHead || !head_.empty(); }
  [[nodiscard]] bool is_head_complete() const { return stage_ > Stage::kHead; }
  [[nodiscard]] bool is_http11() const { return http11_; }
  [[nodiscard]] bool wants_keep_alive() const { return http11_ && !close_; }
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }
  [[nodiscard]] bool has_body() const { return chunked_ || content_length_ > 0; }
  // The head announces a body longer than Limits::body_bytes, or one whose length is not known yet.
  [[nodiscard]] bool may_have_long_body() const { return chunked_ || content_length_ > limits_.body_bytes; }
  // What it costs, not what it shows: a body that grew holds up to twice its size.
  [[nodiscard]] std::size_t held_bytes() const {
    return head_.size() + head_bytes_ + line_.size() + request_.body.capacity();
  }
  [[nodiscard]] int error_status() const { return error_status_; }
  [[nodiscard]] std::string_view error_detail() const { return error_detail_; }

 private:
  enum class Stage : std::uint8_t {
    kHead,
    kBodyStart,
    kLength,
    kChunkLine,
    kChunkData,
    kChunkEnd,
    kTrailer,
    kDone,
    kFailed
  };
  struct Framing;

  Event fail_with(int status, std::string_view detail);
  Event feed_head(std::string_view& bytes);
  Event start_body();
  Event feed_length(std::string_view& bytes);
  Event feed_chunk_data(std::string_view& bytes);
  Event feed_line(std::string_view& bytes);  // chunk lines, the line end after a chunk, trailer lines
  Event take_chunk_line();
  Event take_trailer_line();

  Event find_head_end(std::string_view head, std::size_t& end);
  Event parse_head(std::string_view head);
  Event parse_request_line(std::string_view line);
  Event parse_target(std::string_view target);
  Event parse_field(std::string_view line, Framing& framing);
  Event check_special_field(std::string_view name, std::string_view value, Framing& framing);
  Event check_framing(const Framing& framing);

  Limits limits_;
  std::size_t body_limit_;
  Request request_;
  std::string head_;         // only while the head arrives in pieces
  std::string line_;         // a chunk or trailer line that arrives in pieces
  std::size_t scan_at_ = 0;  // everything before it holds complete lines
  std::size_t line_start_ = 0;
  std::size_t head_bytes_ = 0;
  std::uint64_t content_length_ = 0;
  std::uint64_t remaining_ = 0;  // of the body or of the current chunk
  std::size_t overhead_ = 0;     // chunk extension and trailer bytes so far
  std::string_view error_detail_;
  int error_status_ = 0;
  Stage stage_ = Stage::kHead;
  bool http11_ = false;
  bool close_ = false;
  bool chunked_ = false;
  bool expects_continue_ = false;
};

}  // namespace pryx::net

// SPDX-License-Identifier: MIT
// A strict, bounded, incremental parser of HTTP/1.1 responses, for the blocking client. Anything ambiguous
// (two lengths, a length and chunks, bare line feeds, folded fields, no length at all) is refused: our own
// server never sends it. Pure; one owner.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "foundation/net/http_types.h"

namespace pryx::client {

struct ResponseLimits {
  std::size_t max_head_bytes = 64u << 10;
  std::size_t max_fields = 100;
  std::size_t max_body_bytes = 64u << 20;  // 0: no limit in total, for streams that are taken in pieces
};

class ResponseParser {
 public:
  explicit ResponseParser(ResponseLimits limits = {}, bool head_request = false)
      : limits_(limits), head_request_(head_request) {}

  // Takes the next bytes of the connection. An error is final.
  [[nodiscard]] Result<void> feed(std::string_view bytes);

  [[nodiscard]] bool has_head() const { return state_ > State::kFields; }
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] const net::Headers& headers() const { return headers_; }
  [[nodiscard]] bool is_done() const { return state_ == State::kDone; }
  // Whether another response may follow on the same connection.
  [[nodiscard]] bool keeps_alive() const { return is_done() && keep_alive_ && buffer_.empty(); }
  // Body bytes that arrived since the last call.
  [[nodiscard]] std::string take_body();

 private:
  enum class State : std::uint8_t {
    kStatusLine,
    kFields,
    kFixedBody,
    kChunkSize,
    kChunkData,
    kChunkEnd,
    kTrailers,
    kDone
  };

  [[nodiscard]] Result<bool> step();
  [[nodiscard]] Result<bool> next_line(std::string& line, std::size_t limit);
  [[nodiscard]] Result<void> read_status_line(std::string_view line);
  [[nodiscard]] Result<void> read_field(std::string_view line);
  [[nodiscard]] Result<void> finish_head();
  [[nodiscard]] Result<void> read_chunk_size(std::string_view line);
  [[nodiscard]] Result<void> append_body(std::uint64_t wanted);

  ResponseLimits limits_;
  bool head_request_ = false;
  State state_ = State::kStatusLine;
  std::string buffer_;
  std::size_t position_ = 0;  // consumed bytes of buffer_
  std::size_t head_bytes_ = 0;
  int interim_heads_ = 0;
  int status_ = 0;
  net::Headers headers_;
  bool keep_alive_ = true;
  std::uint64_t remaining_ = 0;   // of the fixed body or of the current chunk
  std::uint64_t body_bytes_ = 0;  // in total
  std::string body_;
};

}  // namespace pryx::client

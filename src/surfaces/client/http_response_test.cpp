// SPDX-License-Identifier: MIT
#include "surfaces/client/http_response.h"

#include <gtest/gtest.h>

namespace pryx::client {
namespace {

constexpr std::string_view kChunked =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: "
    "chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: 1\r\n\r\n";

// All at once and byte by byte must be the same.
Result<std::string> parse(std::string_view bytes, std::size_t piece, ResponseLimits limits = {},
                          bool head = false) {
  ResponseParser parser(limits, head);
  std::string body;
  while (!bytes.empty()) {
    PRYX_TRY_VOID(parser.feed(bytes.substr(0, piece)));
    body += parser.take_body();
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  if (!parser.is_done()) return fail(ErrorCode::kUnavailable, "incomplete");
  return fmt::format("{} {}", parser.status(), body);
}

TEST(ResponseParser, ReadsChunkedBodiesInPiecesOfAnySize) {
  for (std::size_t piece : {1u, 2u, 3u, 7u, 4096u})
    EXPECT_EQ(parse(kChunked, piece).value_or("error"), "200 hello world") << piece;
}

TEST(ResponseParser, ReadsFixedAndEmptyBodies) {
  EXPECT_EQ(parse("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}", 1).value_or("error"), "201 {}");
  EXPECT_EQ(parse("HTTP/1.1 204 No Content\r\n\r\n", 1).value_or("error"), "204 ");
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", 1, {}, true).value_or("error"), "200 ");
  EXPECT_EQ(
      parse("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 5).value_or("error"),
      "200 ");
}

TEST(ResponseParser, RefusesWhateverIsAmbiguous) {
  const std::string_view cases[] = {
      "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\r\n",
      "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
      "HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\nx",
      "HTTP/1.1 200 OK\r\n folded\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: a\x1b[31m\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n",
      "SSH-2.0-OpenSSH\r\n\r\n",
  };
  for (std::string_view bytes : cases) {
    for (std::size_t piece : {1u, 4096u}) EXPECT_FALSE(parse(bytes, piece)) << bytes;
  }
}

TEST(ResponseParser, HoldsItsBounds) {
  EXPECT_FALSE(parse("HTTP/1.1 200 OK\r\nX: " + std::string(1000, 'a') + "\r\nContent-Length: 0\r\n\r\n",
                     4096, {.max_head_bytes = 500}));
  EXPECT_FALSE(
      parse("HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\nContent-Length: 0\r\n\r\n", 4096, {.max_fields = 2}));
  EXPECT_FALSE(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 4096, {.max_body_bytes = 4}));
  EXPECT_FALSE(parse(kChunked, 4096, {.max_body_bytes = 10}));
}

TEST(ResponseParser, KeepsAliveOnlyWithoutLeftovers) {
  ResponseParser clean;
  ASSERT_TRUE(clean.feed("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_TRUE(clean.keeps_alive());
  ResponseParser closing;
  ASSERT_TRUE(closing.feed("HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_FALSE(closing.keeps_alive());
  ResponseParser surplus;
  ASSERT_TRUE(surplus.feed("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1"));
  EXPECT_FALSE(surplus.keeps_alive());
}

}  // namespace
}  // namespace pryx::client

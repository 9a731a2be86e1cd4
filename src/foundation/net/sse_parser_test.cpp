// SPDX-License-Identifier: MIT
#include "foundation/net/sse_parser.h"

#include <gtest/gtest.h>

namespace pryx::net {
namespace {

std::vector<SseEvent> parse(std::string_view bytes, std::size_t piece) {
  SseParser parser;
  std::vector<SseEvent> out;
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    EXPECT_TRUE(parser.feed(bytes.substr(at, piece), out));
  return out;
}

TEST(SseParser, EveryLineEndAndEveryCut) {
  std::vector<SseEvent> expected{{.data = "one"},
                                 {.data = "two\nthree"},
                                 {.event = "note", .data = "", .id = "7", .retry_ms = 250},
                                 {.data = " x", .id = "7"},
                                 {.data = "last", .id = "7"}};
  const std::string whole = std::string(
                                "\xEF\xBB\xBF: comment\ndata: one\n\ndata:two\r\ndata: three\r\n\r\nevent: "
                                "note\rid: 7\rretry: 250\rdata\r\rdata:  x\nid: a") +
                            '\0' +
                            "b\nunknown: y\n\nevent: lost\n\nretry: 2x\ndata: last\n\ndata: unfinished\n";
  for (std::size_t piece = 1; piece <= whole.size(); ++piece)
    EXPECT_EQ(parse(whole, piece), expected) << piece;
}

TEST(SseParser, IsBounded) {
  SseParser one_line(100);
  std::vector<SseEvent> out;
  EXPECT_TRUE(one_line.feed(std::string(100, 'x'), out));
  EXPECT_EQ(one_line.feed("x", out).error().code, ErrorCode::kTooLarge);
  SseParser many_lines(100);
  Result<void> fed;
  for (int i = 0; i < 20 && fed; ++i) fed = many_lines.feed("data: 0123456789\n", out);
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, ErrorCode::kTooLarge);
}

TEST(SseParser, KeepsTheLastIdAndAnEmptyEvent) {
  for (std::size_t piece : {1u, 3u, 4096u}) {
    const auto events = parse(
        "\xEF\xBB\xBF: hi\r\nevent: turn.delta\ndata: a\ndata:b\nid: 7\n\ndata\r\n\r\nevent: lost\n\ndata: "
        "x\rdata: y\r\r",
        piece);
    ASSERT_EQ(events.size(), 3u);
    EXPECT_EQ(events[0].event, "turn.delta");
    EXPECT_EQ(events[0].data, "a\nb");
    EXPECT_EQ(events[0].id, "7");
    EXPECT_EQ(events[1].event, "");
    EXPECT_EQ(events[1].data, "");
    EXPECT_EQ(events[2].data, "x\ny");
    EXPECT_EQ(events[2].id, "7");
  }
}

}  // namespace
}  // namespace pryx::net

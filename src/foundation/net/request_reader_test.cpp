// SPDX-License-Identifier: MIT
#include "foundation/net/request_reader.h"

#include <gtest/gtest.h>

#include "foundation/net/testing/request_oracle.h"

namespace pryx::net {
namespace {

using testing::read_request;
using testing::ReadResult;
using Event = RequestReader::Event;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n";
constexpr std::string_view kPost = "POST / HTTP/1.1\r\nHost: a\r\n";

struct Case {
  std::string name;
  std::string bytes;
  int status = 0;  // 0: accepted
};

std::string with(std::string_view start, std::string_view rest) {
  return std::string(start) + std::string(rest);
}

// Whatever the sizes of the pieces, the verdict is the same; and Beast agrees with every yes.
void check(const Case& item) {
  SCOPED_TRACE(item.name);
  const ReadResult whole = read_request(item.bytes, item.bytes.size() + 1);
  EXPECT_EQ(whole.status, item.status);
  EXPECT_EQ(whole.event, item.status == 0 ? Event::kComplete : Event::kError);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{64}}) {
    const ReadResult pieces = read_request(item.bytes, piece);
    EXPECT_EQ(pieces.status, whole.status) << "in pieces of " << piece;
    EXPECT_EQ(pieces.request.body, whole.request.body);
    if (item.status == 0) EXPECT_EQ(pieces.taken, whole.taken);
  }
  if (whole.event == Event::kComplete) EXPECT_EQ(testing::compare_with_beast(item.bytes, whole), "");
}

TEST(RequestReader, AcceptsWhatIsUnambiguous) {
  const std::vector<Case> cases = {
      {"plain", with(kGet, "\r\n")},
      {"http 1.0 without host", "GET / HTTP/1.0\r\n\r\n"},
      {"content length", with(kPost, "Content-Length: 5\r\n\r\nhello")},
      {"zero length", with(kPost, "Content-Length: 0\r\n\r\n")},
      {"no length at all", with(kPost, "\r\n")},
      {"chunked", with(kPost, "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")},
      {"chunked, case of the name and value",
       with(kPost, "tRANSFER-eNCODING: CHUNKED\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n")},
      {"chunk extension", with(kPost, "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0;c\r\n\r\n")},
      {"trailer", with(kPost, "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-T: v\r\n\r\n")},
      {"leading zeros of a chunk size",
       with(kPost, "Transfer-Encoding: chunked\r\n\r\n0005\r\nhello\r\n0\r\n\r\n")},
      {"blanks around a value", with(kGet, "X: \t value \t \r\n\r\n")},
      {"empty value", with(kGet, "X:\r\n\r\n")},
      {"utf-8 in a value", with(kGet, "X: gr\xc3\xbc\xc3\x9f\r\n\r\n")},
      {"following bytes stay", with(kGet, "\r\nGET /2 HTTP/1.1\r\n")},
      {"ipv6 host", "GET / HTTP/1.1\r\nHost: [::1]:7799\r\n\r\n"},
      {"escapes", "GET /a%20b/%C3%BC?q=%20%C3%BC HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"expect", with(kPost, "Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx")},
      {"dots inside a name", "GET /a..b/.hidden/... HTTP/1.1\r\nHost: a\r\n\r\n"},
  };
  for (const Case& item : cases) check(item);
}

TEST(RequestReader, RefusesAmbiguousFraming) {
  const std::vector<Case> cases = {
      {"CL and TE", with(kPost, "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX"), 400},
      {"TE and CL", with(kPost, "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nX"), 400},
      {"two different CL", with(kPost, "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"), 400},
      {"two equal CL", with(kPost, "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"), 400},
      {"CL list", with(kPost, "Content-Length: 5, 5\r\n\r\nhello"), 400},
      {"CL with sign", with(kPost, "Content-Length: +5\r\n\r\nhello"), 400},
      {"CL negative", with(kPost, "Content-Length: -1\r\n\r\n"), 400},
      {"CL hex", with(kPost, "Content-Length: 0x5\r\n\r\nhello"), 400},
      {"CL empty", with(kPost, "Content-Length:\r\n\r\n"), 400},
      {"CL with inner blank", with(kPost, "Content-Length: 1 5\r\n\r\nhello"), 400},
      {"CL overflow", with(kPost, "Content-Length: 18446744073709551617\r\n\r\nx"), 400},
      {"CL non-ASCII digit", with(kPost, "Content-Length: \xd9\xa5\r\n\r\nhello"), 400},
      {"two TE", with(kPost, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
       400},
      {"TE list", with(kPost, "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 501},
      {"TE chunked twice", with(kPost, "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"), 501},
      {"TE identity", with(kPost, "Transfer-Encoding: identity\r\n\r\n"), 501},
      {"TE unknown", with(kPost, "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), 501},
      {"TE quoted", with(kPost, "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"), 501},
      {"TE empty", with(kPost, "Transfer-Encoding:\r\n\r\n0\r\n\r\n"), 501},
      {"TE with vertical tab",
       with(kPost,
            "Transfer-Encoding: \x0b"
            "chunked\r\n\r\n0\r\n\r\n"),
       400},
      {"TE in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"space before colon", with(kPost, "Content-Length : 5\r\n\r\nhello"), 400},
      {"tab before colon", with(kPost, "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n"), 400},
      {"folded line", with(kPost, "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"), 400},
      {"folded first line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {"upgrade with a body",
       with(kGet, "Upgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 1\r\n\r\nx"), 400},
  };
  for (const Case& item : cases) check(item);
}

TEST(RequestReader, RefusesMalformedLines) {
  const std::vector<Case> cases = {
      {"bare LF in the header", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400},
      {"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
      {"bare LF as the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
      {"bare CR in a value", with(kGet, "X: a\rb\r\n\r\n"), 400},
      {"CR CR LF", with(kGet, "X: a\r\r\n\r\n"), 400},
      {"NUL in a value", with(kGet, std::string_view("X: a\0b\r\n\r\n", 10)), 400},
      {"NUL in a name", with(kGet, std::string_view("X\0: a\r\n\r\n", 9)), 400},
      {"DEL in a value", with(kGet, "X: \x7f\r\n\r\n"), 400},
      {"invalid utf-8 in a value", with(kGet, "X: \xff\xfe\r\n\r\n"), 400},
      {"Connection is no list of tokens", with(kGet, "Connection: keep-alive: x\r\n\r\n"), 400},
      {"no colon", with(kGet, "nonsense\r\n\r\n"), 400},
      {"empty name", with(kGet, ": x\r\n\r\n"), 400},
      {"blank in a name", with(kGet, "A B: x\r\n\r\n"), 400},
      {"leading empty line", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"leading blank", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"TLS hello", std::string("\x16\x03\x01\x02\x00", 5), 400},
      {"lower-case method", "get / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"method of odd characters", "G=T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"tab as separator", "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"blank at the end", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
      {"no version", "GET /\r\nHost: a\r\n\r\n", 400},
      {"HTTP/0.9 style", "GET / \r\nHost: a\r\n\r\n", 400},
      {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
      {"lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"unknown expectation", with(kPost, "Expect: 200-ok\r\nContent-Length: 1\r\n\r\nx"), 417},
  };
  for (const Case& item : cases) check(item);
}

TEST(RequestReader, RefusesForeignTargetsAndHosts) {
  const auto get = [](std::string_view target) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  const std::vector<Case> cases = {
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", with(kGet, "Host: a\r\n\r\n"), 400},
      {"two hosts in 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
      {"host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
      {"host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
      {"host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
      {"absolute form", get("http://a/"), 400},
      {"authority form", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"asterisk form", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"fragment", get("/#x"), 400},
      {"raw non-ASCII", get("/\xc3\xbc"), 400},
      {"bad escape", get("/%zz"), 400},
      {"cut escape", get("/%4"), 400},
      {"bad escape in the query", get("/?q=%g0"), 400},
      {"encoded NUL", get("/a%00b"), 400},
      {"encoded NUL in the query", get("/?a%00b"), 400},
      {"encoded line end", get("/a%0d%0ab"), 400},
      {"encoded slash", get("/a%2fb"), 400},
      {"encoded backslash", get("/a%5Cb"), 400},
      {"backslash", get("/a\\b"), 400},
      {"invalid utf-8", get("/%ff%fe"), 400},
      {"overlong utf-8", get("/%c0%af"), 400},
      {"surrogate", get("/%ed%a0%80"), 400},
      {"invalid utf-8 in the query", get("/?q=%ff"), 400},
      {"dot segment", get("/a/../b"), 400},
      {"encoded dot segment", get("/a/%2e%2e/b"), 400},
      {"single dot", get("/./a"), 400},
      {"too long", get("/" + std::string(9000, 'a')), 414},
  };
  for (const Case& item : cases) check(item);
}

TEST(RequestReader, RefusesMalformedChunks) {
  const auto chunked = [](std::string_view body) {
    return with(kPost, "Transfer-Encoding: chunked\r\n\r\n" + std::string(body));
  };
  const std::vector<Case> cases = {
      {"no size", chunked("\r\nhello\r\n0\r\n\r\n"), 400},
      {"0x prefix", chunked("0x5\r\nhello\r\n0\r\n\r\n"), 400},
      {"sign", chunked("+5\r\nhello\r\n0\r\n\r\n"), 400},
      {"negative", chunked("-1\r\nhello\r\n0\r\n\r\n"), 400},
      {"blank after the size", chunked("5 \r\nhello\r\n0\r\n\r\n"), 400},
      {"bare LF after the size", chunked("5\nhello\r\n0\r\n\r\n"), 400},
      {"bare LF after the data", chunked("5\r\nhello\n0\r\n\r\n"), 400},
      {"longer than its size", chunked("3\r\nhello\r\n0\r\n\r\n"), 400},
      {"overflowing size", chunked("fffffffffffffffff\r\nx"), 400},
      {"wrapping size", chunked("10000000000000000\r\nx"), 400},
      {"huge size", chunked("7fffffffffff\r\nx"), 413},
      {"endless extension", chunked("5;" + std::string(400, 'a') + "\r\nhello\r\n0\r\n\r\n"), 400},
      {"bare CR in an extension", chunked("5;a\rb\r\nhello\r\n0\r\n\r\n"), 400},
      {"malformed trailer", chunked("0\r\nno colon\r\n\r\n"), 400},
      {"folded trailer", chunked("0\r\nX: a\r\n b\r\n\r\n"), 400},
      {"bare LF trailer", chunked("0\r\nX: a\n\r\n"), 400},
      {"framing field in the trailer", chunked("0\r\nContent-Length: 5\r\n\r\n"), 400},
      {"quoted extension", chunked("5;a=\"b\"\r\nhello\r\n0\r\n\r\n"), 400},
      {"nameless extension", chunked("5;\r\nhello\r\n0\r\n\r\n"), 400},
      {"endless trailer", chunked("0\r\nX: " + std::string(5000, 'a') + "\r\n\r\n"), 400},
  };
  for (const Case& item : cases) check(item);
  std::string extensions;
  for (int i = 0; i < 30; ++i) extensions += "1;" + std::string(200, 'e') + "\r\nx\r\n";
  check({"many extensions", chunked(extensions + "0\r\n\r\n"), 400});
}

TEST(RequestReader, HoldsItsLimits) {
  const RequestReader::Limits limits{.header_bytes = 1000, .header_count = 5, .body_bytes = 10};
  const auto status = [&](const std::string& bytes) {
    const ReadResult whole = read_request(bytes, bytes.size() + 1, limits);
    const ReadResult pieces = read_request(bytes, 3, limits);
    EXPECT_EQ(whole.status, pieces.status);
    return whole.status;
  };
  const std::string exact = with(kGet, "X: " + std::string(1000 - kGet.size() - 7, 'x') + "\r\n\r\n");
  ASSERT_EQ(exact.size(), 1000u);
  EXPECT_EQ(status(exact), 0);
  EXPECT_EQ(status(with(kGet, "X: " + std::string(1000 - kGet.size() - 6, 'x') + "\r\n\r\n")), 431);
  EXPECT_EQ(status("GET /" + std::string(5000, 'a')), 431);
  EXPECT_EQ(status(with(kGet, "A:1\r\nB:2\r\nC:3\r\nD:4\r\n\r\n")), 0);
  EXPECT_EQ(status(with(kGet, "A:1\r\nB:2\r\nC:3\r\nD:4\r\nE:5\r\n\r\n")), 431);
  EXPECT_EQ(status(with(kPost, "Content-Length: 10\r\n\r\n0123456789")), 0);
  EXPECT_EQ(status(with(kPost, "Content-Length: 11\r\n\r\n")), 413);
  EXPECT_EQ(status(with(kPost, "Transfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n5\r\n01234\r\n0\r\n\r\n")),
            413);
}

TEST(RequestReader, ReadsTheFields) {
  const std::string bytes =
      "PUT /a%20b/c?x=1&y=%20 HTTP/1.1\r\nHost: localhost:7799\r\nX-Two: 1\r\nx-two: 2\r\nConnection: "
      "keep-alive, close\r\n"
      "Content-Length: 3\r\n\r\nabcrest";
  const ReadResult read = read_request(bytes, 1000);
  ASSERT_EQ(read.event, Event::kComplete);
  EXPECT_EQ(bytes.substr(read.taken), "rest");
  EXPECT_EQ(read.request.method, "PUT");
  EXPECT_EQ(read.request.path, "/a b/c");
  EXPECT_EQ(read.request.query, "x=1&y=%20");
  EXPECT_EQ(read.request.query_value("y"), " ");
  EXPECT_EQ(read.request.headers.count("X-TWO"), 2u);
  EXPECT_EQ(read.request.body, "abc");
  EXPECT_FALSE(read.keep_alive);
  EXPECT_FALSE(read.request.wants_websocket);
}

TEST(RequestReader, TrailersAreNotHeaders) {
  const ReadResult read = read_request(
      with(kPost, "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nAuthorization: Bearer t\r\n\r\n"), 1000);
  ASSERT_EQ(read.event, Event::kComplete);
  EXPECT_FALSE(read.request.headers.find("Authorization"));
}

TEST(RequestReader, RecognisesAnUpgrade) {
  const auto wants = [](std::string_view rest) {
    const ReadResult read = read_request(with(kGet, rest), 1000);
    return read.request.wants_websocket;
  };
  EXPECT_TRUE(wants("Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n\r\n"));
  EXPECT_FALSE(wants("Upgrade: websocket\r\n\r\n"));
  EXPECT_FALSE(wants("Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"));
}

TEST(HttpTypes, QueryAndEscapes) {
  Request request;
  request.query = "a=1&b=x%20y+z&&a=2&flag&=empty&c=%3D";
  EXPECT_EQ(request.query_value("a"), "1");
  EXPECT_EQ(request.query_values("a"), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(request.query_value("b"), "x y z");
  EXPECT_EQ(request.query_value("flag"), "");
  EXPECT_EQ(request.query_value("c"), "=");
  EXPECT_EQ(request.query_value("none"), std::nullopt);
  EXPECT_EQ(percent_encode("a b/\xc3\xbc~"), "a%20b%2F%C3%BC~");
  EXPECT_EQ(percent_decode(percent_encode("a b/\xc3\xbc~+%"), false), "a b/\xc3\xbc~+%");
  EXPECT_EQ(percent_decode("100%", false), "100%");
}

TEST(HttpTypes, HeadersCompareWithoutCase) {
  Headers headers;
  headers.add("Set-Cookie", "a");
  headers.add("set-cookie", "b");
  EXPECT_EQ(headers.find("SET-COOKIE"), "a");
  EXPECT_EQ(headers.count("Set-Cookie"), 2u);
  headers.set("SET-Cookie", "c");
  EXPECT_EQ(headers.all(), (std::vector<std::pair<std::string, std::string>>{{"SET-Cookie", "c"}}));
}

}  // namespace
}  // namespace pryx::net

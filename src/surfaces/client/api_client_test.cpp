// SPDX-License-Identifier: MIT
// The client of the API against a server on a raw socket.
#include "surfaces/client/api_client.h"

#include <gtest/gtest.h>

#include "foundation/net/testing/raw_server.h"
#include "foundation/platform/system_clock.h"

namespace pryx::client {
namespace {

using net::testing::RawConnection;
using net::testing::RawServer;

constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::size_t kPieces = 80;  // of a MiB: more than call() takes

class Download : public ::testing::Test {
 protected:
  ApiClient client_of(const RawServer& server) {
    return {{.socket_path = {}, .address = "127.0.0.1", .port = server.port(), .token = {}},
            {.clock = &clock_},
            std::chrono::seconds(30)};
  }
  static Call csv() { return {.method = "GET", .target = "/export"}; }
  platform::SystemClock clock_;
};

TEST_F(Download, ALongBodyPassesInPieces) {
  const RawServer server([](RawConnection& connection, const std::string&) {
    connection.write(kHead);
    for (std::size_t i = 0; i < kPieces; ++i) connection.write_chunk(std::string(1u << 20, 'x'));
    connection.write_chunk("");
  });
  ApiClient client = client_of(server);
  std::size_t bytes = 0, longest = 0;
  const auto reply = client.download(csv(), [&](std::string_view piece) -> Result<void> {
    bytes += piece.size();
    longest = std::max(longest, piece.size());
    return {};
  });
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(bytes, kPieces << 20);
  EXPECT_LE(longest, 1u << 20) << "it is not gathered first";
  EXPECT_TRUE(reply->body.empty());
  EXPECT_EQ(client.call(csv()).error().code, ErrorCode::kTooLarge) << "the control";
}

TEST_F(Download, ACutBodyIsAnError) {
  const RawServer server([](RawConnection& connection, const std::string&) {
    connection.write(kHead);
    connection.write_chunk("a,b");
  });
  std::string got;
  const auto reply = client_of(server).download(csv(), [&](std::string_view piece) -> Result<void> {
    got += piece;
    return {};
  });
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(got, "a,b");
}

TEST_F(Download, ARefusalIsAnErrorAndNoBody) {
  const RawServer server([](RawConnection& connection, const std::string&) {
    connection.write(
        "HTTP/1.1 403 Forbidden\r\nContent-Type: application/problem+json\r\nContent-Length: 34\r\n\r\n"
        R"({"detail":"not with this token!!"})");
  });
  const auto reply = client_of(server).download(csv(), [](std::string_view) -> Result<void> {
    ADD_FAILURE() << "a problem is no body";
    return {};
  });
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::kForbidden);
  EXPECT_EQ(reply.error().message, "not with this token!!");
}

TEST_F(Download, WhoTakesItEndsIt) {
  const RawServer server([](RawConnection& connection, const std::string&) {
    connection.write(kHead);
    for (std::size_t i = 0; i < kPieces; ++i)
      if (!connection.write_chunk(std::string(1u << 20, 'x'))) return;
    connection.write_chunk("");
  });
  int taken = 0;
  const auto reply = client_of(server).download(csv(), [&](std::string_view) -> Result<void> {
    ++taken;
    return fail(ErrorCode::kStorage, "the disk is full");
  });
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::kStorage);
  EXPECT_EQ(taken, 1);
}

}  // namespace
}  // namespace pryx::client

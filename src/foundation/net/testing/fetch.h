// SPDX-License-Identifier: MIT
// Requests as tests of clients make them: whole exchanges, many of them, and ones that end in an error.
#pragma once
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "foundation/async/wait_list.h"
#include "foundation/net/http_client.h"
#include "foundation/net/testing/raw_server.h"
#include "foundation/net/testing/real_loop.h"

namespace pryx::net::testing {

inline ClientRequest get(std::string url) {
  ClientRequest request;
  request.url = std::move(url);
  return request;
}

// Whole exchange: status and body, or the error of either half.
struct Whole {
  int status = 0;
  std::string body;
  Headers headers;
};
inline async::Task<Result<Whole>> fetch(HttpClient& client, ClientRequest request,
                                        Duration idle = std::chrono::seconds(10)) {
  PRYX_CO_TRY(auto response, co_await client.start(std::move(request)));
  Whole out{response->status(), {}, response->headers()};
  for (;;) {
    PRYX_CO_TRY(const auto piece, co_await response->read(idle));
    if (!piece) co_return out;
    out.body += *piece;
  }
}

inline Result<Whole> fetch_once(ClientRequest request, ClientOptions options = {},
                                Duration idle = std::chrono::seconds(10)) {
  RealLoop real;
  const auto client = make_http_client(real.loop, std::move(options));
  return run(real, fetch(*client, std::move(request), idle));
}

inline async::Task<Result<int>> fetch_many_times(HttpClient& client, std::string url, int times) {
  for (int i = 0; i < times; ++i) {
    PRYX_CO_TRY(const auto whole, co_await fetch(client, get(url)));
    if (whole.body != "ok") co_return -1;
  }
  co_return times;
}

inline void serve_keep_alive(RawConnection& connection, std::string request) {
  while (!request.empty()) {
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    request = connection.read_request();
  }
}

inline async::Task<void> fetch_into(HttpClient& client, std::string url, int times, int& done) {
  const auto count = co_await fetch_many_times(client, std::move(url), times);
  EXPECT_TRUE(count) << count.error().message;
  if (count) done += *count;
}
// Reads to the end, which is an error.
inline async::Task<void> read_until_error(HttpClient& client, std::string url,
                                          async::OneShot<bool>& first_piece, std::optional<Error>& end) {
  const auto response = co_await client.start(get(std::move(url)));
  if (!response) {
    end = response.error();
    co_return;
  }
  for (;;) {
    const auto piece = co_await (*response)->read(std::chrono::hours(1));
    if (!piece) {
      end = piece.error();
      co_return;
    }
    first_piece.set(true);
  }
}

}  // namespace pryx::net::testing

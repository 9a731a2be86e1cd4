// SPDX-License-Identifier: MIT
// Sessions as files over HTTP: who does the work.
#include <gtest/gtest.h>

#include "surfaces/server/testing/fake_exchange.h"

namespace pryx::server {
namespace {

using testing::ApiFixture;
using testing::FakeExchange;

class SessionFiles : public ApiFixture {};

// A long file takes seconds, for which it must hold neither the loop nor a reader of the store.
TEST_F(SessionFiles, AnImportIsReadByAWorker) {
  auto full = std::make_unique<async::WorkerPool>(loop, 1, 0);
  std::swap(house.pool, full);
  ApiServer server(house.services(), house.options);
  std::swap(house.pool, full);
  const json::object body{{"content", 7}};
  FakeExchange exchange(testing::make_request("POST", "/api/v1/sessions/import", &body));
  async::TaskGroup group(loop, "request");
  group.spawn("handle", server.handle(exchange));
  loop.run_until_idle();
  ASSERT_TRUE(exchange.response.has_value());
  EXPECT_TRUE(exchange.response->body.contains("too much background work is queued"))
      << exchange.response->body;
  // The control: with a worker that takes it, the file is read.
  EXPECT_TRUE(post("/api/v1/sessions/import", body).body.contains("content must be an object"));
}

}  // namespace
}  // namespace pryx::server

// SPDX-License-Identifier: MIT
// A change over the API that cannot be recorded is not made; with the log in order the same calls succeed.
#include <gtest/gtest.h>

#include <list>

#include "surfaces/server/testing/fake_exchange.h"

namespace pryx::server {
namespace {

class Evidence : public testing::ApiFixture, public ::testing::WithParamInterface<bool> {
 protected:
  using Answer = testing::Answer;
  void fill_the_log() {
    if (!GetParam()) return;
    const auto done = async::testing::run(loop, house.database->write([](db::Transaction& t) {
      return t.db().execute(
          "CREATE TRIGGER audit_is_full BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'no room'); END");
    }));
    ASSERT_TRUE(done) << done.error().message;
  }
  // The same call is refused with the log full and taken without.
  void expect_made(const Answer& answer) {
    if (GetParam())
      EXPECT_GE(answer.status, 400) << answer.body;
    else
      EXPECT_LT(answer.status, 300) << answer.body;
  }
  std::int64_t count(std::string sql) {
    counted_.push_back(std::move(sql));
    return async::testing::run(loop, house.database->read([this](db::Connection& c) {
             return c.count(db::Sql::kept(counted_.back()));
           }))
        .value();
  }
  std::list<std::string> counted_;
};

TEST_P(Evidence, Tokens) {
  const std::string id =
      json::string_or(post("/api/v1/tokens", {{"name", "a"}, {"scopes", "read"}}).json, "id");
  fill_the_log();
  expect_made(post("/api/v1/tokens", {{"name", "b"}, {"scopes", "admin"}}));
  expect_made(remove("/api/v1/tokens/" + id));
  EXPECT_EQ(get("/api/v1/tokens").json.at("items").as_array().size(), 1u) << "one is there: a or b";
  EXPECT_EQ(json::string_or(get("/api/v1/tokens").json.at("items").as_array()[0].as_object(), "name"),
            GetParam() ? "a" : "b");
}

TEST_P(Evidence, Sessions) {
  const std::string session = new_session();
  fill_the_log();
  expect_made(remove("/api/v1/sessions/" + session));
  EXPECT_EQ(count("SELECT count(*) FROM sessions"), GetParam() ? 1 : 0);
}

TEST_P(Evidence, LoginLinks) {
  fill_the_log();
  expect_made(post("/api/v1/login/links"));
}

INSTANTIATE_TEST_SUITE_P(FullAndNot, Evidence, ::testing::Bool(), [](const auto& info) {
  return info.param ? std::string("FullLog") : std::string("TheControl");
});

}  // namespace
}  // namespace pryx::server

// SPDX-License-Identifier: MIT
#include "engine/agent/result_refs.h"

#include <gtest/gtest.h>

#include "engine/agent/testing/corridor.h"

namespace pryx::agent {
namespace {
using testing::Corridor;
using testing::kMe;

class ResultRefsTest : public ::testing::Test, public Corridor {
 protected:
  ResultRefsTest() { boot(); }
  void refer(const SessionId& session, const std::string& ref) {
    Message message{
        .principal = kMe, .session = session, .id = daemon->ids.make<MessageId>(), .role = Role::kUser};
    Part part;
    part.type = "image";
    part.result_ref = ref;
    message.parts.push_back(std::move(part));
    ASSERT_TRUE(write([&](db::Transaction& t) { return SessionStore::insert_message(t.db(), message); }));
  }
  void remove(const SessionId& session) {
    ASSERT_TRUE(
        write([&](db::Transaction& t) { return SessionStore::delete_session(t.db(), kMe, session); }));
  }
  std::vector<std::string> unneeded() {
    return read([](db::Connection& c) { return ResultRefs::list_unneeded(c, 10); });
  }
};

TEST_F(ResultRefsTest, AFileGoesWithTheLastSessionThatRefersToIt) {
  const SessionId one = session(), two = session();
  refer(one, "sha256:aa");
  refer(one, "sha256:bb");
  refer(two, "sha256:aa");
  EXPECT_TRUE(unneeded().empty());
  remove(one);
  EXPECT_EQ(unneeded(), (std::vector<std::string>{"sha256:bb"}));
  remove(two);
  EXPECT_EQ(unneeded(), (std::vector<std::string>{"sha256:aa", "sha256:bb"}));
  ASSERT_TRUE(write([](db::Transaction& t) { return ResultRefs::forget_dropped(t.db(), 10); }));
  EXPECT_TRUE(unneeded().empty());
}

TEST_F(ResultRefsTest, AResultThatAStepKeptCountsToo) {
  model->add(testing::asks_for({{"test.pure"}}));
  model->add(testing::says("done"));
  world.text = std::string(100'000, 'x');
  const SessionId s = session();
  const TurnId t = send(s, "go");
  settle();
  const std::string ref = steps(t).at(1).result_ref;
  ASSERT_FALSE(ref.empty());
  remove(s);
  EXPECT_EQ(unneeded(), (std::vector<std::string>{ref}));
}

}  // namespace
}  // namespace pryx::agent

// SPDX-License-Identifier: MIT
// Every event that a busy conversation puts on the bus must fit api/events/<name>.json, and none may be
// without a schema.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "engine/agent/turn_engine.h"
#include "foundation/schema/schema.h"
#include "surfaces/server/audit_head.h"
#include "surfaces/server/testing/fake_exchange.h"

namespace pryx::server {
namespace {

using testing::Answer;
using testing::ApiFixture;

const std::filesystem::path kFolder = std::filesystem::path(PRYX_SOURCE_DIR) / "api/events";

schema::Schema load(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  const auto document = json::parse(text.str());
  PRYX_CHECK(document.has_value());
  auto compiled = schema::Schema::compile(*document, {.unknown_keywords = schema::UnknownKeywords::kRefuse});
  if (!compiled) ADD_FAILURE() << path << ": " << compiled.error().message;
  PRYX_CHECK(compiled.has_value());
  return *compiled;
}

async::Task<void> collect(events::Subscription& subscription, std::vector<events::EventPtr>& out) {
  for (;;) {
    auto event = co_await subscription.next();
    if (!event) co_return;
    out.push_back(std::move(*event));
  }
}

class EventSchemas : public ApiFixture {
 protected:
  EventSchemas() {
    for (const auto& entry : std::filesystem::directory_iterator(kFolder))
      schemas_.emplace(entry.path().stem().string(), load(entry.path()));
    live_ = house.events->subscribe(
        {.principal = PrincipalId("prn_owner"), .names = {}, .session = {}, .turn_id = {}});
    collector_.spawn("collect", collect(*live_, events_));
  }
  ~EventSchemas() override {
    collector_.cancel_all();
    loop.run_until_idle();
  }

  // Reads what was published so far.
  void take_events() {
    while (loop.poll()) {
    }
    for (const events::EventPtr& event : std::exchange(events_, {})) {
      seen_.insert(event->name);
      const auto envelope = json::parse_object(event->envelope);
      ASSERT_TRUE(envelope.has_value());
      check("envelope", *envelope);
      check(event->name, envelope->at("payload"));
    }
  }
  void check(const std::string& name, const json::value& instance) {
    const auto found = schemas_.find(name);
    ASSERT_NE(found, schemas_.end()) << "api/events/" << name << ".json is missing";
    for (const schema::Violation& violation : found->second.validate(instance)) {
      ADD_FAILURE() << name << ": " << violation.to_text() << " in " << json::to_text(instance);
    }
  }
  void say(const std::string& session, bool interactive = true) {
    const json::object body{{"text", "hi"}, {"interactive", interactive}};
    ASSERT_EQ(
        send_now(testing::make_request("POST", "/api/v1/sessions/" + session + "/messages", &body)).status,
        202);
    take_events();
  }

  std::map<std::string, schema::Schema> schemas_;
  std::unique_ptr<events::Subscription> live_;
  std::vector<events::EventPtr> events_;
  async::TaskGroup collector_{loop, "collector"};
  std::set<std::string> seen_;
};

TEST_F(EventSchemas, HoldForABusyConversation) {
  const std::string session = new_session();
  (void)patch("/api/v1/sessions/" + session, {{"title", "Busy"}});
  say(session);
  house.model->calls = {{"c1", "note.add", R"({"text":"milk"})"}};
  say(session, false);
  house.model->calls = {{"c2", "no.such.tool", "{}"}};
  say(session, false);
  house.model->calls = {{"c3", "note.add", R"({"text":"eggs"})"}};
  say(session);
  const Answer pending = send_now(testing::make_request("GET", "/api/v1/approvals?state=pending"));
  const json::object yes{{"decision", "approve"}};
  for (const json::value& approval : pending.json.at("items").as_array()) {
    (void)send_now(testing::make_request(
        "POST", "/api/v1/approvals/" + json::string_or(approval.as_object(), "id"), &yes));
  }
  take_events();
  house.model->failure = Error{ErrorCode::kUnauthenticated, "the key is wrong", -1};
  say(session);
  house.model->failure = Error{ErrorCode::kOverloaded, "slow down", -1};
  say(session);
  house.model->failure.reset();
  loop.run_for(std::chrono::seconds(5));
  take_events();
  // Longer than it is tried again: the turn waits.
  house.turns->set_model_wait(std::chrono::hours(1));
  house.model->failure = Error{ErrorCode::kOverloaded, "slow down", 120'000};
  say(session);
  house.model->failure.reset();
  loop.run_for(std::chrono::minutes(3));
  take_events();
  house.model->hangs_after_words = true;
  const json::object body{{"text", "hi"}};
  const Answer running =
      send_now(testing::make_request("POST", "/api/v1/sessions/" + session + "/messages", &body));
  (void)send_now(
      testing::make_request("POST", "/api/v1/turns/" + json::string_or(running.json, "turn_id") + "/cancel"));
  take_events();
  EXPECT_EQ(remove("/api/v1/sessions/" + session).status, 204);
  take_events();
  for (const char* name :
       {"session.created", "session.updated", "session.deleted", "message.created", "turn.started",
        "turn.delta", "turn.retrying", "turn.completed", "turn.failed", "turn.cancelled", "step.started",
        "step.finished", "tool.requested", "tool.started", "tool.finished", "trace.span", "cost.updated",
        "approval.needed", "approval.resolved"}) {
    EXPECT_TRUE(seen_.contains(name)) << name << " did not happen in this test";
  }
}

TEST_F(EventSchemas, HoldForGrantsAndTheAuditLog) {
  const std::string session = new_session();
  std::vector<std::string> kept;
  for (const char* scope : {"session", "always"}) {
    house.model->calls = {{"c1", "note.add", R"({"text":"milk"})"}};
    say(session);
    const Answer pending = send_now(testing::make_request("GET", "/api/v1/approvals?state=pending"));
    const json::object yes{{"decision", "approve"}, {"scope", scope}};
    for (const json::value& approval : pending.json.at("items").as_array()) {
      const Answer answer = send_now(testing::make_request(
          "POST", "/api/v1/approvals/" + json::string_or(approval.as_object(), "id"), &yes));
      ASSERT_EQ(answer.status, 200) << answer.body;
    }
    take_events();
    const Answer grants = send_now(testing::make_request("GET", "/api/v1/grants"));
    for (const json::value& grant : grants.json.at("items").as_array())
      kept.push_back(json::string_or(grant.as_object(), "id"));
    // The next call must ask again.
    if (kept.size() == 1) (void)remove("/api/v1/grants/" + kept[0]);
    take_events();
  }
  ASSERT_EQ(kept.size(), 2u);
  const json::object soon{{"expires", "1h"}};
  EXPECT_EQ(send_now(testing::make_request("PATCH", "/api/v1/grants/" + kept[1], &soon)).status, 200);
  take_events();
  EXPECT_FALSE(house.approvals->has_expired_grants());
  loop.run_for(std::chrono::hours(1));
  EXPECT_TRUE(house.approvals->has_expired_grants());
  EXPECT_EQ(async::testing::run(loop, house.approvals->purge_grants()).value(), 1);
  EXPECT_FALSE(house.approvals->has_expired_grants());
  take_events();
  for (const char* name : {"grant.created", "grant.changed", "grant.revoked", "grant.expired", "audit.head"})
    EXPECT_TRUE(seen_.contains(name)) << name << " did not happen in this test";
}

async::Task<void> write_entry(testing::House& house) {
  const auto written = co_await house.database->write([&](db::Transaction& t) {
    return house.audit.append(t, {.principal = PrincipalId("prn_owner"),
                                  .kind = "test",
                                  .actor = "test",
                                  .session = {},
                                  .turn = {},
                                  .step = {},
                                  .subject = "x"});
  });
  EXPECT_TRUE(written.has_value());
}

// A burst of entries is a few messages, and the last one says where the log ends.
TEST_F(EventSchemas, TheHeadOfTheAuditLogComesAFewTimesASecond) {
  loop.run_for(std::chrono::seconds(1));
  events_.clear();
  constexpr int kEntries = 50;
  constexpr Duration kBetween = std::chrono::milliseconds(20);
  async::TaskGroup group(loop, "entries");
  for (int i = 0; i < kEntries; ++i) {
    group.spawn("write", write_entry(house));
    loop.run_for(kBetween);
  }
  loop.run_for(std::chrono::seconds(1));
  std::vector<std::int64_t> sizes;
  for (const events::EventPtr& event : events_) {
    if (event->name != "audit.head") continue;
    EXPECT_FALSE(event->durable);
    sizes.push_back(json::parse_object(event->envelope)->at("payload").at("size").as_int64());
  }
  EXPECT_GE(sizes.size(), 2u);
  EXPECT_LE(sizes.size(), static_cast<std::size_t>(kEntries * kBetween / kAuditHeadPause) + 2);
  EXPECT_TRUE(std::ranges::is_sorted(sizes));
  const auto size = async::testing::run(
      loop, house.database->read([](db::Connection& c) { return audit::AuditLog::size(c); }));
  EXPECT_EQ(sizes.back(), size.value());
}

}  // namespace
}  // namespace pryx::server

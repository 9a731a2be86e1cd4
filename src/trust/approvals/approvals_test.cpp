// SPDX-License-Identifier: MIT
// Answers, plans and grants over a real database file on a virtual clock.
#include "trust/approvals/approvals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "foundation/async/testing/virtual_loop.h"

namespace pryx::trust {
namespace {

const PrincipalId kMe("prn_owner");
Caller person(Scopes scopes = Scopes::all()) {
  return {.principal = {.id = kMe}, .scopes = scopes, .surface = "test", .transport = Transport::kInternal};
}

class ApprovalsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              fmt::format("pryx-approvals-{}-{}", ::getpid(),
                          ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    boot();
  }
  void TearDown() override {
    house_.reset();
    std::filesystem::remove_all(folder_);
  }
  struct House {
    House(async::EventLoop& loop, IdSource& ids, const std::string& path)
        : database(open(loop, path)),
          events(loop, *database),
          audit(loop.clock()),
          approvals(loop, *database, events, audit, ids) {}
    static std::unique_ptr<db::Database> open(async::EventLoop& loop, const std::string& path) {
      const db::ModuleMigrations modules[] = {events::EventLog::migrations(), audit::AuditLog::migrations(),
                                              Approvals::migrations()};
      auto opened = db::Database::open(loop, {.open = {.path = path}, .inline_mode = true}, modules);
      PRYX_CHECK(opened.has_value());
      return std::move(*opened);
    }
    std::unique_ptr<db::Database> database;
    events::EventLog events;
    audit::AuditLog audit;
    Approvals approvals;
  };
  void boot() {
    house_.reset();
    house_ = std::make_unique<House>(loop_, ids_, (folder_ / "a.db").string());
    ASSERT_TRUE(now(house_->events.start()).has_value());
    ASSERT_TRUE(now(house_->approvals.start()).has_value());
  }
  [[nodiscard]] Approvals& approvals() { return house_->approvals; }
  template <class T>
  T now(async::Task<T> task) {
    std::optional<T> out;
    async::TaskGroup group(loop_, "test");
    group.spawn("now", async::testing::detail::keep<T>(std::move(task), out));
    while (loop_.poll()) {
    }
    PRYX_CHECK(out.has_value());
    return std::move(*out);
  }
  Approval ask(const std::string& path, bool whole = true, const std::string& folder = "",
               std::vector<std::string> changes = {}) {
    Approval a;
    a.id = ids_.make<ApprovalId>();
    a.principal = kMe;
    a.session = session_;
    a.turn = turn_;
    a.step = ids_.make<StepId>();
    a.tool = "fs.write";
    a.arguments = json::canonical(json::object{{"path", path}});
    a.rendering = "fs.write " + path;
    a.call_hash = fmt::format("sha256:{:064x}", ++calls_);
    a.rule_suggestion = fmt::format("fs.write(path: \"{}\")", path);
    a.shown_whole = whole;
    a.changes = std::move(changes);
    a.facts.tool = a.tool;
    a.facts.paths = {path};
    a.facts.principal = kMe;
    a.facts.session = session_;
    a.facts.outside_workspace = false;
    a.facts.parse_complete = true;
    a.facts.workspace = folder;
    a.created_at = loop_.clock().wall();
    a.expires_at = a.created_at + std::chrono::minutes(5);
    PRYX_CHECK(now(house_->database->write([&](db::Transaction& t) {
                 return approvals().create(t, a);
               })).has_value());
    return a;
  }
  Result<Approval> answer(const Approval& a, Resolution resolution) {
    return now(approvals().resolve(person(), a.id, std::move(resolution)));
  }
  std::size_t granted() { return approvals().grants_for(kMe, session_).size(); }

  async::testing::VirtualLoop loop_;
  pryx::testing::SeededRandom random_{3};
  IdSource ids_{loop_.clock(), random_};
  SessionId session_ = ids_.make<SessionId>();
  TurnId turn_ = ids_.make<TurnId>();
  std::filesystem::path folder_;
  std::unique_ptr<House> house_;
  int calls_ = 0;
};

TEST_F(ApprovalsTest, WhatIsNotShownWholeTakesItsCode) {
  const Approval a = ask("notes.txt", false);
  EXPECT_EQ(answer(a, {.approve = true}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(answer(a, {.approve = true, .confirm = "000000x"}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(now(approvals().resolve_plan(person(), {a.id}, {.approve = true})).error().code,
            ErrorCode::kInvalidArgument)
      << "a plan is no way around it";
  EXPECT_EQ(a.confirm_code(), a.call_hash.substr(7, 6));
  EXPECT_TRUE(answer(a, {.approve = true, .confirm = a.confirm_code()}).has_value());
  EXPECT_TRUE(answer(ask("b", false), {.approve = false}).has_value()) << "a no needs no code";
}

TEST_F(ApprovalsTest, PagesOfStatesAreInOneOrder) {
  std::vector<ApprovalId> all;
  for (int i = 0; i < 9; ++i) {
    loop_.run_for(std::chrono::seconds(1));
    const Approval a = ask(fmt::format("{}.txt", i));
    all.insert(all.begin(), a.id);
    if (i % 3 > 0) ASSERT_TRUE(answer(a, {.approve = i % 3 == 1}).has_value());
  }
  const auto list = [&](std::vector<ApprovalState> states, std::int64_t limit) {
    std::vector<ApprovalId> seen;
    ApprovalQuery query{.states = std::move(states), .limit = limit};
    for (;;) {
      const auto page = now(approvals().list_page(kMe, query)).value();
      for (const Approval& a : page) seen.push_back(a.id);
      if (static_cast<std::int64_t>(page.size()) < limit) return seen;
      query.before = page.back().id;
    }
  };
  std::vector<ApprovalId> decided;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % 3 != 2) decided.push_back(all[i]);
  }
  for (const std::int64_t limit : {1, 2, 4, 50}) {
    EXPECT_EQ(list({}, limit), all) << limit;
    EXPECT_EQ(list(approval_states_from_list("decided").value(), limit), decided) << limit;
    EXPECT_EQ(list({ApprovalState::kPending}, limit), (std::vector{all[2], all[5], all[8]})) << limit;
  }
  EXPECT_EQ(approval_states_from_list("denied, approved,denied").value(),
            (std::vector{ApprovalState::kDenied, ApprovalState::kApproved}));
  for (const char* text : {"maybe", "pending,", "Denied"})
    EXPECT_FALSE(approval_states_from_list(text).has_value()) << text;
}

TEST_F(ApprovalsTest, AnApprovalIsUsedOnceForItsHash) {
  const Approval a = ask("a"), b = ask("b");
  const auto use = [&](const Approval& which, const std::string& hash) {
    return now(
        house_->database->write([&](db::Transaction& t) { return approvals().use(t, kMe, which.id, hash); }));
  };
  EXPECT_FALSE(use(a, a.call_hash)) << "not answered yet";
  ASSERT_TRUE(answer(a, {.approve = true}));
  EXPECT_FALSE(use(a, b.call_hash));
  EXPECT_FALSE(use(b, a.call_hash));
  EXPECT_TRUE(use(a, a.call_hash));
  EXPECT_FALSE(use(a, a.call_hash)) << "once";
  boot();
  EXPECT_FALSE(use(a, a.call_hash)) << "after a restart, too";
  ASSERT_TRUE(answer(b, {.approve = true}));
  loop_.run_for(kLaunchWindow);
  EXPECT_FALSE(use(b, b.call_hash)) << "too late";
}

TEST_F(ApprovalsTest, AnAnswerToAPlanCountsForHalfAnHour) {
  const Approval alone = ask("a"), soon = ask("b"), late = ask("c"), over = ask("d");
  const auto use = [this](const Approval& which) {
    return now(house_->database->write(
        [&](db::Transaction& t) { return approvals().use(t, kMe, which.id, which.call_hash); }));
  };
  ASSERT_TRUE(answer(alone, {.approve = true}));
  ASSERT_TRUE(now(approvals().resolve_plan(person(), {soon.id, late.id, over.id}, {.approve = true})));
  loop_.run_for(std::chrono::minutes(5));
  EXPECT_FALSE(use(alone)) << "the control: the answer to one call";
  EXPECT_TRUE(use(soon)) << "the calls before it take their time";
  loop_.run_for(std::chrono::minutes(24) + std::chrono::seconds(59));
  EXPECT_TRUE(use(late));
  loop_.run_for(std::chrono::seconds(1));
  EXPECT_FALSE(use(over));
}

TEST_F(ApprovalsTest, ARuleMustCoverTheCallItIsMadeFor) {
  const Approval a = ask("src/a.txt");
  for (const char* rule : {"fs.write(path: \"docs/*\")", "fs.read(path: \"src/*\")", "fs.write(path: \"*\")",
                           "fs.write()", "fs.write"}) {
    EXPECT_EQ(answer(a, {.approve = true, .scope = GrantScope::kAlways, .rule = rule}).error().code,
              ErrorCode::kInvalidArgument)
        << rule;
  }
  EXPECT_EQ(granted(), 0u);
  EXPECT_EQ(answer(a, {.approve = true, .rule = "fs.write(path: \"src/*\")"}).error().code,
            ErrorCode::kInvalidArgument)
      << "once keeps no rule";
  EXPECT_TRUE(
      answer(a, {.approve = true, .scope = GrantScope::kAlways, .rule = "fs.write(path: \"src/*\")"}));
  EXPECT_EQ(granted(), 1u);
}

TEST_F(ApprovalsTest, ARuleIsPreviewedOverThePast) {
  for (const char* path : {"src/a", "src/b", "docs/c"}) ASSERT_TRUE(answer(ask(path), {.approve = true}));
  const Approval a = ask("src/d");
  const auto narrow = now(approvals().preview(kMe, a.id, "")).value();
  EXPECT_TRUE(narrow.matches_call);
  EXPECT_EQ(narrow.looked_at, 3);
  EXPECT_EQ(narrow.matched, 0);
  const auto wide = now(approvals().preview(kMe, a.id, "fs.write(path: \"src/*\")")).value();
  EXPECT_EQ(wide.matched, 2);
  ASSERT_EQ(wide.samples.size(), 2u);
  EXPECT_EQ(wide.samples[0].rendering, "fs.write src/b") << "newest first";
  EXPECT_FALSE(now(approvals().preview(kMe, a.id, "fs.write(path: \"docs/*\")")).value().matches_call);
  EXPECT_EQ(now(approvals().preview(kMe, a.id, "fs.write(path: \"*\")")).error().code,
            ErrorCode::kInvalidArgument);
}

TEST_F(ApprovalsTest, APreviewLeavesOutWhatIsAskedEachTime) {
  const Approval a = ask("src/a");
  for (const Sink sink : {Sink::kNone, Sink::kOwnFuture}) {
    Approval old = a;
    old.id = ids_.make<ApprovalId>();
    old.rendering = std::string(to_text(sink));
    old.labels = Labels{"owner", "file", "private"};
    old.facts.sink = sink;
    ASSERT_TRUE(now(house_->database->write([&](db::Transaction& t) { return approvals().create(t, old); })));
  }
  const auto preview = now(approvals().preview(kMe, a.id, "fs.write(path: \"src/*\")")).value();
  EXPECT_EQ(preview.looked_at, 2);
  EXPECT_EQ(preview.matched, 1) << "private and foreign content on its way out is answered by no rule";
  ASSERT_EQ(preview.samples.size(), 1u);
  EXPECT_EQ(preview.samples[0].rendering, to_text(Sink::kNone)) << "the control: nothing goes out";
}

TEST_F(ApprovalsTest, ARuleByTheHashOfOneCallIsNotKept) {
  const Approval a = ask("src/a.txt");
  for (const GrantScope scope : {GrantScope::kSession, GrantScope::kAlways}) {
    for (const std::string& rule : {fmt::format("fs.write(call: \"{}\")", a.call_hash),
                                    fmt::format("fs.write(path: \"src/*\", call: \"{}\")", a.call_hash)}) {
      EXPECT_EQ(answer(a, {.approve = true, .scope = scope, .rule = rule}).error().code,
                ErrorCode::kInvalidArgument)
          << rule;
      EXPECT_EQ(now(approvals().preview(kMe, a.id, rule)).error().code, ErrorCode::kInvalidArgument) << rule;
    }
  }
  EXPECT_EQ(granted(), 0u);
}

TEST_F(ApprovalsTest, ARuleIsKeptForItsFolder) {
  const Approval here = ask("src/a", true, "/home/me/a"), there = ask("src/a", true, "/home/me/b");
  const Approval later = ask("src/b", true, "/home/me/a");
  EXPECT_EQ(now(approvals().preview(kMe, later.id, "fs.write(path: \"src/*\")")).value().matched, 1)
      << "of the past of this folder";
  ASSERT_TRUE(answer(here, {.approve = true, .scope = GrantScope::kAlways}));
  const auto covers = [this](const Approval& asked) {
    const std::vector<Grant> grants = approvals().grants_for(kMe, ids_.make<SessionId>());
    return std::ranges::any_of(
        grants, [&](const Grant& g) { return g.why_not(asked.facts, loop_.clock().wall()).empty(); });
  };
  for (int i = 0; i < 2; ++i, boot()) {
    EXPECT_TRUE(covers(here)) << "the control: in the folder it was given in";
    EXPECT_FALSE(covers(there)) << "in another one the very same call asks";
    ASSERT_EQ(approvals().list_grants(kMe).size(), 1u);
    EXPECT_EQ(json::string_or(approvals().list_grants(kMe)[0].to_json(), "workspace"), "/home/me/a");
    EXPECT_EQ(now(approvals().get(kMe, there.id)).value().facts.workspace, "/home/me/b");
  }
  // One of an older release does not say where it was given.
  ASSERT_TRUE(now(house_->database->write([](db::Transaction& t) -> Result<void> {
    PRYX_TRY_VOID(t.db().run("UPDATE grants SET workspace = NULL"));
    return {};
  })));
  boot();
  EXPECT_FALSE(covers(here));
  EXPECT_FALSE(covers(there));
  ASSERT_EQ(approvals().list_grants(kMe).size(), 1u) << "it is still shown, until it ends";
  EXPECT_TRUE(approvals().list_grants(kMe)[0].to_json().at("workspace").is_null());
}

TEST_F(ApprovalsTest, GrantsRunOutMoveAndAreTakenBack) {
  ASSERT_TRUE(answer(ask("a"), {.approve = true, .scope = GrantScope::kSession}));
  ASSERT_TRUE(answer(ask("b"), {.approve = true, .scope = GrantScope::kAlways}));
  ASSERT_TRUE(answer(ask("c"), {.approve = true,
                                .scope = GrantScope::kAlways,
                                .grant_expires_at = loop_.clock().wall() + std::chrono::hours(1)}));
  EXPECT_EQ(answer(ask("d"), {.approve = true,
                              .scope = GrantScope::kAlways,
                              .grant_expires_at = loop_.clock().wall() + std::chrono::hours(24 * 400)})
                .error()
                .code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(granted(), 3u);
  boot();
  EXPECT_EQ(granted(), 3u) << "kept over a restart";
  EXPECT_EQ(approvals().grants_for(kMe, ids_.make<SessionId>()).size(), 2u) << "one is of the session";
  loop_.run_for(std::chrono::hours(1));
  EXPECT_EQ(granted(), 2u) << "one ran out";
  EXPECT_EQ(now(approvals().purge_grants()).value(), 1);
  const std::vector<KeptGrant> kept = approvals().list_grants(kMe);
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(now(approvals().revoke_grant(person({Scope::kChat}), kept[0].grant.id)).error().code,
            ErrorCode::kForbidden);
  ASSERT_TRUE(now(approvals().revoke_grant(person(), kept[0].grant.id)));
  EXPECT_EQ(granted(), 1u);
  EXPECT_EQ(now(approvals().revoke_grant(person(), kept[0].grant.id)).error().code, ErrorCode::kNotFound);
  const auto moved = now(
      approvals().change_grant(person(), kept[1].grant.id, loop_.clock().wall() + std::chrono::minutes(1)));
  ASSERT_TRUE(moved.has_value());
  boot();
  EXPECT_EQ(granted(), 1u);
  loop_.run_for(std::chrono::minutes(1));
  EXPECT_EQ(granted(), 0u);
  EXPECT_EQ(
      now(approvals().change_grant(person(), kept[1].grant.id, loop_.clock().wall() + std::chrono::hours(1)))
          .error()
          .code,
      ErrorCode::kNotFound)
      << "what ran out stays so";
}

TEST_F(ApprovalsTest, ARuleIsKeptForThirtyDaysByDefaultAndAYearAtMost) {
  constexpr Duration kDay = std::chrono::hours(24), kYear = 366 * kDay;
  const auto in = [this](Duration time) { return loop_.clock().wall() + time; };
  const auto end = [this] {
    return approvals().list_grants(kMe).at(0).grant.expires_at.value_or(WallTime{});  // of the newest
  };
  ASSERT_TRUE(answer(ask("a"), {.approve = true, .scope = GrantScope::kAlways}));
  EXPECT_EQ(end(), in(30 * kDay));
  const std::string kept = approvals().list_grants(kMe).at(0).grant.id;
  const Approval asked = ask("b");
  for (const Duration wrong : {kYear + std::chrono::milliseconds(1), 400 * kDay, Duration::zero()}) {
    for (const GrantScope scope : {GrantScope::kSession, GrantScope::kAlways}) {
      const auto answered = answer(asked, {.approve = true, .scope = scope, .grant_expires_at = in(wrong)});
      ASSERT_FALSE(answered.has_value()) << format_duration(wrong);
      EXPECT_EQ(answered.error().code, ErrorCode::kInvalidArgument);
    }
    const auto moved = now(approvals().change_grant(person(), kept, in(wrong)));
    ASSERT_FALSE(moved.has_value()) << format_duration(wrong);
    EXPECT_EQ(moved.error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(approvals().pending_count(), 1u) << "nothing was answered";
  EXPECT_EQ(end(), in(30 * kDay)) << "nothing was moved";
  boot();
  EXPECT_EQ(end(), in(30 * kDay)) << "nor on disk";
  ASSERT_TRUE(now(approvals().change_grant(person(), kept, in(kYear))));
  EXPECT_EQ(end(), in(kYear)) << "the control";
  ASSERT_TRUE(answer(asked, {.approve = true, .scope = GrantScope::kAlways, .grant_expires_at = in(kYear)}));
  ASSERT_EQ(approvals().list_grants(kMe).size(), 2u);
  EXPECT_EQ(end(), in(kYear)) << "the control";
}

// The gate compares a script with what the answer behind its rule was bound to, so that much stays.
TEST_F(ApprovalsTest, WithASessionGoesWhatWasAskedAnsweredAndGrantedInIt) {
  const Approval kept = ask("diary-kept"), denied = ask("diary-denied"), open = ask("diary-open");
  Approval lasting[2] = {open, open};
  const json::object scripts{{"facts", json::object{{"scripts", json::object{{"a.sh", "sha256:1"}}}}}};
  for (Approval& one : lasting) {
    one.id = ids_.make<ApprovalId>();
    one.bound = scripts;
    one.bound["workspace"] = "/diary";
    ASSERT_TRUE(now(house_->database->write([&](db::Transaction& t) { return approvals().create(t, one); })));
    ASSERT_TRUE(answer(one, {.approve = true, .scope = GrantScope::kAlways}));
  }
  ASSERT_TRUE(answer(kept, {.approve = true, .scope = GrantScope::kSession}));
  ASSERT_TRUE(answer(denied, {.approve = false, .reason = "diary"}));
  const SessionId gone = std::exchange(session_, ids_.make<SessionId>());
  const std::vector<TurnId> turns{std::exchange(turn_, ids_.make<TurnId>())};
  const Approval other = ask("other");
  EXPECT_EQ(approvals().grants_for(kMe, gone).size(), 3u);
  ASSERT_TRUE(now(house_->database->write(
      [&](db::Transaction& t) { return approvals().forget_session(t, kMe, gone, turns, "test"); })));
  const auto ids = [this] {
    std::vector<ApprovalId> out;
    for (const Approval& a : now(approvals().list_page(kMe, {})).value()) out.push_back(a.id);
    return out;
  };
  for (int boots = 0; boots < 2; ++boots, boot()) {
    EXPECT_EQ(ids(), (std::vector{other.id, lasting[1].id, lasting[0].id}));
    EXPECT_EQ(approvals().grants_for(kMe, gone).size(), 2u) << "what was kept for always";
    EXPECT_EQ(approvals().pending_count(), 1u);
  }
  const Approval blank = now(approvals().get(kMe, lasting[0].id)).value();
  EXPECT_FALSE(json::to_text(blank.to_json()).contains("diary")) << json::to_text(blank.to_json());
  EXPECT_TRUE(blank.facts.paths.empty());
  EXPECT_EQ(blank.bound, scripts);
  const auto rows = now(house_->database->read(
      [](db::Connection& c) { return audit::AuditLog::list(c, kMe, INT64_MAX, 100); }));
  for (const audit::Row& row : rows.value())
    EXPECT_FALSE(json::canonical(row.entry.detail).contains("diary")) << row.entry.kind;
  // With its rule the answer goes.
  const std::vector<KeptGrant> grants = approvals().list_grants(kMe);
  ASSERT_TRUE(now(approvals().revoke_grant(person(), grants.at(0).grant.id)));
  EXPECT_EQ(ids(), (std::vector{other.id, lasting[0].id}));
  loop_.run_for(kGrantLifetime);
  EXPECT_EQ(now(approvals().purge_grants()).value(), 1);
  EXPECT_EQ(ids(), (std::vector{other.id}));
}

TEST_F(ApprovalsTest, APlanIsAtomicAndNeedsTheScope) {
  const Approval a = ask("a"), b = ask("b"), c = ask("c", false);
  EXPECT_EQ(
      now(approvals().resolve_plan(person({Scope::kChat}), {a.id, b.id}, {.approve = true})).error().code,
      ErrorCode::kForbidden);
  EXPECT_FALSE(now(approvals().resolve_plan(person(), {a.id, b.id, c.id}, {.approve = true})));
  EXPECT_EQ(approvals().pending_count(), 3u) << "nothing was answered";
  EXPECT_FALSE(now(approvals().resolve_plan(person(), std::vector<ApprovalId>(21, a.id), {.approve = true})));
  ASSERT_TRUE(now(approvals().resolve_plan(person(), {a.id, b.id}, {.approve = true})));
  EXPECT_EQ(approvals().pending_count(), 1u);
}

TEST_F(ApprovalsTest, WhatWasAskedAgainIsApprovedByItself) {
  const Approval a = ask("a"), b = ask("b", true, "", {"content"});
  EXPECT_EQ(now(approvals().resolve_plan(person(), {a.id, b.id}, {.approve = true})).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(now(approvals().resolve_plan(person(), {b.id}, {.approve = true})).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(approvals().pending_count(), 2u) << "nothing was answered";
  EXPECT_TRUE(answer(b, {.approve = true}).has_value());
  const Approval c = ask("c", true, "", {"content"});
  EXPECT_TRUE(now(approvals().resolve_plan(person(), {a.id, c.id}, {.approve = false}))) << "a no may";
}

TEST_F(ApprovalsTest, FactsSurviveStorage) {
  CallFacts facts;
  facts.paths = {"a", "b/c"};
  facts.hosts = {"example.org"};
  facts.method = "GET";
  facts.outside_workspace = false;
  facts.workspace = "/home/me/a";
  facts.parse_complete = true;
  facts.sink = Sink::kExecWithNetwork;
  commands::SimpleCommand command;
  command.argv = {"env", "A=b", "ls", "*.c"};
  command.environment = {{"A", "b"}};
  command.redirects = {{">", "out.txt"}};
  command.final_argv = {"ls", "*.c"};
  command.wrappers = {"env"};
  command.patterns = {1};
  facts.commands = {command};
  const CallFacts read = facts_from_json(json::parse_object(json::to_text(facts_to_json(facts))).value());
  EXPECT_EQ(read.commands, facts.commands);
  EXPECT_EQ(read.paths, facts.paths);
  EXPECT_EQ(read.hosts, facts.hosts);
  EXPECT_EQ(read.method, facts.method);
  EXPECT_EQ(read.sink, facts.sink);
  EXPECT_EQ(read.workspace, facts.workspace);
  EXPECT_TRUE(read.parse_complete);
  EXPECT_TRUE(facts_from_json({}).outside_workspace) << "what cannot be read matches no rule";
}

}  // namespace
}  // namespace pryx::trust

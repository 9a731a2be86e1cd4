// SPDX-License-Identifier: MIT
// What the undo of a whole turn answers, and what it leaves on record.
#include "engine/agent/turn_undo.h"

#include <gtest/gtest.h>

#include "engine/agent/testing/corridor.h"
#include "engine/tools/fs/entry_state.h"
#include "foundation/platform/testing/temporary_directory.h"

namespace pryx::agent {
namespace {

using namespace testing;

class OneFolder final : public WorkspaceOpener {
 public:
  explicit OneFolder(std::string path) : path_(std::move(path)) {}
  async::Task<Opened> open(Session) override {
    auto held = platform::HeldDirectory::open(path_);
    PRYX_CHECK(held.has_value());
    Opened out;
    out.directory = std::make_shared<platform::HeldDirectory>(std::move(*held));
    co_return out;
  }

 private:
  std::string path_;
};

class UndoOfATurn : public ::testing::Test, public Corridor {
 protected:
  UndoOfATurn() {
    boot();
    journal.emplace(*daemon->database, loop.clock());
    undo.emplace(TurnUndo::Parts{.loop = loop,
                                 .pool = pool,
                                 .database = *daemon->database,
                                 .events = daemon->events,
                                 .audit = daemon->audit,
                                 .journal = *journal,
                                 .registry = daemon->registry,
                                 .workspaces = opener,
                                 .dispatcher = daemon->dispatcher});
  }
  // A turn that is over; each of its steps wrote "new" into one of these files, where "old" was.
  TurnId changed(const std::vector<std::string>& names) {
    model->add(says("done"));
    const TurnId turn = send(session(), "go");
    settle();
    for (const std::string& name : names) {
      folder.put(name, "new");
      const tools::Change change{.path = name,
                                 .before = tools::fs::state_of("old", 0644),
                                 .after = tools::fs::state_of("new", 0644),
                                 .content = "old"};
      PRYX_CHECK(
          now(journal->note_change(
                  {.principal = kMe, .turn = turn, .step = StepId("stp_" + name), .workspace = folder.path()},
                  change))
              .has_value());
    }
    return turn;
  }
  json::object undone(const TurnId& turn, UndoOptions options = {}) {
    const auto report = now(undo->undo(me(), turn, options));
    PRYX_CHECK(report.has_value());
    return report->to_json();
  }
  void execute(std::string_view sql) {
    PRYX_CHECK(write([&](db::Transaction& t) { return t.db().execute(sql); }).has_value());
  }
  // "restored a.txt", in the order of undoing.
  static std::vector<std::string> actions(const json::object& report) {
    std::vector<std::string> out;
    for (const json::value& file : report.at("files").as_array())
      out.push_back(json::string_or(file.as_object(), "action") + " " +
                    json::string_or(file.as_object(), "path"));
    return out;
  }
  static std::string detail(const json::object& report, std::size_t index) {
    return json::string_or(report.at("files").as_array().at(index).as_object(), "detail");
  }

  platform::testing::TemporaryDirectory folder;
  OneFolder opener{folder.path()};
  async::WorkerPool pool{loop, 0};
  std::optional<tools::UndoJournal> journal;
  std::optional<TurnUndo> undo;
};

using Lines = std::vector<std::string>;

TEST_F(UndoOfATurn, PastTheTimeOfItsContentsSaysThatItCannot) {
  const TurnId turn = changed({"a.txt"});
  ASSERT_TRUE(now(journal->purge()));
  EXPECT_EQ(json::string_or(undone(turn, {.dry_run = true}), "state"), "undone") << "the control: in time";
  journal->set_limits({.max_age = std::chrono::hours(-1)});
  ASSERT_TRUE(now(journal->purge()));
  for (const bool dry_run : {true, false}) {
    const json::object answer = undone(turn, {.dry_run = dry_run});
    EXPECT_EQ(json::string_or(answer, "state"), "refused");
    EXPECT_EQ(actions(answer), Lines{"not_kept a.txt"});
    EXPECT_NE(detail(answer, 0).find("past the time it is kept"), std::string::npos) << detail(answer, 0);
  }
  EXPECT_EQ(folder.get("a.txt"), "new");
}

TEST_F(UndoOfATurn, AnErrorInItsMiddleIsReportedAndWhatItDidIsOnRecord) {
  const TurnId turn = changed({"a.txt", "b.txt"});
  // Housekeeping forgets a content that is about to be read.
  execute(
      "CREATE TRIGGER forgets AFTER INSERT ON audit WHEN NEW.kind = 'undo.intent' BEGIN UPDATE undo_changes "
      "SET content = NULL, content_bytes = 0 WHERE step_id = 'stp_b.txt'; END");
  const json::object answer = undone(turn);
  EXPECT_EQ(json::string_or(answer, "state"), "partly_undone");
  EXPECT_EQ(actions(answer), (Lines{"failed b.txt", "restored a.txt"}));
  EXPECT_NE(detail(answer, 0).find("was not kept"), std::string::npos) << detail(answer, 0);
  EXPECT_EQ(folder.get("a.txt") + " " + folder.get("b.txt"), "old new");
  EXPECT_EQ(audit_kinds(), "undo.intent undo.outcome");
  EXPECT_EQ(count_events("turn.undone"), 1);
}

TEST_F(UndoOfATurn, WhatCannotBeNotedIsSaidAndIsTheLastThatItDoes) {
  const TurnId turn = changed({"a.txt", "b.txt", "c.txt"});
  execute(
      "CREATE TRIGGER is_full BEFORE UPDATE OF undone_at ON undo_changes BEGIN SELECT raise(ABORT, 'no "
      "room'); END");
  const json::object answer = undone(turn);
  EXPECT_EQ(json::string_or(answer, "state"), "partly_undone");
  EXPECT_EQ(actions(answer), (Lines{"restored c.txt", "held b.txt", "held a.txt"}));
  EXPECT_NE(detail(answer, 0).find("could not be noted"), std::string::npos) << detail(answer, 0);
  EXPECT_EQ(folder.get("b.txt") + " " + folder.get("c.txt"), "new old");
  EXPECT_EQ(audit_kinds(), "undo.intent undo.outcome");
  execute("DROP TRIGGER is_full");
  EXPECT_EQ(actions(undone(turn)), (Lines{"unchanged c.txt", "restored b.txt", "restored a.txt"}));
}

TEST_F(UndoOfATurn, OneThatWasCutOffIsUnknownOnRecordFromTheNextStartOn) {
  const TurnId turn = changed({"a.txt"});
  execute(
      "CREATE TRIGGER is_full BEFORE INSERT ON audit WHEN NEW.kind = 'undo.outcome' BEGIN SELECT "
      "raise(ABORT, 'no room'); END");
  EXPECT_FALSE(now(undo->undo(me(), turn, {})).has_value());
  EXPECT_EQ(audit_kinds(), "undo.intent");
  execute("DROP TRIGGER is_full");
  for (int boot = 1; boot <= 2; ++boot) {
    ASSERT_TRUE(now(undo->start()));
    EXPECT_EQ(audit_kinds(), "undo.intent undo.unknown");
  }
  const auto rows = read([](db::Connection& c) { return audit::AuditLog::list(c, kMe, INT64_MAX, 1); });
  EXPECT_EQ(rows.at(0).entry.turn, turn);
  EXPECT_EQ(actions(undone(turn)), Lines{"already_undone a.txt"});
}

TEST_F(UndoOfATurn, OneThatEndedIsNotUnknownAtTheNextStart) {
  EXPECT_EQ(actions(undone(changed({"a.txt"}))), Lines{"restored a.txt"});
  ASSERT_TRUE(now(undo->start()));
  EXPECT_EQ(audit_kinds(), "undo.intent undo.outcome");
}

}  // namespace
}  // namespace pryx::agent

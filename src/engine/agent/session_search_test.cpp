// SPDX-License-Identifier: MIT
// Sessions in which something was said: filters, pages and how much one page reads.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/agent/testing/corridor.h"

namespace pryx::agent {
namespace {
using testing::Corridor;
using testing::kMe;

using Ids = std::vector<SessionId>;

class SessionSearch : public ::testing::Test, public Corridor {
 protected:
  SessionSearch() { boot(); }

  void say(const SessionId& session, const std::string& text, int times = 1) {
    PRYX_CHECK(write([&](db::Transaction& t) -> Result<void> {
                 for (int i = 0; i < times; ++i) {
                   Message message{.principal = kMe,
                                   .session = session,
                                   .id = daemon->ids.make<MessageId>(),
                                   .role = Role::kUser,
                                   .created_at = loop.clock().wall()};
                   Part part;
                   part.text = text;
                   message.parts.push_back(std::move(part));
                   PRYX_TRY_VOID(SessionStore::insert_message(t.db(), message));
                 }
                 return {};
               }).has_value());
  }
  SessionId session_saying(const std::string& text) {
    const SessionId id = session();
    say(id, text);
    return id;
  }
  void change(const SessionId& id, const std::string& status, const std::string& agent) {
    auto row = read([&](db::Connection& c) { return SessionStore::find_session(c, kMe, id); }).value();
    row.status = status;
    row.agent = agent;
    PRYX_CHECK(
        write([&](db::Transaction& t) { return SessionStore::update_session(t.db(), row); }).has_value());
  }
  void archive(const SessionId& id) { change(id, "archived", "default"); }

  Paged<SessionHit> search(const SessionQuery& query) {
    return read([&](db::Connection& c) { return SessionStore::list_sessions(c, kMe, query); });
  }
  static Ids ids(const Paged<SessionHit>& page) {
    Ids out;
    for (const SessionHit& hit : page.items) out.push_back(hit.session.id);
    return out;
  }
  Ids found(const SessionQuery& query) { return ids(search(query)); }
  // All pages, one after the other; `pages` says how many there were.
  Ids found_in_pages(SessionQuery query, std::int64_t limit, int* pages = nullptr) {
    Ids out;
    query.page.limit = limit;
    for (int count = 1; count <= 50; ++count) {
      const auto page = search(query);
      for (const SessionHit& hit : page.items) out.push_back(hit.session.id);
      query.page.cursor = page.next_cursor;
      if (pages != nullptr) *pages = count;
      if (query.page.cursor.empty()) return out;
    }
    ADD_FAILURE() << "the pages do not end";
    return out;
  }
  Error refusal(const std::string& cursor, bool by_relevance) {
    const SessionQuery query{.query = "harbour", .by_relevance = by_relevance, .page = {.cursor = cursor}};
    const auto page = now(daemon->database->read(
        [&](db::Connection& c) { return SessionStore::list_sessions(c, kMe, query); }));
    return page ? Error{ErrorCode::kInternal, "answered", -1} : page.error();
  }
};

// The shorter the text around a word, the better it fits.
std::string about_harbour(int other_words) {
  std::string text = "harbour";
  for (int i = 0; i < other_words; ++i) text += " word";
  return text;
}

TEST_F(SessionSearch, RelevanceAndNewestOrderDifferently) {
  const SessionId best = session_saying(about_harbour(0));
  const SessionId worst = session_saying(about_harbour(30));
  const SessionId middle = session_saying(about_harbour(8));
  EXPECT_EQ(found({.query = "harbour", .by_relevance = true}), (Ids{best, middle, worst}));
  EXPECT_EQ(found({.query = "harbour"}), (Ids{middle, worst, best}));
}

TEST_F(SessionSearch, AmongEqualsTheNewerIsMoreRelevant) {
  const SessionId older = session_saying("harbour");
  const SessionId newer = session_saying("harbour");
  EXPECT_EQ(found({.query = "harbour", .by_relevance = true}), (Ids{newer, older}));
}

TEST_F(SessionSearch, FiltersApplyBeforeThePageIsFull) {
  const SessionId old_archived = session_saying(about_harbour(30));
  archive(old_archived);
  const SessionId helped = session_saying(about_harbour(30));
  change(helped, "active", "helper");
  for (int i = 0; i < 5; ++i) session_saying("harbour");
  for (const bool by_relevance : {true, false}) {
    SessionQuery query{.query = "harbour", .by_relevance = by_relevance, .page = {.limit = 2, .cursor = {}}};
    query.status = "archived";
    const auto page = search(query);
    EXPECT_EQ(ids(page), Ids{old_archived}) << by_relevance;
    EXPECT_EQ(page.next_cursor, "") << by_relevance;
    query.status = "";
    query.agent = "helper";
    EXPECT_EQ(found(query), Ids{helped}) << by_relevance;
    query.agent = "";
    query.states = {TurnState::kFailed};
    EXPECT_EQ(found(query), Ids()) << by_relevance;
  }
}

// Messages of a session that is hidden later stay in the index.
TEST_F(SessionSearch, AHiddenSessionTakesNoPlaceOnThePage) {
  const SessionId shown = session_saying(about_harbour(5));
  const SessionId hidden = session_saying(about_harbour(0));
  PRYX_CHECK(write([&](db::Transaction& t) {
               return t.db().run("UPDATE sessions SET hidden = 1 WHERE id = $1", hidden);
             }).has_value());
  for (const bool by_relevance : {true, false}) {
    const SessionQuery query{
        .query = "harbour", .by_relevance = by_relevance, .page = {.limit = 1, .cursor = {}}};
    EXPECT_EQ(found(query), Ids{shown}) << by_relevance;
  }
}

TEST_F(SessionSearch, PagesNeitherRepeatNorSkip) {
  // Everybody speaks of it three times, in turns, so that each has hits on every page.
  Ids all;
  for (int i = 0; i < 9; ++i) all.push_back(session());
  for (int round = 0; round < 3; ++round)
    for (int i = 0; i < 9; ++i)
      say(all[static_cast<std::size_t>(i)], about_harbour((i * 7 + round * 5) % 11));
  for (int i = 0; i < 9; i += 3) archive(all[static_cast<std::size_t>(i)]);
  for (const bool by_relevance : {true, false}) {
    for (const std::string status : {"", "active", "archived"}) {
      const SessionQuery query{.query = "harbour", .status = status, .by_relevance = by_relevance};
      const Ids whole = found(query);
      EXPECT_EQ(whole.size(), status.empty() ? 9u : status == "active" ? 6u : 3u);
      for (const std::int64_t limit : {1, 2, 4, 9, 200})
        EXPECT_EQ(found_in_pages(query, limit), whole) << by_relevance << status << limit;
    }
  }
}

TEST_F(SessionSearch, OneThatWasResumedLaterIsNotShownAgain) {
  const SessionId resumed = session_saying("harbour at first");
  const SessionId quiet = session_saying("harbour only once");
  const SessionId between = session_saying("harbour in between");
  say(resumed, "nothing of it");
  say(resumed, "harbour again");
  // Words that do not match lie above the page's begin as well.
  say(quiet, "something else");
  EXPECT_EQ(found_in_pages({.query = "harbour"}, 1), (Ids{resumed, between, quiet}));
}

TEST_F(SessionSearch, WhatIsSaidMeanwhileNeitherMovesNorHidesTheRest) {
  Ids all;
  for (int i = 0; i < 4; ++i) all.push_back(session_saying(about_harbour(i)));
  for (const bool by_relevance : {true, false}) {
    SessionQuery query{.query = "harbour", .by_relevance = by_relevance, .page = {.limit = 2, .cursor = {}}};
    const Ids whole = found({.query = "harbour", .by_relevance = by_relevance});
    const auto first = search(query);
    session_saying("harbour");
    say(whole[3], "harbour");
    query.page = {.limit = 200, .cursor = first.next_cursor};
    Ids both = ids(first);
    for (const SessionId& id : found(query)) both.push_back(id);
    EXPECT_EQ(both, whole) << by_relevance;
  }
}

TEST_F(SessionSearch, OnePageReadsSoMuchAndTheNextGoesOn) {
  const SessionId archived = session_saying(about_harbour(9));
  archive(archived);
  say(session(), "harbour", 1'200);
  for (const bool by_relevance : {true, false}) {
    const SessionQuery query{.query = "harbour", .status = "archived", .by_relevance = by_relevance};
    const auto first = search(query);
    EXPECT_TRUE(first.items.empty()) << by_relevance;
    EXPECT_NE(first.next_cursor, "") << by_relevance;
    int pages = 0;
    EXPECT_EQ(found_in_pages(query, 50, &pages), Ids{archived}) << by_relevance;
    EXPECT_EQ(pages, 3) << by_relevance;
  }
}

// More hits above the page than are read in one piece.
TEST_F(SessionSearch, AFarHitOfACommonWordIsFound) {
  const SessionId resumed = session_saying("harbour");
  const SessionId once = session_saying("harbour");
  const SessionId busy = session();
  say(busy, "harbour", 5'200);
  say(resumed, "harbour");
  const auto first = search({.query = "harbour", .page = {.limit = 1, .cursor = {}}});
  ASSERT_EQ(ids(first), Ids{resumed});
  // As the cursor stands when the pages before were read: below the many.
  const std::string top = first.next_cursor.substr(0, first.next_cursor.find(':'));
  EXPECT_EQ(found({.query = "harbour", .page = {.cursor = top + ":3"}}), Ids{once});
}

TEST_F(SessionSearch, ForeignCursorsAreRefused) {
  session_saying("harbour");
  for (const bool by_relevance : {true, false}) {
    for (const std::string cursor : {"x", "5", ":", "5:", ":5", "5:x", "-1:1", "5:-1", "5:1:1",
                                     "99999999999999999999:1", "1:99999999999999999999", "5:20001", "5 :1"}) {
      EXPECT_EQ(refusal(cursor, by_relevance).code, ErrorCode::kInvalidArgument) << cursor;
    }
  }
}

}  // namespace
}  // namespace pryx::agent

// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "engine/memory/memory_query.h"
#include "engine/memory/memory_store.h"
#include "engine/memory/memory_tools.h"
#include "engine/tools/testing/ungated_pass.h"
#include "foundation/async/testing/virtual_loop.h"
#include "foundation/base/text.h"
#include "foundation/platform/testing/temporary_directory.h"
#include "foundation/schema/schema.h"

namespace pryx::memory {
namespace {

using async::testing::VirtualLoop;
using trust::Labels;

TEST(MemoryQuery, MakesQuotedWordsOfAnything) {
  EXPECT_EQ(fts_query("Anna's birthday"), "\"anna\" OR \"s\" OR \"birthday\"");
  EXPECT_EQ(fts_query("a a A"), "\"a\"");
  EXPECT_EQ(fts_query("x\" OR text : *"), "\"x\" OR \"or\" OR \"text\"");
  EXPECT_EQ(fts_query("NEAR(a b, 2) AND NOT ^c"),
            "\"near\" OR \"a\" OR \"b\" OR \"2\" OR \"and\" OR \"not\" OR \"c\"");
  EXPECT_EQ(fts_query("\"*()-+:^{}"), "");
  EXPECT_EQ(fts_query("harb* ab* harb"), "\"harb\"* OR \"ab\"");
  EXPECT_EQ(fts_query("tea * harb *"), "\"tea\" OR \"harb\"");
  EXPECT_EQ(fts_query(""), "");
  EXPECT_TRUE(is_valid_utf8(fts_query("caf\xC3 \xFF\xFE")));
  EXPECT_LE(query_words(std::string(100'000, 'a') + " b").front().size(), kMaxQueryWordBytes);
  std::string many;
  for (int i = 0; i < 1000; ++i) many += fmt::format("w{} ", i);
  EXPECT_EQ(query_words(many).size(), kMaxQueryWords);
}

TEST(MemoryQuery, QuotesTheWildcardsOfLike) {
  EXPECT_EQ(like_pattern("50%_\\x"), "%50\\%\\_\\\\x%");
  EXPECT_EQ(like_pattern(""), "%%");
}

class MemoryTest : public ::testing::Test {
 protected:
  MemoryTest() {
    const db::ModuleMigrations modules[] = {migrations()};
    db::DatabaseOptions options;
    options.open.path = dir_ / "m.db";
    options.inline_mode = true;
    auto opened = db::Database::open(loop_, std::move(options), modules);
    PRYX_CHECK(opened.has_value());
    database_ = std::move(*opened);
    store_.emplace(*database_, ids_, loop_.clock());
  }
  template <class T>
  T run(async::Task<T> task) {
    return async::testing::run(loop_, std::move(task));
  }
  MemoryId save(std::string text, MemoryType type = MemoryType::kLongterm, SessionId session = {}) {
    loop_.manual_clock().advance(std::chrono::seconds(1));
    auto saved =
        run(store_->save(owner(), {std::move(text), type, Labels::owner(kOwner), std::move(session), {}}));
    EXPECT_TRUE(saved) << saved.error().message;
    return saved ? saved->id : MemoryId();
  }
  std::vector<std::string> find(std::string query, std::optional<MemoryType> type = {},
                                SessionId session = {}, Principal who = owner()) {
    const auto found = run(store_->search(who, {std::move(query), 20, type, std::move(session)}));
    EXPECT_TRUE(found) << found.error().message;
    std::vector<std::string> out;
    if (found)
      for (const Memory& memory : *found) out.push_back(memory.text);
    return out;
  }
  static Principal other() { return {PrincipalId("prn_01J00000000000000000000000")}; }
  tools::ToolOutcome call(tools::Tool& tool, json::object arguments, Labels context_labels = {},
                          std::string key = {}) {
    tools::ToolContext context;
    context.principal = owner();
    context.session = SessionId("ses_01J00000000000000000000000");
    context.context_labels = std::move(context_labels);
    context.idempotency_key = std::move(key);
    auto outcome = run(tool.run(pass_, std::move(arguments), std::move(context)));
    EXPECT_TRUE(outcome) << outcome.error().message;
    return outcome ? *outcome : tools::ToolOutcome{};
  }

  using Texts = std::vector<std::string>;
  platform::testing::TemporaryDirectory dir_;
  VirtualLoop loop_;
  pryx::testing::SeededRandom random_{1};
  IdSource ids_{loop_.clock(), random_};
  std::unique_ptr<db::Database> database_;
  std::optional<MemoryStore> store_;
  tools::GatePass pass_ = tools::testing::UngatedPass::make();
};

TEST_F(MemoryTest, FindsTheBestMatchFirst) {
  save("The build server is called alder.");
  save("Anna's birthday is on the 3rd of May; Anna likes tea.");
  save("Tea is in the second drawer.");
  EXPECT_EQ(find("when is anna's birthday?").front(),
            "Anna's birthday is on the 3rd of May; Anna likes tea.");
  EXPECT_EQ(find("building servers"), Texts{"The build server is called alder."});  // stems
  EXPECT_EQ(find("cafe"), Texts{});
  save("Das Caf\xC3\xA9 am Markt");
  EXPECT_EQ(find("cafe"), Texts{"Das Caf\xC3\xA9 am Markt"});           // accents do not count
  EXPECT_EQ(find("lder"), Texts{"The build server is called alder."});  // part of a word
  save("\xE6\x9D\xB1\xE4\xBA\xAC\xE3\x81\xAB\xE8\xA1\x8C\xE3\x81\x8F");
  EXPECT_EQ(find("\xE6\x9D\xB1\xE4\xBA\xAC").size(), 1u);  // no spaces between words
}

TEST_F(MemoryTest, HostileQueriesAreOnlyWords) {
  save("plain note about or and near");
  save("another secret note");
  const std::vector<std::string> hostile = {"\"",
                                            "\"\"",
                                            "\"\"\"",
                                            "'",
                                            "a\" OR \"b",
                                            "*",
                                            "a*",
                                            "^a",
                                            "-a",
                                            "+a",
                                            "a:b",
                                            "text:note",
                                            "{text} : x",
                                            "NEAR(a b)",
                                            "NEAR(",
                                            "AND",
                                            "OR",
                                            "NOT",
                                            "a AND",
                                            "(a",
                                            ")",
                                            "((((((((((",
                                            "a)) OR ((b",
                                            "rank",
                                            "memories_fts",
                                            "'; DROP TABLE memories; --",
                                            "\" ; DELETE FROM memories",
                                            "%",
                                            "_",
                                            "%%%%%%%%%%%%%%%%%%",
                                            "\\",
                                            "\\\\",
                                            std::string("a\0b", 3),
                                            "\xFF\xFE",
                                            "\xC3",
                                            std::string(100'000, '('),
                                            std::string(100'000, '"'),
                                            std::string(200'000, 'x'),
                                            "$1",
                                            "?1",
                                            "@a",
                                            "\n\n",
                                            "a\nb",
                                            "\xE2\x80\xAE",
                                            "💥",
                                            "a,b;c|d&e"};
  for (const std::string& query : hostile) {
    const auto found = run(store_->search(owner(), {query, 20, {}, {}}));
    EXPECT_TRUE(found) << query.substr(0, 40) << ": " << found.error().message;
  }
  EXPECT_EQ(find("text:another"), Texts{"another secret note"});  // "text" is a word that nothing has
  EXPECT_EQ(find("%"), Texts{});
  EXPECT_EQ(find("zzz* OR note NOT secret").size(), 2u);  // no operator works
  const auto all = run(store_->list(owner(), {}));
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), 2u);
}

TEST_F(MemoryTest, AStarBehindAWordFindsAllThatBeginsSo) {
  save("the harbour at dawn");
  save("a harbinger of spring");
  EXPECT_EQ(find("harb").size(), 2u);  // the substring search, when no word is so
  save("harb is a word too");
  EXPECT_EQ(find("harb"), Texts{"harb is a word too"});
  EXPECT_EQ(find("harb*").size(), 3u);
  EXPECT_EQ(find("spring harb*").size(), 3u);
}

TEST_F(MemoryTest, NobodySeesAnothersMemories) {
  save("owner note");
  const auto saved = run(
      store_->save(other(), {"their note", MemoryType::kLongterm, Labels::owner(other().id.str()), {}, {}}));
  ASSERT_TRUE(saved);
  EXPECT_EQ(find("note"), Texts{"owner note"});
  EXPECT_EQ(find("their"), Texts{});
  EXPECT_EQ(find("hei"), Texts{});  // nor by the substring search
  EXPECT_EQ(find("note", {}, {}, other()), Texts{"their note"});
  const auto removed = run(store_->remove(owner(), saved->id));
  ASSERT_TRUE(removed);
  EXPECT_FALSE(*removed);
  EXPECT_EQ(find("their", {}, {}, other()), Texts{"their note"});
}

TEST_F(MemoryTest, EachChangeIsToldOnceWithWhoseItIs) {
  std::vector<std::string> told;
  store_->on_change([&told](db::Transaction&, const PrincipalId& whose) {
    told.push_back(whose.str());
    return Result<void>{};
  });
  const SessionId session("ses_01J00000000000000000000001");
  const auto removes_session = [&] { return run(store_->remove_session(owner(), session)); };
  EXPECT_TRUE(removes_session());  // there is nothing
  const MemoryId first = save("a note");
  save("a note for here", MemoryType::kSession, session);
  for (int i = 0; i < 2; ++i)
    EXPECT_TRUE(run(store_->save(
        owner(), {"with a key", MemoryType::kDaily, Labels::owner(kOwner), {}, "the same key"})));
  EXPECT_EQ(told.size(), 3u);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(run(store_->remove(owner(), first)));
  EXPECT_EQ(told.size(), 4u);
  EXPECT_TRUE(removes_session());
  EXPECT_EQ(told, std::vector<std::string>(5, owner().id.str()));
}

TEST_F(MemoryTest, SessionEntriesStayInTheirSession) {
  const SessionId mine("ses_01J00000000000000000000001"), elsewhere("ses_01J00000000000000000000002");
  save("note for here", MemoryType::kSession, mine);
  save("note for all", MemoryType::kDaily, mine);
  EXPECT_EQ(find("note", {}, mine).size(), 2u);
  EXPECT_EQ(find("note", {}, elsewhere), Texts{"note for all"});
  EXPECT_EQ(find("note"), Texts{"note for all"});
  EXPECT_EQ(find("note", MemoryType::kSession, mine), Texts{"note for here"});
  const auto none = run(store_->save(owner(), {"x", MemoryType::kSession, {}, {}, {}}));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kInvalidArgument);
  const auto removed = run(store_->remove_session(owner(), mine));
  ASSERT_TRUE(removed);
  EXPECT_EQ(*removed, 1);
  EXPECT_EQ(find("note", {}, mine), Texts{"note for all"});
}

TEST_F(MemoryTest, TheSameKeySavesOnce) {
  SaveRequest request{"remember me", MemoryType::kLongterm, Labels::owner(kOwner), {}, "key-1"};
  const auto first = run(store_->save(owner(), request));
  const auto second = run(store_->save(owner(), request));
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->id, second->id);
  EXPECT_FALSE(first->already_saved);
  EXPECT_TRUE(second->already_saved);
  EXPECT_EQ(find("remember").size(), 1u);
  request.text = "something else";
  const auto conflict = run(store_->save(owner(), request));
  ASSERT_FALSE(conflict);
  EXPECT_EQ(conflict.error().code, ErrorCode::kConflict);
  const auto others = run(store_->save(other(), request));
  EXPECT_TRUE(others);  // keys count per principal
}

TEST_F(MemoryTest, RemovedEntriesLeaveTheIndex) {
  const MemoryId id = save("findable once");
  EXPECT_EQ(find("findable").size(), 1u);
  EXPECT_EQ(run(store_->remove(owner(), id)).value(), true);
  EXPECT_EQ(run(store_->remove(owner(), id)).value(), false);
  EXPECT_TRUE(find("findable").empty());
  save("findable again");
  EXPECT_EQ(find("findable"), Texts{"findable again"});
}

TEST_F(MemoryTest, ListsNewestFirstInPages) {
  for (int i = 0; i < 7; ++i)
    save(fmt::format("note {}", i), i % 2 == 0 ? MemoryType::kDaily : MemoryType::kLongterm);
  Texts seen;
  ListRequest request;
  request.limit = 3;
  for (int page = 0; page < 5; ++page) {
    const auto found = run(store_->list(owner(), request));
    ASSERT_TRUE(found);
    if (found->empty()) break;
    for (const Memory& memory : *found) seen.push_back(memory.text);
    request.before = found->back().id;
  }
  EXPECT_EQ(seen, (Texts{"note 6", "note 5", "note 4", "note 3", "note 2", "note 1", "note 0"}));
  request = {};
  request.type = MemoryType::kLongterm;
  EXPECT_EQ(run(store_->list(owner(), request))->size(), 3u);
}

TEST_F(MemoryTest, TextsAreBoundedAndClean) {
  EXPECT_EQ(run(store_->save(owner(), {"", MemoryType::kDaily, {}, {}, {}})).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(run(store_->save(owner(), {" \n ", MemoryType::kDaily, {}, {}, {}})).error().code,
            ErrorCode::kInvalidArgument);
  const std::string long_text(MemoryStore::kMaxTextBytes + 1, 'x');
  EXPECT_EQ(run(store_->save(owner(), {long_text, MemoryType::kDaily, {}, {}, {}})).error().code,
            ErrorCode::kTooLarge);
  save(std::string("nul\0inside \xFF", 12));
  EXPECT_EQ(find("nulinside"), Texts{"nulinside \xEF\xBF\xBD"});
}

TEST_F(MemoryTest, LabelsAreKeptAndJoined) {
  const Labels from_web{"web", "private"};
  ASSERT_TRUE(run(store_->save(owner(), {"from a page", MemoryType::kLongterm, from_web, {}, {}})));
  const auto found = run(store_->search(owner(), {"page", 5, {}, {}}));
  ASSERT_TRUE(found && found->size() == 1);
  EXPECT_EQ(found->front().labels, trust::joined(from_web, Labels{"memory"}));
}

// What cannot be read back counts as the worst, never as nothing.
TEST_F(MemoryTest, DamagedLabelsCountAsUntrustedAndSecret) {
  save("damaged");
  const auto damage = [](db::Database& database) -> async::Task<Result<std::int64_t>> {
    co_return co_await database.write(
        [](db::Transaction& t) { return t.db().run("UPDATE memories SET labels = 'nonsense'"); });
  };
  ASSERT_TRUE(run(damage(*database_)));
  const auto found = run(store_->search(owner(), {"damaged", 5, {}, {}}));
  ASSERT_TRUE(found && found->size() == 1);
  EXPECT_TRUE(found->front().labels.is_untrusted());
  EXPECT_TRUE(found->front().labels.is_secret());
}

TEST_F(MemoryTest, SurvivesReopening) {
  save("durable note");
  store_.reset();
  database_.reset();
  const db::ModuleMigrations modules[] = {migrations()};
  db::DatabaseOptions options;
  options.open.path = dir_ / "m.db";
  options.inline_mode = true;
  auto opened = db::Database::open(loop_, std::move(options), modules);
  ASSERT_TRUE(opened);
  database_ = std::move(*opened);
  store_.emplace(*database_, ids_, loop_.clock());
  EXPECT_EQ(find("durable"), Texts{"durable note"});
}

TEST_F(MemoryTest, ToolsDeclareWhatTheyDo) {
  const auto made_save = make_save_tool(*store_), made_search = make_search_tool(*store_);
  tools::Tool &save_tool = *made_save, &search_tool = *made_search;
  EXPECT_EQ(save_tool.description().effect, tools::EffectClass::kIdempotent);
  EXPECT_FALSE(save_tool.description().read_only);
  EXPECT_TRUE(save_tool.touches({{"text", "x"}})->writes_own_future);
  EXPECT_EQ(search_tool.description().effect, tools::EffectClass::kPure);
  EXPECT_TRUE(search_tool.description().read_only);
  EXPECT_FALSE(search_tool.touches({{"query", "x"}})->writes_own_future);
  EXPECT_EQ(save_tool.render({{"text", "a\n\"b\""}}), "memory.save (longterm) \"a\\n\\\"b\\\"\"");
  EXPECT_EQ(search_tool.render({{"query", "tea"}}), "memory.search \"tea\"");
  schema::CompileOptions strict;
  strict.unknown_keywords = schema::UnknownKeywords::kRefuse;
  EXPECT_TRUE(schema::Schema::compile(json::value(save_tool.description().parameters), strict));
  EXPECT_TRUE(schema::Schema::compile(json::value(search_tool.description().parameters), strict));
}

TEST_F(MemoryTest, ToolsSaveAndFindWithLabels) {
  const auto made_save = make_save_tool(*store_), made_search = make_search_tool(*store_);
  tools::Tool &save_tool = *made_save, &search_tool = *made_search;
  const Labels context{"owner", "web", "private"};
  const auto saved = call(save_tool, {{"text", "The door code is 4711."}}, context, "k1");
  EXPECT_TRUE(saved.ok);
  EXPECT_EQ(saved.summary, "remembered");
  const auto again = call(save_tool, {{"text", "The door code is 4711."}}, context, "k1");
  EXPECT_EQ(again.summary, "was remembered before");
  EXPECT_EQ(again.text, saved.text);
  const auto found = call(search_tool, {{"query", "door"}});
  EXPECT_EQ(found.summary, "1 memory");
  EXPECT_NE(found.text.find("The door code is 4711."), std::string::npos);
  for (const std::string_view label : {"memory", "owner", "web", "private", "model", "principal:prn_owner"}) {
    EXPECT_TRUE(found.labels.has(label)) << label;
  }
  EXPECT_FALSE(
      call(save_tool, {{"text", std::string(16'384, '\xC3')}}).ok);  // grows over the limit when made valid
  const auto nothing = call(search_tool, {{"query", "zebra"}});
  EXPECT_TRUE(nothing.ok);
  EXPECT_EQ(nothing.summary, "nothing found");
  EXPECT_FALSE(nothing.labels.has("web"));
}

// Two notes of a day fit alike; what was saved long ago counts less.
TEST_F(MemoryTest, WhatFadedComesLater) {
  save("the harbour office opens at nine", MemoryType::kDaily);
  loop_.manual_clock().advance(std::chrono::hours(24 * 30));
  save("the harbour office opens at eight, said somebody who may or may not know better",
       MemoryType::kLongterm);
  const auto found = run(store_->search(owner(), {"harbour office", 5, {}, {}}));
  ASSERT_TRUE(found && found->size() == 2u);
  EXPECT_EQ((*found)[0].type, MemoryType::kLongterm);
}

TEST_F(MemoryTest, OneIsFoundByItsId) {
  const MemoryId id = save("the tide table");
  const auto found = run(store_->find(owner(), id));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((**found).text, "the tide table");
  EXPECT_TRUE((**found).labels.has("memory"));
}

}  // namespace
}  // namespace pryx::memory

// SPDX-License-Identifier: MIT
// The undo journal and giving back: bytes, modes, order, what was changed since, crashes in between, bounds.
#include "engine/tools/fs/entry_state.h"
#include "engine/tools/fs/testing/change_fixture.h"
#include "engine/tools/undo/link_state.h"

namespace pryx::tools {
namespace {

using Lines = std::vector<std::string>;
class Undo : public fs::testing::ChangeFixture {};

TEST_F(Undo, GivesBackWhatEveryToolChangedExactly) {
  const std::string odd("a\r\nb\0c\xFF\n no end", 16);
  put("odd", odd);
  ASSERT_EQ(::chmod(at("readme.md").c_str(), 0751), 0);
  EXPECT_TRUE(change(*write_, {{"path", "odd"}, {"content", "plain"}}, "stp_1").ok);
  EXPECT_TRUE(change(*write_, {{"path", "n/e/w.txt"}, {"content", "x"}}, "stp_2").ok);
  EXPECT_TRUE(change(*edit_, {{"path", "src/main.cpp"}, {"old_text", "0"}, {"new_text", "1"}}, "stp_3").ok);
  EXPECT_TRUE(change(*delete_, {{"path", "readme.md"}}, "stp_4").ok);
  EXPECT_TRUE(change(*move_, {{"from", "src/util.cpp"}, {"to", "lib/util.cpp"}}, "stp_5").ok);
  const Lines expected = {
      "restored src/util.cpp", "removed lib/util.cpp", "removed lib", "restored readme.md",
      "restored src/main.cpp", "removed n/e/w.txt",    "removed n/e", "removed n",
      "restored odd"};
  EXPECT_EQ(undo(Force::kNo, true), expected) << "the rehearsal foresees it";
  EXPECT_EQ(get("odd"), "plain") << "and changes nothing";
  EXPECT_EQ(undo(), expected);
  EXPECT_EQ(get("odd"), odd);
  EXPECT_EQ(get("readme.md"), "# Title\nhello world\n");
  EXPECT_EQ(mode("readme.md"), 0751u);
  EXPECT_EQ(get("src/main.cpp"), "int main() {\n  return 0;  // TODO\n}\n");
  EXPECT_EQ(get("src/util.cpp"), "// TODO: more\n");
  EXPECT_FALSE(exists("n"));
  EXPECT_FALSE(exists("lib"));
  for (const std::string& line : undo()) EXPECT_TRUE(line.starts_with("already_undone ")) << line;
}

TEST_F(Undo, ChangesOfOneFileAreTakenBackInReverse) {
  for (int i = 1; i <= 5; ++i)
    EXPECT_TRUE(
        change(*write_, {{"path", "f"}, {"content", fmt::format("{}", i)}}, fmt::format("stp_{}", i)).ok);
  EXPECT_EQ(undo(), (Lines{"restored f", "restored f", "restored f", "restored f", "removed f"}));
  EXPECT_FALSE(exists("f"));
}

TEST_F(Undo, WhatWasChangedSinceIsLeftAloneUnlessForced) {
  put("b", "old b");
  EXPECT_TRUE(change(*write_, {{"path", "a"}, {"content", "mine"}}, "stp_1").ok);
  EXPECT_TRUE(change(*write_, {{"path", "b"}, {"content", "mine"}}, "stp_2").ok);
  put("a", "a person's");
  EXPECT_EQ(undo(), (Lines{"restored b", "changed_since a"}));
  EXPECT_EQ(get("a"), "a person's");
  EXPECT_EQ(get("b"), "old b");
  EXPECT_EQ(undo(Force::kYes), (Lines{"already_undone b", "removed a"}));
  EXPECT_FALSE(exists("a"));
}

TEST_F(Undo, AStepIsGivenBackWholeOrNotAtAll) {
  EXPECT_TRUE(change(*move_, {{"from", "src/util.cpp"}, {"to", "lib.cpp"}}).ok);
  put("src/util.cpp", "another file took the name\n");
  EXPECT_EQ(undo(), (Lines{"changed_since src/util.cpp", "held lib.cpp"}));
  EXPECT_EQ(get("lib.cpp"), "// TODO: more\n") << "the only copy of the content is still there";
}

TEST_F(Undo, AFolderWithOtherThingsInItStays) {
  EXPECT_TRUE(change(*write_, {{"path", "d/mine"}, {"content", "x"}}).ok);
  put("d/theirs", "x");
  EXPECT_EQ(undo(), (Lines{"removed d/mine", "folder_kept d"}));
  EXPECT_TRUE(exists("d/theirs"));
}

TEST_F(Undo, ALinkInThePlaceOfAFileIsNotFollowed) {
  EXPECT_TRUE(change(*write_, {{"path", "readme.md"}, {"content", "mine"}}).ok);
  std::filesystem::remove(at("readme.md"));
  link("../outside/secret.txt", "readme.md");
  EXPECT_EQ(undo(Force::kYes), Lines{"failed readme.md"});
  EXPECT_EQ(dir_.get("outside/secret.txt"), fs::testing::kCanary);
}

// A crash leaves the file as before or as after; nothing else can be on the disk, because it is replaced
// as a whole.
TEST_F(Undo, ACrashBeforeTheChangeIsKnownAndLeavesNothingToUndo) {
  const ToolContext context = turn_context();
  const Change noted{.path = "readme.md",
                     .before = fs::state_of("# Title\nhello world\n", 0644),
                     .after = fs::state_of("new", 0644),
                     .content = "# Title\nhello world\n"};
  ASSERT_TRUE(wait(journal_->note_change(
      {.principal = owner().id, .turn = turn_, .step = context.step, .workspace = context.workspace->path()},
      noted)));
  const json::object arguments{{"path", "readme.md"}, {"content", "new"}};
  EXPECT_EQ(wait(write_->query(arguments, context)), PastEffect::kDidNotHappen);
  EXPECT_EQ(undo(Force::kNo, true), Lines{"unchanged readme.md"});
  // The next start runs it again.
  EXPECT_TRUE(wait(write_->run(pass_, arguments, context))->ok);
  EXPECT_EQ(wait(write_->query(arguments, context)), PastEffect::kHappened);
  EXPECT_EQ(undo(), (Lines{"restored readme.md", "unchanged readme.md"}));
  EXPECT_EQ(get("readme.md"), "# Title\nhello world\n");
}

TEST_F(Undo, WhetherAnAppendHappenedIsKnownAfterACrash) {
  const json::object arguments{{"path", "log"}, {"content", "line\n"}, {"append", true}};
  const ToolContext context = turn_context();
  EXPECT_EQ(wait(write_->query(arguments, context)), PastEffect::kDidNotHappen);
  EXPECT_TRUE(wait(write_->run(pass_, arguments, context))->ok);
  EXPECT_EQ(wait(write_->query(arguments, context)), PastEffect::kHappened);
  put("log", "somebody wrote here\n");
  EXPECT_EQ(wait(write_->query(arguments, context)), PastEffect::kUnknown);
}

TEST_F(Undo, AnUndoThatWasCutShortGoesOn) {
  EXPECT_TRUE(change(*write_, {{"path", "a"}, {"content", "1"}}, "stp_1").ok);
  EXPECT_TRUE(change(*write_, {{"path", "a"}, {"content", "2"}}, "stp_2").ok);
  // The newest change is given back, and the daemon dies before it is marked.
  const ToolContext held = context();
  const auto items = plan_undo(*held.workspace, recorded(), Force::kNo);
  ASSERT_TRUE(undo_change(*held.workspace, items.front(), "1"));
  EXPECT_EQ(undo(), (Lines{"unchanged a", "removed a"}));
  EXPECT_FALSE(exists("a"));
}

// What a command changed, as it is noted before it is taken over.
class UndoOfCommands : public Undo {
 protected:
  void note(std::vector<Change> changes, std::string_view step = "stp_1") {
    for (Change& change : changes) change.independent = true;
    ASSERT_TRUE(wait(journal_->note_changes(
        {.principal = owner().id, .turn = turn_, .step = StepId(std::string(step)), .workspace = dir_ / "ws"},
        std::move(changes))));
  }
  static std::optional<FileState> folder(std::uint32_t rights) {
    return FileState{.digest = {}, .mode = rights, .size = 0};
  }
  static Change of_folder(std::string path, std::optional<FileState> before, std::optional<FileState> after) {
    return {.kind = EntryKind::kFolder,
            .path = std::move(path),
            .before = std::move(before),
            .after = std::move(after),
            .content = {}};
  }
  static Change of_file(std::string path, std::optional<FileState> before, std::optional<FileState> after,
                        std::string content = {}) {
    return {.path = std::move(path),
            .before = std::move(before),
            .after = std::move(after),
            .content = std::move(content)};
  }
  void set_mode(std::string_view name, mode_t rights) { ASSERT_EQ(::chmod(at(name).c_str(), rights), 0); }
  std::string named_by(std::string_view name) { return std::filesystem::read_symlink(at(name)).string(); }
};

TEST_F(UndoOfCommands, AFolderGetsItsRightsBackAndKeepsItsOtherBits) {
  set_mode("src", 02700);
  note({of_folder("src", folder(0755), folder(0700))});
  EXPECT_EQ(undo(Force::kNo, true), Lines{"restored src"});
  EXPECT_EQ(mode("src"), 02700u) << "the rehearsal changes nothing";
  EXPECT_EQ(undo(), Lines{"restored src"});
  EXPECT_EQ(mode("src"), 02755u);
  EXPECT_EQ(undo(), Lines{"already_undone src"});
}

TEST_F(UndoOfCommands, AFolderWhoseRightsAPersonChangedIsLeftAloneUnlessForced) {
  set_mode("src", 0711);
  note({of_folder("src", folder(0755), folder(0700))});
  EXPECT_EQ(undo(), Lines{"changed_since src"});
  EXPECT_EQ(mode("src"), 0711u);
  EXPECT_EQ(undo(Force::kYes), Lines{"restored src"});
  EXPECT_EQ(mode("src"), 0755u);
  note({of_folder("gone", folder(0755), folder(0700)), of_folder("src", folder(0755), folder(0700))},
       "stp_2");
  EXPECT_EQ(undo(), (Lines{"unchanged src", "changed_since gone", "already_undone src"}));
}

TEST_F(UndoOfCommands, ANewFolderThatWasClosedIsOpenedBeforeItIsEmptied) {
  put("d/x", "1");
  set_mode("d", 0500);
  note({of_folder("d", {}, folder(0500)), of_file("d/x", {}, fs::state_of("1", 0644)),
        of_folder("d", folder(0700), folder(0500))});
  EXPECT_EQ(undo(), (Lines{"restored d", "removed d/x", "removed d"}));
  EXPECT_FALSE(exists("d"));
}

TEST_F(UndoOfCommands, AFileGetsItsRightsBackWithAndWithoutItsBytes) {
  put("only", "same");
  put("both", "new");
  set_mode("only", 0);
  set_mode("both", 0400);
  note({of_file("only", fs::state_of("same", 0640), fs::state_of("same", 0), "same"),
        of_file("both", fs::state_of("old", 0751), fs::state_of("new", 0400), "old")});
  EXPECT_EQ(undo(), (Lines{"restored both", "restored only"}));
  EXPECT_EQ(mode("only"), 0640u);
  EXPECT_EQ(get("only"), "same");
  EXPECT_EQ(mode("both"), 0751u);
  EXPECT_EQ(get("both"), "old");
}

TEST_F(UndoOfCommands, LinksComeBackAndGo) {
  link("main.cpp", "src/fresh");
  link("b", "turned");
  link("elsewhere", "was_file");
  put("was_link", "now a file");
  note({of_file("src/fresh", {}, link_state("main.cpp")), of_file("lost", link_state("../a"), {}, "../a"),
        of_file("turned", link_state("a"), link_state("b"), "a"),
        of_file("was_file", fs::state_of("bytes", 0640), link_state("elsewhere"), "bytes"),
        of_file("was_link", link_state("z"), fs::state_of("now a file", 0644), "z")});
  EXPECT_EQ(undo(), (Lines{"restored was_link", "restored was_file", "restored turned", "restored lost",
                           "removed src/fresh"}));
  EXPECT_FALSE(exists("src/fresh"));
  EXPECT_EQ(named_by("lost"), "../a");
  EXPECT_EQ(named_by("turned"), "a");
  EXPECT_EQ(get("was_file"), "bytes");
  EXPECT_EQ(mode("was_file"), 0640u);
  EXPECT_EQ(named_by("was_link"), "z");
  EXPECT_EQ(std::filesystem::status(at("was_file")).type(), std::filesystem::file_type::regular);
}

TEST_F(UndoOfCommands, ALinkThatWasTurnedSinceIsLeftAlone) {
  link("a person's", "l");
  note({of_file("l", link_state("a"), link_state("b"), "a")});
  EXPECT_EQ(undo(), Lines{"changed_since l"});
  EXPECT_EQ(named_by("l"), "a person's");
}

TEST_F(UndoOfCommands, AFolderThatWasMadeAndDeletedLeavesNothing) {
  note({of_folder("d", {}, folder(0755)), of_file("d/x", {}, fs::state_of("1", 0644))}, "stp_1");
  note({of_file("d/x", fs::state_of("1", 0644), {}, "1"), of_folder("d", folder(0755), {})}, "stp_2");
  EXPECT_EQ(undo(), (Lines{"restored d", "restored d/x", "removed d/x", "removed d"}));
  EXPECT_FALSE(exists("d"));
}

TEST_F(UndoOfCommands, ADeletedFolderComesBackWithItsRightsWhateverTheUmaskIs) {
  note({of_file("w/x", fs::state_of("1", 0666), {}, "1"), of_folder("w", folder(0777), {})});
  EXPECT_EQ(undo(), (Lines{"restored w", "restored w/x"}));
  EXPECT_EQ(mode("w"), 0777u);
  EXPECT_EQ(mode("w/x"), 0666u);
}

TEST_F(UndoOfCommands, WhatWasNotKeptIsSaid) {
  Change large = of_file("large", fs::state_of("old", 0644), fs::state_of("new", 0644));
  large.keeps_content = false;
  Change more, all;  // markers of a command: names over the limit, and no overlay at all
  more.before = FileState{.digest = {}, .mode = 0, .size = 7};
  all.before = FileState{.digest = {}, .mode = 1, .size = 0};
  put("large", "new");
  note({large, more, all});
  const auto items = plan_undo(*context().workspace, recorded(), Force::kNo);
  ASSERT_EQ(items.size(), 3u);
  for (const UndoItem& item : items) EXPECT_EQ(item.action, UndoAction::kNotKept);
  EXPECT_NE(items[0].detail.find("without an overlay"), std::string::npos);
  EXPECT_TRUE(items[1].detail.starts_with("7 more names")) << items[1].detail;
  EXPECT_NE(items[2].detail.find("too large"), std::string::npos);
  EXPECT_EQ(get("large"), "new");
}

TEST_F(Undo, ContentsAreBounded) {
  UndoJournal small(*database_, loop_.clock(), {.max_file_bytes = 100, .max_total_bytes = 250});
  const auto note = [&](std::size_t bytes, std::string_view step) {
    const std::string content(bytes, 'x');
    ASSERT_TRUE(wait(small.note_change(
        {.principal = owner().id, .turn = turn_, .step = StepId(std::string(step)), .workspace = dir_ / "ws"},
        {.path = std::string(step),
         .before = fs::state_of(content, 0644),
         .after = {},
         .content = content})));
  };
  note(101, "stp_large");
  for (const char* step : {"stp_a", "stp_b", "stp_c"}) note(100, step);
  const auto rows = recorded();
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_FALSE(rows[0].has_content) << "too large";
  EXPECT_FALSE(rows[1].has_content) << "the oldest goes first";
  EXPECT_TRUE(rows[2].has_content);
  EXPECT_TRUE(rows[3].has_content);
  EXPECT_EQ(undo(), (Lines{"restored stp_c", "restored stp_b", "not_kept stp_a", "not_kept stp_large"}));
}

TEST_F(Undo, OldContentsAreForgottenAndWhatWasChangedIsNot) {
  EXPECT_TRUE(change(*write_, {{"path", "readme.md"}, {"content", "mine"}}, "stp_1").ok);
  EXPECT_TRUE(change(*write_, {{"path", "fresh"}, {"content", "mine"}}, "stp_2").ok);
  ASSERT_TRUE(wait(journal_->purge()));
  EXPECT_EQ(undo(Force::kNo, true), (Lines{"removed fresh", "restored readme.md"}));
  UndoJournal strict(*database_, loop_.clock(), {.max_age = std::chrono::hours(-1)});
  ASSERT_TRUE(wait(strict.purge()));
  EXPECT_EQ(wait(journal_->read_content(owner().id, recorded().front().number)).error().code,
            ErrorCode::kNotFound);
  EXPECT_EQ(undo(), (Lines{"removed fresh", "not_kept readme.md"}))
      << "what needs no content goes all the same";
  EXPECT_EQ(get("readme.md"), "mine");
}

TEST_F(Undo, WhatBelongsToTurnsGoesWithThem) {
  EXPECT_TRUE(change(*write_, {{"path", "a"}, {"content", "1"}}).ok);
  const auto forget = [this](PrincipalId principal, TurnId turn) {
    const auto done = wait(database_->write(
        [&](db::Transaction& t) { return UndoJournal::forget_turns(t.db(), principal, {turn}); }));
    EXPECT_TRUE(done);
  };
  forget(PrincipalId("prn_other"), turn_);
  forget(owner().id, TurnId("trn_other"));
  EXPECT_EQ(recorded().size(), 1u);
  forget(owner().id, turn_);
  EXPECT_TRUE(recorded().empty());
}

TEST_F(Undo, ChangesOfOthersAreNotSeen) {
  EXPECT_TRUE(change(*write_, {{"path", "a"}, {"content", "1"}}).ok);
  const auto rows = wait(journal_->list(PrincipalId("prn_other"), turn_));
  ASSERT_TRUE(rows);
  EXPECT_TRUE(rows->empty());
  EXPECT_FALSE(wait(journal_->read_content(PrincipalId("prn_other"), recorded().front().number)));
}

}  // namespace
}  // namespace pryx::tools

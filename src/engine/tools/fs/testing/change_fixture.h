// SPDX-License-Identifier: MIT
// The workspace of FsFixture with the tools that change files, an undo journal in a real database, and a turn
// that can be undone. Tests only.
#pragma once
#include <sys/stat.h>

#include "engine/tools/fs/testing/fs_fixture.h"
#include "engine/tools/undo/restore.h"
#include "engine/tools/undo/undo_journal.h"
#include "foundation/db/database.h"

namespace pryx::tools::fs::testing {

class ChangeFixture : public FsFixture {
 protected:
  ChangeFixture() {
    const db::ModuleMigrations modules[] = {UndoJournal::migrations()};
    auto opened = db::Database::open(loop_, {.open = {.path = dir_ / "t.db"}, .inline_mode = true}, modules);
    PRYX_CHECK(opened.has_value());
    database_ = std::move(*opened);
    journal_.emplace(*database_, loop_.clock(), limits_);
    write_ = make_write_tool(pool_, *journal_);
    edit_ = make_edit_tool(pool_, *journal_);
    move_ = make_move_tool(pool_, *journal_);
    delete_ = make_delete_tool(pool_, *journal_);
  }

  ToolContext turn_context(std::string_view step = "stp_1") {
    ToolContext out = context();
    out.turn = turn_;
    out.step = StepId(std::string(step));
    return out;
  }
  template <class T>
  T wait(async::Task<T> task) {
    return async::testing::run(loop_, std::move(task));
  }
  ToolOutcome change(Tool& tool, json::object arguments, std::string_view step = "stp_1") {
    auto outcome = wait(tool.run(pass_, std::move(arguments), turn_context(step)));
    EXPECT_TRUE(outcome) << outcome.error().message;
    return outcome ? std::move(*outcome) : ToolOutcome{};
  }
  Result<Binding> bind(Tool& tool, json::object arguments) {
    return wait(tool.bind(std::move(arguments), turn_context()));
  }
  std::vector<RecordedChange> recorded() {
    auto rows = wait(journal_->list(owner().id, turn_));
    EXPECT_TRUE(rows);
    return rows ? *rows : std::vector<RecordedChange>{};
  }
  // "restored notes.txt", newest first; done as well unless it is a rehearsal.
  std::vector<std::string> undo(Force force = Force::kNo, bool rehearsal = false) {
    const ToolContext held = context();
    std::vector<std::string> out;
    for (const UndoItem& item : plan_undo(*held.workspace, recorded(), force)) {
      out.push_back(fmt::format("{} {}", to_text(item.action), item.recorded.change.path));
      if (rehearsal) continue;
      std::string content;
      if (item.action == UndoAction::kRestored && item.recorded.has_content)
        content = wait(journal_->read_content(owner().id, item.recorded.number)).value();
      const bool acts = item.action == UndoAction::kRestored || item.action == UndoAction::kRemoved;
      if (acts) {
        const auto done = undo_change(*held.workspace, item, content);
        EXPECT_TRUE(done) << done.error().message;
      }
      if (acts || item.action == UndoAction::kUnchanged)
        EXPECT_TRUE(wait(journal_->mark_undone(owner().id, item.recorded.number)));
    }
    return out;
  }
  std::string get(std::string_view name) { return dir_.get("ws/" + std::string(name)); }
  bool exists(std::string_view name) {
    return std::filesystem::symlink_status(at(name)).type() != std::filesystem::file_type::not_found;
  }
  std::uint32_t mode(std::string_view name) {
    struct stat info{};
    return ::stat(at(name).c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
  }

  const TurnId turn_{"trn_01ARZ3NDEKTSV4RRFFQ69G5FAV"};
  UndoLimits limits_{.max_file_bytes = 16u << 20, .max_total_bytes = 64u << 20};
  std::unique_ptr<db::Database> database_;
  std::optional<UndoJournal> journal_;
  std::unique_ptr<Tool> write_, edit_, move_, delete_;
};

}  // namespace pryx::tools::fs::testing

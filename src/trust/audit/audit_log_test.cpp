// SPDX-License-Identifier: MIT
#include "trust/audit/audit_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "foundation/base/testing/manual_clock.h"
#include "foundation/base/text.h"
#include "foundation/crypto/system_random.h"
#include "trust/audit/audit_tree.h"
#include "trust/audit/internal/schema.h"

namespace pryx::audit {
namespace {

const PrincipalId kMe("prn_owner");
const SessionId kSession("ses_01JBX000000000000000000001"), kOther("ses_01JBX000000000000000000002");

class Audit : public ::testing::Test {
 protected:
  Audit() : path_(std::filesystem::temp_directory_path() / fmt::format("pryx-audit-{}.db", ::getpid())) {
    std::filesystem::remove(path_);
    db_ = std::move(*db::Connection::open({.path = path_}));
    for (const auto& migration : AuditLog::migrations().migrations) run(migration.sql);
  }
  ~Audit() override {
    db_.reset();
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_.string() + suffix);
  }
  void run(std::string_view sql) {
    const auto done = db_->execute(sql);
    ASSERT_TRUE(done) << done.error().message;
  }
  void add(int count) {
    run("BEGIN");
    for (int i = 0; i < count; ++i)
      append_in({.principal = kMe,
                 .kind = i % 2 == 0 ? "tool.intent" : "tool.outcome",
                 .actor = "cli",
                 .session = i % 4 < 2 ? kSession : kOther,
                 .subject = "fs.read",
                 .detail = {{"n", i}, {"big", 1e21}},
                 .success = i % 2 == 0 ? std::nullopt : std::optional(i % 3 == 0),
                 .personal = {{"args", {{"path", fmt::format("diary-{}", i)}}}}});
    run("COMMIT");
  }
  void append_in(const Entry& entry) {
    db::Transaction t(*db_);
    const auto done = log_.append(t, entry);
    ASSERT_TRUE(done) << done.error().message;
  }
  void append(const Entry& entry) {
    run("BEGIN");
    append_in(entry);
    run("COMMIT");
  }
  Verdict verify(std::vector<std::string> outside = {}) {
    return verify_log(*db_, {.log = &log_, .key = &signer_.public_key(), .outside = std::move(outside)})
        .value();
  }
  std::string sign_now() {
    const auto size = static_cast<std::uint64_t>(*AuditLog::size(*db_));
    const std::string note = signer_.sign(size, root_at(*db_, size).value());
    PRYX_CHECK(put_checkpoint(*db_, {.size = size, .at = clock_.wall(), .note = note}).has_value());
    return note;
  }
  void behind_the_triggers() {
    run("DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; DROP TRIGGER audit_tile_no_update;"
        "DROP TRIGGER audit_tile_no_delete; DROP TRIGGER audit_checkpoint_no_update;"
        "DROP TRIGGER audit_checkpoint_no_delete");
  }
  bool database_holds(std::string_view text) {
    bool found = false;
    for (const char* table : {"audit", "audit_personal", "audit_subject", "audit_checkpoint", "audit_tile"}) {
      std::vector<std::string> columns;
      static std::vector<std::string> statements;
      statements.reserve(1000);
      statements.push_back(fmt::format("SELECT * FROM {}", table));
      statements.push_back(fmt::format("SELECT count(*) FROM pragma_table_info('{}')", table));
      const auto width = static_cast<int>(*db_->count(db::Sql::kept(statements.back())));
      (void)db_->each(db::Sql::kept(statements[statements.size() - 2]), [&](const db::Row& r) {
        for (int i = 0; i < width; ++i) found = found || r.view(i).find(text) != std::string_view::npos;
      });
    }
    return found;
  }

  testing::ManualClock clock_;
  crypto::SystemRandom random_;
  AuditLog log_{clock_, {.master = Secret(std::string(32, 'm')), .random = random_}};
  Signer signer_{Secret(std::string(32, 's'))};
  std::filesystem::path path_;
  std::unique_ptr<db::Connection> db_;
};

TEST_F(Audit, AnUntouchedLogVerifies) {
  add(700);
  const std::string note = sign_now();
  add(3);
  const Verdict verdict = verify({note});
  EXPECT_TRUE(verdict.ok()) << verdict.reason;
  EXPECT_EQ(verdict.rows, 703);
  EXPECT_EQ(verdict.checkpoints, 2);
}

TEST_F(Audit, RowsCannotBeChangedOrRemoved) {
  add(3);
  sign_now();
  for (const char* sql : {"UPDATE audit SET kind = 'x' WHERE idx = 3", "DELETE FROM audit WHERE idx = 3",
                          "DELETE FROM audit_checkpoint", "UPDATE audit_checkpoint SET note = ''"})
    EXPECT_FALSE(db_->execute(sql)) << sql;
}

// Hashed as text, so no text may stand for another one.
TEST_F(Audit, ADetailThatSaysNothingIsNotAnEmptyText) {
  append({.principal = kMe, .kind = "tool.intent", .actor = "cli", .subject = "fs.read", .detail = {}});
  EXPECT_TRUE(verify().ok());
  behind_the_triggers();
  for (const char* text : {"", " ", "{ }", "[]", "{}\n"}) {
    run(fmt::format("UPDATE audit SET detail = '{}' WHERE idx = 1", text));
    EXPECT_EQ(verify().first_bad_index, 1) << "'" << text << "'";
    EXPECT_EQ(verify_log(*db_).value().first_bad_index, 1) << "without keys, '" << text << "'";
  }
  run("UPDATE audit SET detail = '{}' WHERE idx = 1");
  EXPECT_TRUE(verify().ok());
}

TEST_F(Audit, EveryForgeryBehindTheTriggersIsFoundByIndex) {
  add(600);
  sign_now();
  behind_the_triggers();
  for (const auto& [forgery, index] : std::vector<std::pair<std::string, int>>{
           {"UPDATE audit SET detail = '{\"n\":99}' WHERE idx = 4", 4},
           {"UPDATE audit SET success = 1 WHERE idx = 5", 5},
           {"UPDATE audit SET at = at + 1 WHERE idx = 7", 7},
           {"UPDATE audit SET session_id = NULL WHERE idx = 8", 8},
           {"UPDATE audit SET commitment = NULL WHERE idx = 9", 9},
           {"UPDATE audit SET format = 1 WHERE idx = 10", 10},
           {"UPDATE audit SET hash = 'x' WHERE idx = 11", 11},
           {"DELETE FROM audit WHERE idx = 6", 6},
           {"DELETE FROM audit WHERE idx = 1", 1},
           {"DELETE FROM audit WHERE idx > 590", 591},
           {"INSERT INTO audit SELECT -5, principal_id, at, kind, actor, session_id, turn_id, step_id, "
            "subject, detail, "
            "hash, format, success, subject_key, commitment FROM audit WHERE idx = 3",
            1},
           {"UPDATE audit SET idx = -1 WHERE idx = 2; UPDATE audit SET idx = 2 WHERE idx = 3; UPDATE audit "
            "SET idx = 3 WHERE idx = -1",
            2},
           {"UPDATE audit_personal SET sealed = x'00' WHERE idx = 12", 12},
           {"DELETE FROM audit_personal WHERE idx = 13", 13},
           {"UPDATE audit_personal SET sealed = (SELECT sealed FROM audit_personal WHERE idx = 15) WHERE idx "
            "= 14",
            14},
           {"DELETE FROM audit_subject WHERE id = 1", 1},
           {"UPDATE audit_subject SET sealed = NULL WHERE id = 2", 3},
           {"UPDATE audit_tile SET hash = zeroblob(32) WHERE idx = 1", 257},
           {"DELETE FROM audit_tile WHERE idx = 1", 600}}) {
    run("SAVEPOINT s");
    run(forgery);
    const Verdict verdict = verify();
    EXPECT_EQ(verdict.first_bad_index, index) << forgery << ": " << verdict.reason;
    run("ROLLBACK TO s; RELEASE s");
  }
}

// Whoever has the database's key can rewrite all of it, but has to forge the signature to hide it.
TEST_F(Audit, ARewrittenTreeDiffersFromItsCheckpoints) {
  add(10);
  sign_now();
  add(10);
  const std::string pinned = sign_now();
  behind_the_triggers();
  run("UPDATE audit SET detail = '{\"n\":99}' WHERE idx = 14");
  auto row = log_.get(*db_, kMe, 14).value().value();
  run(fmt::format("UPDATE audit SET hash = '{}' WHERE idx = 14", to_hex(hash_leaf(leaf_bytes(row)))));
  const Verdict verdict = verify();
  EXPECT_EQ(verdict.first_bad_index, 11) << "the first entry after the last good checkpoint";
  EXPECT_FALSE(verdict.ok());
  // Without any checkpoint inside, the pinned one still tells.
  run("DELETE FROM audit_checkpoint");
  EXPECT_TRUE(verify().ok()) << "the control: nothing to compare with";
  EXPECT_EQ(verify({pinned}).first_bad_index, 1);
}

TEST_F(Audit, ACutTailIsSeenByAPinnedCheckpointAlone) {
  add(20);
  const std::string pinned = sign_now();
  behind_the_triggers();
  run("DELETE FROM audit_checkpoint; DELETE FROM audit WHERE idx > 15; DELETE FROM audit_personal WHERE idx "
      "> 15");
  EXPECT_TRUE(verify().ok()) << "the control: a chain that ends earlier is a chain";
  EXPECT_EQ(verify({pinned}).first_bad_index, 16);
}

TEST_F(Audit, ANoteThatIsNotTheLogsOwnFails) {
  add(5);
  const Signer other(Secret(std::string(32, 'o')));
  const Verdict verdict = verify({other.sign(5, root_at(*db_, 5).value())});
  EXPECT_FALSE(verdict.ok());
}

TEST_F(Audit, ProofsHoldForEveryEntryAcrossTiles) {
  add(1000);
  const Digest root = root_at(*db_, 1000).value();
  for (const std::int64_t index : {1, 2, 256, 257, 511, 512, 768, 769, 999, 1000}) {
    const auto proof = prove_entry(*db_, index, 1000);
    ASSERT_TRUE(proof) << proof.error().message;
    EXPECT_TRUE(
        verify_inclusion(static_cast<std::uint64_t>(index - 1), 1000, proof->leaf, proof->path, root));
  }
  for (const std::uint64_t older : {1, 255, 256, 257, 512, 700, 1000}) {
    const auto proof = prove_growth(*db_, older, 1000);
    ASSERT_TRUE(proof) << proof.error().message;
    EXPECT_TRUE(verify_consistency(older, 1000, proof->older_root, root, proof->path));
  }
  EXPECT_FALSE(prove_entry(*db_, 1001, 1000));
  EXPECT_FALSE(prove_entry(*db_, 0, 1000));
  EXPECT_FALSE(prove_entry(*db_, 1001, 1001)) << "an entry that does not exist has no proof";
}

TEST_F(Audit, PersonalContentIsKeptSealedAndOpensForItsReaders) {
  add(1);
  EXPECT_FALSE(database_holds("diary-0"));
  const Row row = log_.get(*db_, kMe, 1).value().value();
  EXPECT_EQ(row.state, Personal::kPresent);
  EXPECT_EQ(json::canonical(row.entry.personal), R"({"args":{"path":"diary-0"}})");
  EXPECT_EQ(commitment_of(*from_hex(row.salt), row.entry.personal), row.commitment);
  EXPECT_FALSE(log_.get(*db_, PrincipalId("prn_other"), 1).value());
}

TEST_F(Audit, ErasureTakesTheContentAndLeavesTheProof) {
  add(300);
  const std::string before = sign_now();
  run("BEGIN");
  db::Transaction t(*db_);
  ASSERT_TRUE(log_.erase(t, kMe, kSession, "cli"));
  run("COMMIT");
  const Row gone = log_.get(*db_, kMe, 1).value().value();
  EXPECT_EQ(gone.state, Personal::kErased);
  EXPECT_TRUE(gone.entry.personal.empty());
  EXPECT_EQ(log_.get(*db_, kMe, 3).value()->state, Personal::kPresent) << "another session's";
  EXPECT_EQ(*db_->count("SELECT count(*) FROM audit_personal WHERE subject_key = 1"), 0);
  const Verdict verdict = verify({before});
  EXPECT_TRUE(verdict.ok()) << verdict.reason;
  EXPECT_EQ(verdict.erased, 150);
  append({.principal = kMe, .kind = "x", .actor = "cli", .session = kSession, .personal = {{"a", "late"}}});
  EXPECT_EQ(log_.get(*db_, kMe, 302).value()->state, Personal::kNone) << "nothing more is kept of it";
  EXPECT_TRUE(verify().ok());
}

TEST_F(Audit, WithoutKeysNothingPersonalIsKept) {
  AuditLog plain(clock_);
  run("BEGIN");
  db::Transaction t(*db_);
  ASSERT_TRUE(plain.append(t, {.principal = kMe, .kind = "x", .actor = "cli", .personal = {{"a", "diary"}}}));
  run("COMMIT");
  EXPECT_FALSE(database_holds("diary"));
  EXPECT_TRUE(verify().ok());
}

TEST_F(Audit, FiltersNameWhatTheySay) {
  add(40);
  const auto count = [&](Query query) {
    query.principal = kMe;
    query.limit = 100;
    return log_.find(*db_, query).value().size();
  };
  EXPECT_EQ(count({}), 40u);
  EXPECT_EQ(count({.session = kSession.str()}), 20u);
  EXPECT_EQ(count({.tool = "fs.read"}), 40u);
  EXPECT_EQ(count({.tool = "fs.write"}), 0u);
  EXPECT_EQ(count({.surface = "web"}), 0u);
  EXPECT_EQ(count({.action = "tool.intent"}), 20u);
  EXPECT_EQ(count({.action = "tool.*"}), 40u);
  EXPECT_EQ(count({.action = "policy.*"}), 0u);
  EXPECT_EQ(count({.success = true}) + count({.success = false}), 20u);
  EXPECT_EQ(count({.after = clock_.wall() + std::chrono::seconds(1)}), 0u);
  EXPECT_EQ(count({.before = clock_.wall()}), 0u);
  EXPECT_EQ(count({.below = 11}), 10u);
}

TEST_F(Audit, RowsOfAnOlderReleaseBecomeLeavesAndStayChained) {
  run("DROP TABLE audit; DROP TABLE audit_tile; DROP TABLE audit_subject; DROP TABLE audit_personal; DROP "
      "TABLE audit_checkpoint");
  const auto steps = AuditLog::migrations().migrations;
  run(steps[0].sql);
  run("BEGIN");
  std::string previous;
  for (int i = 1; i <= 600; ++i) {
    Row row;
    row.index = i;
    row.format = 1;
    row.entry = {
        .principal = kMe, .kind = "tool.intent", .actor = "cli", .subject = "fs.read", .detail = {{"n", i}}};
    row.hash = internal::chain_hash(row, previous);
    previous = row.hash;
    run(
        fmt::format("INSERT INTO audit (idx, principal_id, at, kind, actor, subject, detail, hash) VALUES "
                    "({}, 'prn_owner', 0, 'tool.intent', 'cli', 'fs.read', '{{\"n\":{}}}', '{}')",
                    i, i, row.hash));
  }
  run("COMMIT");
  run(steps[1].sql);
  ASSERT_TRUE(complete_tiles(*db_));
  const std::string note = sign_now();
  add(300);
  const Verdict verdict = verify({note});
  EXPECT_TRUE(verdict.ok()) << verdict.reason;
  EXPECT_EQ(verdict.rows, 900);
  const auto proof = prove_entry(*db_, 300, 900).value();
  EXPECT_TRUE(verify_inclusion(299, 900, proof.leaf, proof.path, proof.root));
  behind_the_triggers();
  run("UPDATE audit SET detail = '{\"n\":7}' WHERE idx = 300");
  EXPECT_EQ(verify().first_bad_index, 300);
}

}  // namespace
}  // namespace pryx::audit

// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "foundation/base/text.h"
#include "judge.h"
#include "written_log.h"

namespace pryx::audit::testing {
namespace {

constexpr int kEntries = 600;

class Hostile : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    log_ = new WrittenLog();
    log_->add(kEntries / 2);
    old_note_ = log_->note();
    old_lines_ = log_->lines();
    log_->erase_first_session();
    log_->add(kEntries / 2 - 1);
    note_ = log_->note();
    lines_ = log_->lines();
  }
  static void TearDownTestSuite() { delete log_; }
  static audit_verify::Report judged(const std::vector<std::string>& lines,
                                     std::vector<std::string> kept = {}) {
    return judge(joined(lines), log_->key_text(), kept);
  }
  // Caught, and with this index.
  static void expect_caught(const std::vector<std::string>& lines, std::uint64_t index,
                            const std::string& what, std::vector<std::string> kept = {}) {
    const auto report = judged(lines, std::move(kept));
    EXPECT_FALSE(report.ok) << what;
    EXPECT_EQ(report.first_bad_index, index) << what << ": " << report.reason;
  }
  static inline WrittenLog* log_ = nullptr;
  static inline std::string note_, old_note_;
  static inline std::vector<std::string> lines_, old_lines_;
};

TEST_F(Hostile, TheTrueLogVerifies) {
  const auto report = judged(lines_, {old_note_, note_});
  EXPECT_TRUE(report.ok) << report.reason;
  EXPECT_EQ(report.entries, static_cast<std::uint64_t>(kEntries));
  EXPECT_EQ(report.pinned, 2u);
  EXPECT_GT(report.erased, 0u);
  EXPECT_TRUE(judged(old_lines_, {old_note_}).ok);
}

// All 255 other values of sampled bytes, at places that the seed chooses; each is caught at its entry.
TEST_F(Hostile, EveryValueOfASampledByteIsCaught) {
  const std::string text = joined(lines_);
  std::mt19937 random(1);
  for (int sample = 0; sample < 40; ++sample) {
    const std::size_t line = 1 + random() % static_cast<unsigned>(kEntries);
    const std::size_t at = random() % lines_[line].size();
    for (int value = 0; value < 256; ++value) {
      if (static_cast<char>(value) == lines_[line][at]) continue;
      // The lines before are true: starting there would need their tree, so only this one line is read again.
      std::vector<std::string> forged = lines_;
      forged[line][at] = static_cast<char>(value);
      if (sample % 10 != 0 && value % 16 != 0) {
        std::string why;
        const auto entry = audit_verify::parse_entry(forged[line], why);
        ASSERT_FALSE(entry && entry->index == line) << line << ":" << at << " as " << value;
        continue;
      }
      const auto report = judged(forged);
      ASSERT_FALSE(report.ok) << line << ":" << at << " as " << value;
      ASSERT_EQ(report.first_bad_index, line) << at << " as " << value << ": " << report.reason;
    }
  }
}

TEST_F(Hostile, HeadAndTailAreHeldToo) {
  for (const std::size_t line : {std::size_t{0}, lines_.size() - 1}) {
    for (std::size_t at = 0; at < lines_[line].size(); ++at) {
      for (const int mask : {0x01, 0x20, 0x80}) {
        std::vector<std::string> forged = lines_;
        forged[line][at] = static_cast<char>(forged[line][at] ^ mask);
        ASSERT_FALSE(judged(forged).ok) << "line " << line << " byte " << at;
      }
    }
  }
}

TEST_F(Hostile, EntriesCannotBeTakenAddedOrMoved) {
  for (const std::size_t at : {1u, 2u, 255u, 256u, 257u, 300u, 599u, 600u}) {
    auto forged = lines_;
    forged.erase(forged.begin() + static_cast<std::ptrdiff_t>(at));
    expect_caught(forged, at, "delete");
    forged = lines_;
    forged.insert(forged.begin() + static_cast<std::ptrdiff_t>(at), lines_[at]);
    expect_caught(forged, at + 1, "insert a copy");
    if (at + 1 <= static_cast<std::size_t>(kEntries)) {
      forged = lines_;
      std::swap(forged[at], forged[at + 1]);
      expect_caught(forged, at, "reorder");
    }
    forged = lines_;
    forged[at] = forged[at == 1 ? 2 : 1];
    expect_caught(forged, at, "replace by another");
  }
}

TEST_F(Hostile, ATruncatedTailIsCaught) {
  expect_caught({lines_.begin(), lines_.end() - 1}, static_cast<std::uint64_t>(kEntries) + 1,
                "without its checkpoint");
  for (const int keep : {0, 1, 300, kEntries - 1}) {
    std::vector<std::string> forged(lines_.begin(), lines_.begin() + keep + 1);
    EXPECT_FALSE(judged(forged).ok) << keep;
    forged.push_back(lines_.back());
    expect_caught(forged, static_cast<std::uint64_t>(keep) + 1, "with the checkpoint kept");
    forged.front() = export_head(log_->signer.public_key().name, static_cast<std::uint64_t>(keep));
    expect_caught(forged, static_cast<std::uint64_t>(keep) + 1, "with a smaller head");
  }
  const std::string text = joined(lines_);
  for (std::size_t cut = 0; cut < text.size(); cut += 997)
    EXPECT_FALSE(judge(text.substr(0, cut), log_->key_text()).ok);
  EXPECT_FALSE(judge(text.substr(0, text.size() - 1), log_->key_text()).ok);
}

// A whole, truly signed, older log is only told by somebody who kept a newer checkpoint.
TEST_F(Hostile, ARolledBackLogNeedsAPinnedCheckpoint) {
  EXPECT_TRUE(judged(old_lines_).ok) << "the control: nothing inside contradicts it";
  expect_caught(old_lines_, kEntries / 2 + 1, "rollback", {note_});
}

TEST_F(Hostile, TwoLogsCannotBeSpliced) {
  WrittenLog other('o');
  other.add(kEntries);
  const auto others = other.lines();
  auto forged = lines_;
  std::copy(others.begin() + 400, others.begin() + 500, forged.begin() + 400);
  EXPECT_FALSE(judged(forged).ok);
  forged = others;
  EXPECT_FALSE(judged(forged).ok) << "another log's export";
  forged.back() = lines_.back();
  forged.front() = lines_.front();
  const auto report = judged(forged);
  EXPECT_FALSE(report.ok) << "another log's entries under this log's checkpoint";
  EXPECT_EQ(report.first_bad_index, 1u);
  EXPECT_FALSE(judge(joined(lines_), other.key_text()).ok) << "another key";
}

// A fork: the same key signs two histories, as after a copied home.
TEST_F(Hostile, AForkContradictsTheKeptCheckpoint) {
  WrittenLog fork;  // the same key
  fork.add(kEntries / 2 + 10);
  const auto lines = fork.lines();
  EXPECT_TRUE(judge(joined(lines), log_->key_text()).ok) << "by itself it is a log";
  EXPECT_EQ(judge(joined(lines), log_->key_text(), {old_note_}).first_bad_index, 1u);
}

// An attacker who can hash but not sign: the entry and its leaf fit, the root does not.
TEST_F(Hostile, AConsistentRewriteFailsAtTheCheckpoint) {
  auto forged = lines_;
  std::string& line = forged[450];
  const std::size_t at = line.find("shell.exec");
  line.replace(at, 10, "shell.nice");
  const std::size_t begin = line.find("{\"actor\"");
  std::size_t end = line.find(",\"leaf\":");
  if (line.find(",\"erased\":true") != std::string::npos) end = line.find(",\"erased\":true");
  const std::string leaf = to_hex(hash_leaf(line.substr(begin, end - begin)));
  line.replace(line.find("\"leaf\":\"") + 8, 64, leaf);
  expect_caught(forged, 1, "rewritten");
  const auto report = judged(forged, {old_note_});
  EXPECT_FALSE(report.ok);
  EXPECT_EQ(report.first_bad_index, 301u) << "the kept checkpoint vouches for the first half";
}

TEST_F(Hostile, PersonalContentCannotBeSwappedHiddenOrInvented) {
  std::size_t with = 0, without = 0, erased = 0;
  for (std::size_t i = 1; i + 1 < lines_.size(); ++i) {
    if (lines_[i].find("\"personal\"") != std::string::npos) with = i;
    if (lines_[i].find("\"commitment\":null") != std::string::npos) without = i;
    if (lines_[i].find("\"erased\":true") != std::string::npos) erased = i;
  }
  ASSERT_TRUE(with != 0 && without != 0 && erased != 0);
  auto forged = lines_;
  const std::size_t personal = forged[with].find(",\"personal\"");
  forged[with].erase(personal, forged[with].size() - 1 - personal);
  expect_caught(forged, with, "left out");
  forged[with].replace(forged[with].find(",\"leaf\""), 0, ",\"erased\":true");
  expect_caught(forged, with, "called erased, though nothing says so");
  forged = lines_;
  forged[without].insert(forged[without].size() - 1,
                         ",\"personal\":{},\"salt\":\"" + std::string(64, '0') + "\"");
  expect_caught(forged, without, "invented");
  forged = lines_;
  forged[with].insert(1, " ");
  expect_caught(forged, with, "a blank more");
  forged = lines_;
  forged[with].insert(forged[with].size() - 1, ",\"zzz\":1");
  expect_caught(forged, with, "a member more");
}

TEST_F(Hostile, ForgedCheckpointsAreRefused) {
  const auto with_note = [&](const std::string& note) {
    auto forged = lines_;
    forged.back() = export_tail(note);
    return judged(forged);
  };
  EXPECT_TRUE(with_note(note_).ok);
  EXPECT_FALSE(with_note(old_note_).ok);
  const Signer stranger(Secret(std::string(32, 'x')));
  const auto size = static_cast<std::uint64_t>(kEntries);
  const Digest root = root_at(*log_->db, size).value();
  EXPECT_FALSE(with_note(stranger.sign(size, root)).ok) << "key substitution";
  EXPECT_FALSE(with_note(log_->signer.sign(size, hash_leaf("x"))).ok);
  EXPECT_FALSE(with_note(log_->signer.sign(size + 1, root)).ok);
  const std::size_t gap = note_.find("\n\n") + 2;
  const std::string body = note_.substr(0, gap), line = note_.substr(gap);
  EXPECT_FALSE(with_note(body + line + line).ok) << "signed twice";
  EXPECT_FALSE(with_note(body).ok);
  const std::string strange = stranger.sign(size, root);
  EXPECT_TRUE(with_note(note_ + strange.substr(strange.find("\n\n") + 2)).ok) << "a witness";
  std::string wrong_id = line;
  const std::size_t base = wrong_id.rfind(' ') + 1;
  wrong_id[base] = wrong_id[base] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(with_note(body + wrong_id).ok);
  for (const std::string& text :
       {std::string("18446744073709551616"), std::string("0600"), std::string("+600"), std::string("600 ")}) {
    std::string forged = note_;
    forged.replace(forged.find("\n600\n") + 1, 3, text);
    EXPECT_FALSE(with_note(forged).ok) << text;
  }
  for (const std::string& kept : {strange, body, std::string("x"), std::string()})
    EXPECT_FALSE(judged(lines_, {kept}).ok) << "as a kept checkpoint";
}

TEST_F(Hostile, ForgedProofsAreRefused) {
  const auto key = audit_verify::parse_key(log_->key_text()).value();
  const auto size = static_cast<std::uint64_t>(kEntries);
  const auto proof = prove_entry(*log_->db, 257, size).value();
  const std::string entry = log_->entry(257), other = log_->entry(258);
  // In the order of their names, as the daemon writes it; `entry` is the text that was hashed.
  const auto body = [&](std::int64_t index, const std::string& entry_text, const Digest& leaf,
                        const std::vector<Digest>& path) {
    json::array texts;
    for (const Digest& hash : path) texts.push_back(json::value(to_hex(hash)));
    return fmt::format(R"({{"checkpoint":{},{}"index":{},"leaf":"{}","path":{}}})",
                       json::canonical(json::value(note_)),
                       entry_text.empty() ? "" : fmt::format("\"entry\":{},", entry_text), index,
                       to_hex(leaf), json::canonical(json::value(texts)));
  };
  const auto judged = [&](const std::string& text) { return audit_verify::verify_proof(key, text, {}); };
  EXPECT_TRUE(judged(body(257, entry, proof.leaf, proof.path)).ok);
  for (const std::int64_t index : {0, 1, 256, 258, 600, 601})
    EXPECT_FALSE(judged(body(index, entry, proof.leaf, proof.path)).ok) << index;
  EXPECT_FALSE(judged(body(257, entry, hash_leaf("x"), proof.path)).ok);
  EXPECT_FALSE(judged(body(257, other, proof.leaf, proof.path)).ok) << "another entry's text";
  for (const std::string& without : {std::string(), std::string("null")}) {
    const auto report = judged(body(257, without, proof.leaf, proof.path));
    EXPECT_FALSE(report.ok) << "a leaf that nobody tied to a text";
    EXPECT_NE(report.reason.find("holds no entry"), std::string::npos) << report.reason;
  }
  for (std::size_t at = 0; at < proof.path.size(); ++at) {
    auto forged = proof.path;
    forged[at][0] ^= 1;
    EXPECT_FALSE(judged(body(257, entry, proof.leaf, forged)).ok);
    forged = proof.path;
    forged.erase(forged.begin() + static_cast<std::ptrdiff_t>(at));
    EXPECT_FALSE(judged(body(257, entry, proof.leaf, forged)).ok);
  }
  // An inner node is no leaf: the two hashes have domains of their own, whatever text is put beside it.
  const std::vector<Digest> above(proof.path.begin() + 1, proof.path.end());
  const Digest inner = hash_node(proof.leaf, proof.path[0]);
  for (const std::string& text : {std::string(), entry})
    EXPECT_FALSE(judged(body(129, text, inner, above)).ok);
  const auto growth = prove_growth(*log_->db, 300, size).value();
  json::array texts;
  for (const Digest& hash : growth.path) texts.push_back(json::value(to_hex(hash)));
  const std::string grown = json::canonical(json::object{{"checkpoint", note_}, {"path", texts}});
  EXPECT_TRUE(audit_verify::verify_proof(key, grown, {old_note_}).ok);
  EXPECT_FALSE(audit_verify::verify_proof(key, grown, {}).ok);
  EXPECT_FALSE(audit_verify::verify_proof(key, grown, {log_->signer.sign(300, hash_leaf("x"))}).ok);
  EXPECT_FALSE(audit_verify::verify_proof(key, grown, {log_->signer.sign(299, growth.older_root)}).ok);
}

TEST_F(Hostile, BothImplementationsAgreeOnEveryProof) {
  WrittenLog small('q');
  small.add(70);
  for (std::uint64_t size = 1; size <= 70; ++size) {
    const Digest root = root_at(*small.db, size).value();
    for (std::int64_t index = 1; index <= static_cast<std::int64_t>(size); ++index) {
      const auto proof = prove_entry(*small.db, index, size).value();
      const std::vector<audit_verify::Hash> path(proof.path.begin(), proof.path.end());
      ASSERT_TRUE(
          audit_verify::included(static_cast<std::uint64_t>(index - 1), size, proof.leaf, path, root));
      EXPECT_FALSE(audit_verify::included(static_cast<std::uint64_t>(index), size, proof.leaf, path, root));
    }
    for (std::uint64_t older = 0; older <= size; ++older) {
      const auto proof = prove_growth(*small.db, older, size).value();
      const std::vector<audit_verify::Hash> path(proof.path.begin(), proof.path.end());
      ASSERT_TRUE(audit_verify::consistent(older, size, proof.older_root, root, path))
          << older << " " << size;
      auto longer = path;
      longer.push_back(root);
      EXPECT_FALSE(audit_verify::consistent(older, size, proof.older_root, root, longer));
    }
  }
}

}  // namespace
}  // namespace pryx::audit::testing

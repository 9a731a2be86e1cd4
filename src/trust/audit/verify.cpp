// SPDX-License-Identifier: MIT
#include <algorithm>
#include <map>
#include <set>

#include "foundation/base/text.h"
#include "trust/audit/audit_log.h"
#include "trust/audit/audit_tree.h"
#include "trust/audit/internal/schema.h"

namespace pryx::audit {
namespace {

using namespace internal;

constexpr int kTileHeight = 8;
constexpr std::string_view kAllTiles = "SELECT level, idx, hash FROM audit_tile ORDER BY level, idx";

// Meets the rows in order and stops at the first thing that is wrong.
class Walk {
 public:
  explicit Walk(const VerifyInput& input) : input_(input) {}
  Walk(const Walk&) = delete;
  Walk& operator=(const Walk&) = delete;
  [[nodiscard]] Result<void> expect_checkpoints(db::Connection& connection);
  bool take(const Row& row);  // false ends the walk
  [[nodiscard]] Result<Verdict> finish(db::Connection& connection);
  [[nodiscard]] bool is_good() const { return verdict_.ok(); }

 private:
  bool blame(std::optional<std::int64_t> index, std::string reason) {
    verdict_.first_bad_index = index;
    verdict_.reason = std::move(reason);
    return false;
  }
  bool check_row(const Row& row, const Digest& leaf);
  void note_personal(const Row& row);
  bool compare_roots();
  [[nodiscard]] Result<void> compare_tiles(db::Connection& connection);

  const VerifyInput& input_;
  Verdict verdict_;
  CompactRange tree_;
  // Tiles are the tree's own subtrees of every eighth level.
  const CompactRange::OnSubtree keep_tile_ = [this](int level, const Digest& hash) {
    if (level % kTileHeight != 0) return;
    const auto n = static_cast<std::size_t>(level / kTileHeight - 1);
    if (tiles_.size() <= n) tiles_.resize(n + 1);
    tiles_[n].push_back(hash);
  };
  std::vector<Checkpoint> expected_;  // by size
  std::size_t next_expected_ = 0;
  std::uint64_t last_good_ = 0;
  std::string chain_;
  std::vector<std::vector<Digest>> tiles_;  // tiles_[n]: hashes of the complete subtrees of height 8 (n + 1)
  std::map<std::int64_t, std::int64_t> erased_;  // subject key -> the first entry that lacks its content
  std::set<std::int64_t> erasures_;              // subject keys that audit.erased entries name
};

Result<void> Walk::expect_checkpoints(db::Connection& connection) {
  if (input_.key == nullptr) return {};
  std::vector<std::string> notes = input_.outside;
  PRYX_TRY(const auto stored, checkpoints(connection));
  for (const StoredCheckpoint& checkpoint : stored) notes.push_back(checkpoint.note);
  for (const std::string& note : notes) {
    const auto opened = open_note(note, *input_.key);
    if (!opened) {
      blame(std::nullopt, opened.error().message);
      return {};
    }
    expected_.push_back(*opened);
  }
  std::ranges::stable_sort(expected_, {}, &Checkpoint::size);
  compare_roots();
  return {};
}

bool Walk::check_row(const Row& row, const Digest& leaf) {
  if (row.format == 1) {
    if (row.hash != chain_hash(row, chain_))
      return blame(row.index, "the entry or the one before was changed");
    chain_ = row.hash;
    return true;
  }
  if (row.hash != to_hex(leaf)) return blame(row.index, "the entry was changed");
  if (row.state == Personal::kSealed && input_.log != nullptr)
    return blame(row.index, "the entry's personal content was changed or removed");
  return true;
}

void Walk::note_personal(const Row& row) {
  if (row.state == Personal::kErased && row.subject_key) {
    ++verdict_.erased;
    erased_.try_emplace(*row.subject_key, row.index);
  }
  if (row.entry.kind != kErasedKind) return;
  const json::value* keys = json::find(row.entry.detail, "subject_keys");
  if (keys == nullptr || !keys->is_array()) return;
  for (const json::value& key : keys->get_array())
    if (key.is_int64()) erasures_.insert(key.get_int64());
}

bool Walk::compare_roots() {
  for (; next_expected_ < expected_.size() && expected_[next_expected_].size == tree_.size();
       ++next_expected_) {
    ++verdict_.checkpoints;
    if (expected_[next_expected_].root != tree_.root())
      return blame(static_cast<std::int64_t>(last_good_) + 1,
                   fmt::format("entries {} to {} are not those that the checkpoint of {} entries was made of",
                               last_good_ + 1, tree_.size(), tree_.size()));
    last_good_ = tree_.size();
  }
  return true;
}

bool Walk::take(const Row& row) {
  ++verdict_.rows;
  if (row.index != verdict_.rows) return blame(verdict_.rows, "an entry is missing or out of its place");
  const Digest leaf = leaf_hash(row);
  if (!check_row(row, leaf)) return false;
  note_personal(row);
  tree_.add(leaf, keep_tile_);
  return compare_roots();
}

Result<void> Walk::compare_tiles(db::Connection& connection) {
  std::size_t seen = 0, due = 0;
  for (const auto& row : tiles_) due += row.size();
  PRYX_TRY_VOID(connection.each(kAllTiles, [&](const db::Row& r) -> bool {
    const std::int64_t level = r.integer(0), index = r.integer(1);
    const std::string_view bytes = r.view(2);
    const auto n = static_cast<std::size_t>(level / kTileHeight - 1);
    const bool is_known = level >= kTileHeight && level % kTileHeight == 0 && n < tiles_.size() &&
                          index >= 0 && static_cast<std::size_t>(index) < tiles_[n].size();
    const bool is_equal =
        is_known && bytes.size() == sizeof(Digest) &&
        std::ranges::equal(bytes, tiles_[n][static_cast<std::size_t>(index)],
                           [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
    ++seen;
    return is_equal || blame(level < 60 && index >= 0 ? (index << level) + 1 : 1,
                             "a stored tile is not the hash of its entries");
  }));
  if (is_good() && seen != due) blame(verdict_.rows, "a stored tile is missing");
  return {};
}

Result<Verdict> Walk::finish(db::Connection& connection) {
  if (is_good() && next_expected_ < expected_.size())
    blame(verdict_.rows + 1,
          fmt::format("the log ends at {}, but a checkpoint of {} entries exists: the tail is missing",
                      verdict_.rows, expected_[next_expected_].size));
  if (is_good()) PRYX_TRY_VOID(compare_tiles(connection));
  for (const auto& [key, index] : erased_) {
    if (!is_good() || input_.log == nullptr || erasures_.contains(key)) continue;
    blame(index, "the entry's personal content is gone, and no entry says that it was erased");
  }
  verdict_.root = to_hex(tree_.root());
  return verdict_;
}

}  // namespace

Result<Verdict> verify_log(db::Connection& connection, const VerifyInput& input) {
  Walk walk(input);
  PRYX_TRY_VOID(walk.expect_checkpoints(connection));
  if (walk.is_good()) {
    if (input.log != nullptr) {
      PRYX_TRY_VOID(input.log->walk(
          connection, INT64_MIN, INT64_MAX, [&](const Row& row) { return walk.take(row); },
          Reading::kToVerify));
    } else {
      static const std::string sql = std::string(kColumns) + " ORDER BY idx";
      PRYX_TRY_VOID(connection.each(db::Sql::kept(sql), [&](const db::Row& r) -> bool {
        return walk.take(read_row(r, Reading::kToVerify));
      }));
    }
  }
  return walk.finish(connection);
}

Result<Verdict> verify_log(db::Connection& connection) { return verify_log(connection, {}); }

}  // namespace pryx::audit

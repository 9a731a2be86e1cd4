// SPDX-License-Identifier: MIT
#include "trust/audit/audit_tree.h"

#include <algorithm>

#include "trust/audit/audit_log.h"
#include "trust/audit/internal/schema.h"

namespace pryx::audit {
namespace {

using namespace internal;

constexpr int kTileHeight = 8;
constexpr std::string_view kTileRange =
    "SELECT idx, hash FROM audit_tile WHERE level = $1 AND idx BETWEEN $2 AND $3 ORDER BY idx";
constexpr std::string_view kPutTile = "INSERT INTO audit_tile (level, idx, hash) VALUES ($1, $2, $3)";
constexpr std::string_view kCountTiles = "SELECT count(*) FROM audit_tile WHERE level = $1";
constexpr std::string_view kLastCheckpoint =
    "SELECT size, at, note FROM audit_checkpoint ORDER BY size DESC LIMIT 1";
constexpr std::string_view kFindCheckpoint = "SELECT size, at, note FROM audit_checkpoint WHERE size = $1";
constexpr std::string_view kCheckpoints = "SELECT size, at, note FROM audit_checkpoint ORDER BY size";
constexpr std::string_view kPutCheckpoint =
    "INSERT INTO audit_checkpoint (size, at, note) VALUES ($1, $2, $3) ON CONFLICT (size) DO NOTHING";

StoredCheckpoint read_checkpoint(const db::Row& r) {
  return {.size = static_cast<std::uint64_t>(r.integer(0)), .at = r.time(1), .note = r.text(2)};
}

// Nodes of one tree as one job sees it. Reads a tile's worth of hashes at a time and folds what lies between.
class Nodes {
 public:
  explicit Nodes(db::Connection& connection) : connection_(connection) {}

  Result<Digest> get(int level, std::uint64_t index) {
    const int base = level / kTileHeight * kTileHeight;
    const int rise = level - base;
    const std::uint64_t first = index << rise;
    PRYX_TRY(const std::vector<Digest>* tile, load(base, first / kTileWidth));
    const std::size_t from = first % kTileWidth, count = std::size_t{1} << rise;
    if (from + count > tile->size())
      return fail(ErrorCode::kCheckFailed, "the audit log lacks entries or tiles below {}",
                  (first + count) << base);
    std::vector<Digest> fold(tile->begin() + static_cast<std::ptrdiff_t>(from),
                             tile->begin() + static_cast<std::ptrdiff_t>(from + count));
    for (; fold.size() > 1; fold.resize(fold.size() / 2))
      for (std::size_t i = 0; i < fold.size() / 2; ++i) fold[i] = hash_node(fold[2 * i], fold[2 * i + 1]);
    return fold.front();
  }
  NodeSource source() {
    return [this](int level, std::uint64_t index) { return get(level, index); };
  }

 private:
  Result<const std::vector<Digest>*> load(int level, std::uint64_t tile) {
    auto [entry, is_first] = tiles_.try_emplace({level, tile});
    if (!is_first) return &entry->second;
    const auto first = static_cast<std::int64_t>(tile) * kTileWidth;
    std::int64_t next = first;
    std::vector<Digest>& hashes = entry->second;
    if (level == 0) {
      static const std::string sql = std::string(kColumns) + " WHERE idx BETWEEN $1 AND $2 ORDER BY idx";
      PRYX_TRY_VOID(connection_.each(
          db::Sql::kept(sql),
          [&](const db::Row& r) -> bool {
            if (r.integer(0) != ++next) return false;  // a gap: what is beyond belongs elsewhere
            const auto stored = r.integer(11) == 1 ? std::nullopt : digest_of_hex(r.view(10));
            hashes.push_back(stored ? *stored : leaf_hash(read_row(r)));
            return true;
          },
          first + 1, first + kTileWidth));
      return &hashes;
    }
    PRYX_TRY_VOID(connection_.each(
        kTileRange,
        [&](const db::Row& r) -> bool {
          const std::string_view bytes = r.view(1);
          if (r.integer(0) != next++ || bytes.size() != sizeof(Digest)) return false;
          std::ranges::copy(bytes, hashes.emplace_back().begin());
          return true;
        },
        level, first, first + kTileWidth - 1));
    return &hashes;
  }

  db::Connection& connection_;
  std::map<std::pair<int, std::uint64_t>, std::vector<Digest>> tiles_;
};

Result<void> put_tile(db::Connection& connection, int level, std::uint64_t index) {
  Nodes nodes(connection);
  // The children are one level of tiles below; get() at this level would look for the tile itself.
  std::vector<Digest> fold;
  for (std::uint64_t half = 0; half < 2; ++half) {
    PRYX_TRY(const Digest child, nodes.get(level - 1, 2 * index + half));
    fold.push_back(child);
  }
  const Digest hash = hash_node(fold[0], fold[1]);
  const db::Blob blob{{reinterpret_cast<const char*>(hash.data()), hash.size()}};
  PRYX_TRY_VOID(connection.run(kPutTile, level, index, blob));
  return {};
}

}  // namespace

Result<void> seal_tiles(db::Connection& connection, std::int64_t size) {
  auto count = static_cast<std::uint64_t>(size);
  for (int level = kTileHeight; count > 0 && count % kTileWidth == 0; level += kTileHeight) {
    count /= kTileWidth;
    PRYX_TRY_VOID(put_tile(connection, level, count - 1));
  }
  return {};
}

Result<void> complete_tiles(db::Connection& connection) {
  PRYX_TRY(const std::int64_t size, AuditLog::size(connection));
  PRYX_TRY(const std::int64_t sealed, connection.count(kCountTiles, kTileHeight));
  for (std::int64_t tile = sealed; tile < size / kTileWidth; ++tile)
    PRYX_TRY_VOID(seal_tiles(connection, (tile + 1) * kTileWidth));
  return {};
}

Result<Digest> root_at(db::Connection& connection, std::uint64_t size) {
  Nodes nodes(connection);
  return root_of(size, nodes.source());
}

Result<InclusionProof> prove_entry(db::Connection& connection, std::int64_t index, std::uint64_t size) {
  if (index < 1)
    return fail(ErrorCode::kInvalidArgument, "entries count from 1; there is no entry {}", index);
  Nodes nodes(connection);
  const auto leaf = static_cast<std::uint64_t>(index - 1);
  InclusionProof proof{.index = index, .size = size};
  PRYX_TRY(proof.path, prove_inclusion(leaf, size, nodes.source()));
  PRYX_TRY(proof.leaf, nodes.get(0, leaf));
  PRYX_TRY(proof.root, root_of(size, nodes.source()));
  return proof;
}

Result<ConsistencyProof> prove_growth(db::Connection& connection, std::uint64_t older, std::uint64_t size) {
  Nodes nodes(connection);
  ConsistencyProof proof{.older = older, .size = size};
  PRYX_TRY(proof.path, prove_consistency(older, size, nodes.source()));
  PRYX_TRY(proof.older_root, root_of(older, nodes.source()));
  PRYX_TRY(proof.root, root_of(size, nodes.source()));
  return proof;
}

Result<std::optional<StoredCheckpoint>> last_checkpoint(db::Connection& connection) {
  return connection.find(kLastCheckpoint, read_checkpoint);
}
Result<std::optional<StoredCheckpoint>> find_checkpoint(db::Connection& connection, std::uint64_t size) {
  return connection.find(kFindCheckpoint, read_checkpoint, static_cast<std::int64_t>(size));
}
Result<std::vector<StoredCheckpoint>> checkpoints(db::Connection& connection) {
  return connection.list(kCheckpoints, read_checkpoint);
}
Result<void> put_checkpoint(db::Connection& connection, const StoredCheckpoint& checkpoint) {
  PRYX_TRY_VOID(connection.run(kPutCheckpoint, static_cast<std::int64_t>(checkpoint.size), checkpoint.at,
                               checkpoint.note));
  return {};
}

}  // namespace pryx::audit

// SPDX-License-Identifier: MIT
// The Merkle tree over the rows, as the database keeps it: each row has its leaf's hash, and every 256th,
// 65,536th… entry seals a tile, the hash of a complete subtree of height 8, 16…. An append writes nothing
// else, and a proof reads three small ranges. For read and write jobs.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "foundation/db/connection.h"
#include "trust/audit/checkpoint.h"

namespace pryx::audit {

class AuditLog;

inline constexpr std::int64_t kTileWidth = 256;

// After the append of an index that kTileWidth divides.
[[nodiscard]] Result<void> seal_tiles(db::Connection& connection, std::int64_t size);
// Seals the tiles of rows that an older release wrote. Start-up; cheap when there is nothing to do.
[[nodiscard]] Result<void> complete_tiles(db::Connection& connection);

[[nodiscard]] Result<Digest> root_at(db::Connection& connection, std::uint64_t size);

struct InclusionProof {
  std::int64_t index = 0;  // from 1
  std::uint64_t size = 0;
  Digest leaf{}, root{};
  std::vector<Digest> path;
};
[[nodiscard]] Result<InclusionProof> prove_entry(db::Connection& connection, std::int64_t index,
                                                 std::uint64_t size);
struct ConsistencyProof {
  std::uint64_t older = 0, size = 0;
  Digest older_root{}, root{};
  std::vector<Digest> path;
};
[[nodiscard]] Result<ConsistencyProof> prove_growth(db::Connection& connection, std::uint64_t older,
                                                    std::uint64_t size);

struct StoredCheckpoint {
  std::uint64_t size = 0;
  WallTime at;
  std::string note;
};
[[nodiscard]] Result<std::optional<StoredCheckpoint>> last_checkpoint(db::Connection& connection);
[[nodiscard]] Result<std::optional<StoredCheckpoint>> find_checkpoint(db::Connection& connection,
                                                                      std::uint64_t size);
[[nodiscard]] Result<std::vector<StoredCheckpoint>> checkpoints(db::Connection& connection);
[[nodiscard]] Result<void> put_checkpoint(db::Connection& connection, const StoredCheckpoint& checkpoint);

struct Verdict {
  std::int64_t rows = 0;
  std::optional<std::int64_t> first_bad_index;
  std::string reason;
  std::int64_t checkpoints = 0;  // that were compared
  std::int64_t erased = 0;       // entries whose personal content was erased
  std::string root;              // hex, of all rows
  [[nodiscard]] bool ok() const { return reason.empty(); }
};

// Reads everything: each entry's leaf, its tile, its personal content (with a log that has the keys), and the
// root at each checkpoint. `outside` are notes that somebody kept; both they and the stored ones must be
// signed by `key`.
struct VerifyInput {
  const AuditLog* log = nullptr;
  const PublicKey* key = nullptr;
  std::vector<std::string> outside;
};
[[nodiscard]] Result<Verdict> verify_log(db::Connection& connection, const VerifyInput& input);
// Entries and tiles alone.
[[nodiscard]] Result<Verdict> verify_log(db::Connection& connection);

}  // namespace pryx::audit

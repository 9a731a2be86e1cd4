// SPDX-License-Identifier: MIT
// Tables and the columns of a row. Private to this module.
#pragma once
#include "trust/audit/audit_log.h"

namespace pryx::audit::internal {

extern const std::span<const db::Migration> kMigrations;

extern const std::string_view kColumns;      // of table audit
extern const std::string_view kOpenColumns;  // the same with the sealed content and its key; the table is "a"
inline constexpr int kSealedKeyColumn = 15, kSealedColumn = 16;

inline constexpr std::string_view kErasedKind = "audit.erased";

[[nodiscard]] Row read_row(const db::Row& r, Reading reading = Reading::kWhole);
// The hash of the chain that rows of format 1 have.
[[nodiscard]] std::string chain_hash(const Row& row, std::string_view previous);
// The leaf's hash as it is computed from the row's own columns.
[[nodiscard]] Digest leaf_hash(const Row& row);
// 32 bytes out of 64 hex digits; nothing when the text is none.
[[nodiscard]] std::optional<Digest> digest_of_hex(std::string_view hex);

}  // namespace pryx::audit::internal

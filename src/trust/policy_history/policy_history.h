// SPDX-License-Identifier: MIT
// The versions of policy.yaml, so that a person can see what it was, compare and go back. Static functions
// for composing transactions; the table is written by nobody else.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/ids.h"
#include "foundation/base/json.h"
#include "foundation/db/database.h"

namespace pryx::trust {

struct PolicyVersion {
  PrincipalId principal;
  std::int64_t version = 0;  // from 1; set by append()
  WallTime at;
  std::string author;   // the surface it came through; "file": somebody edited the file
  std::string hash;     // of the text
  bool present = true;  // false: the file was removed
  bool valid = true;    // false: it was seen and refused
  std::string text;     // empty in lists
  std::int64_t bytes = 0;
  [[nodiscard]] json::object to_json() const;  // without the text
};

struct PolicyHistory {
  static constexpr std::int64_t kKept = 100;
  static constexpr std::int64_t kKeptBytes = 16 << 20;
  [[nodiscard]] static db::ModuleMigrations migrations();
  // Nothing, and no number, when the newest one is the same text or when a file that never was is absent.
  [[nodiscard]] static Result<std::optional<std::int64_t>> append(db::Connection& c,
                                                                  const PolicyVersion& version);
  // Newest first, without texts.
  [[nodiscard]] static Result<std::vector<PolicyVersion>> list(db::Connection& c,
                                                               const PrincipalId& principal,
                                                               std::int64_t before, std::int64_t limit);
  [[nodiscard]] static Result<std::optional<PolicyVersion>> find(db::Connection& c,
                                                                 const PrincipalId& principal,
                                                                 std::int64_t version);
};

}  // namespace pryx::trust

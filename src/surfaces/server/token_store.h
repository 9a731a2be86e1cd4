// SPDX-License-Identifier: MIT
// API tokens: rows with a SHA-256 of the token, and the same rows in memory, kept in step, so that a request
// is authorised by the present state without touching the disk. A token is shown once, when it is made. I/O
// thread only.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/ids.h"
#include "foundation/crypto/crypto.h"
#include "foundation/db/database.h"
#include "trust/audit/audit_log.h"
#include "trust/principals/caller.h"

namespace pryx::server {

struct Token {
  PrincipalId principal;
  TokenId id;
  std::string name;
  Scopes scopes;
  WallTime created_at;
  std::optional<WallTime> expires_at;
  [[nodiscard]] json::object to_json() const;  // never the token itself
};

struct NewToken {
  std::string name;
  Scopes scopes;
  std::optional<WallTime> expires_at;
};

class TokenStore {
 public:
  static constexpr std::size_t kMaxTokens = 1000;

  TokenStore(async::EventLoop& loop, db::Database& database, audit::AuditLog& audit, IdSource& ids,
             Random& random)
      : loop_(loop), database_(database), audit_(audit), ids_(ids), random_(random) {}
  static const db::Migration kTable;
  [[nodiscard]] async::Task<Result<void>> load();

  // Durable when it returns. The Secret is the only copy.
  [[nodiscard]] async::Task<Result<std::pair<Token, Secret>>> create(Caller caller, NewToken wanted);
  // False: no such token. From the return on it opens nothing.
  [[nodiscard]] async::Task<Result<bool>> revoke(Caller caller, TokenId id);
  [[nodiscard]] std::vector<Token> list(const PrincipalId& principal) const;  // newest first
  // Null when it is unknown, revoked or expired.
  [[nodiscard]] const Token* find(std::string_view token) const;

 private:
  async::EventLoop& loop_;
  db::Database& database_;
  audit::AuditLog& audit_;
  IdSource& ids_;
  Random& random_;
  std::map<crypto::Digest, Token> by_hash_;
};

}  // namespace pryx::server

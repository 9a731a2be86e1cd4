// SPDX-License-Identifier: MIT
#include "surfaces/server/token_store.h"

#include "foundation/base/text.h"

namespace pryx::server {
namespace {

constexpr std::size_t kMaxNameBytes = 100;

constexpr std::string_view kInsert =
    "INSERT INTO api_tokens (principal_id, id, name, hash, scopes, created_at, expires_at) VALUES "
    "($1,$2,$3,$4,$5,$6,$7)";
constexpr std::string_view kAll =
    "SELECT principal_id, id, name, hash, scopes, created_at, expires_at FROM api_tokens";
constexpr std::string_view kDelete = "DELETE FROM api_tokens WHERE principal_id = $1 AND id = $2";

struct StoredToken {
  Token token;
  std::string hash;
  bool readable = false;
};

StoredToken read_token(const db::Row& r) {
  StoredToken stored;
  stored.token.principal = r.id<PrincipalId>(0);
  stored.token.id = r.id<TokenId>(1);
  stored.token.name = r.text(2);
  stored.hash = from_hex(r.view(3)).value_or("");
  auto scopes = Scopes::parse(r.view(4));
  stored.readable = scopes.has_value() && stored.hash.size() == sizeof(crypto::Digest);
  if (scopes) stored.token.scopes = *scopes;
  stored.token.created_at = r.time(5);
  stored.token.expires_at = r.optional_time(6);
  return stored;
}

}  // namespace

json::object Token::to_json() const {
  json::array names;
  for (const std::string_view scope : scopes.names()) names.emplace_back(scope);
  return {{"id", id.str()},
          {"name", name},
          {"scopes", std::move(names)},
          {"created_at", to_rfc3339(created_at)},
          {"expires_at", expires_at ? json::value(to_rfc3339(*expires_at)) : json::value(nullptr)}};
}

const db::Migration TokenStore::kTable{
    1, "create api tokens",
    "CREATE TABLE api_tokens (principal_id TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, hash TEXT "
    "NOT NULL UNIQUE, scopes TEXT NOT NULL,"
    " created_at INTEGER NOT NULL, expires_at INTEGER, PRIMARY KEY (principal_id, id)) STRICT, WITHOUT "
    "ROWID"};

async::Task<Result<void>> TokenStore::load() {
  const auto rows = co_await database_.read([](db::Connection& c) { return c.list(kAll, read_token); });
  if (!rows) co_return std::unexpected(rows.error());
  by_hash_.clear();
  for (const StoredToken& stored : *rows) {
    if (!stored.readable) continue;  // what cannot be read opens nothing
    crypto::Digest digest{};
    std::copy(stored.hash.begin(), stored.hash.end(), reinterpret_cast<char*>(digest.data()));
    by_hash_.emplace(digest, stored.token);
  }
  co_return Result<void>{};
}

async::Task<Result<std::pair<Token, Secret>>> TokenStore::create(Caller caller, NewToken wanted) {
  const std::string name(trim(wanted.name));
  if (name.empty() || name.size() > kMaxNameBytes) {
    co_return fail(ErrorCode::kInvalidArgument, "a token needs a name of 1 to {} bytes", kMaxNameBytes);
  }
  if (wanted.scopes.empty())
    co_return fail(ErrorCode::kInvalidArgument,
                   "a token needs at least one scope: read, chat, tools, approve or admin");
  if (!caller.scopes.includes(wanted.scopes)) {
    co_return fail(ErrorCode::kForbidden, "a token cannot have more scopes than its maker has ({})",
                   caller.scopes.to_text());
  }
  const WallTime now = loop_.clock().wall();
  if (wanted.expires_at && *wanted.expires_at <= now)
    co_return fail(ErrorCode::kInvalidArgument, "the token would be expired already");
  if (by_hash_.size() >= kMaxTokens)
    co_return fail(ErrorCode::kConflict, "there are {} tokens; revoke some first", by_hash_.size());
  Secret secret = crypto::make_token(random_);
  Token token{caller.principal.id, ids_.make<TokenId>(), name, wanted.scopes, now, wanted.expires_at};
  const crypto::Digest digest = crypto::sha256(std::string_view(secret.reveal()));
  const auto written = co_await database_.write([&, this](db::Transaction& t) -> Result<std::int64_t> {
    PRYX_TRY_VOID(t.db().run(kInsert, token.principal, token.id, token.name,
                             to_hex(std::span<const std::uint8_t>(digest)), token.scopes.to_text(),
                             token.created_at, token.expires_at));
    return audit_.append(t, {.principal = token.principal,
                             .kind = "token.created",
                             .actor = caller.surface,
                             .subject = token.id.str(),
                             .detail = token.to_json()});
  });
  if (!written) co_return std::unexpected(written.error());
  by_hash_.emplace(digest, token);
  co_return std::pair(std::move(token), std::move(secret));
}

async::Task<Result<bool>> TokenStore::revoke(Caller caller, TokenId id) {
  const auto changed = co_await database_.write([&, this](db::Transaction& t) -> Result<std::int64_t> {
    PRYX_TRY(const std::int64_t rows, t.db().run(kDelete, caller.principal.id, id));
    if (rows == 0) return rows;
    PRYX_TRY_VOID(audit_.append(t, {.principal = caller.principal.id,
                                    .kind = "token.revoked",
                                    .actor = caller.surface,
                                    .subject = id.str()}));
    return rows;
  });
  if (!changed) co_return std::unexpected(changed.error());
  std::erase_if(by_hash_, [&](const auto& entry) {
    return entry.second.id == id && entry.second.principal == caller.principal.id;
  });
  co_return *changed > 0;
}

std::vector<Token> TokenStore::list(const PrincipalId& principal) const {
  std::vector<Token> tokens;
  for (const auto& [hash, token] : by_hash_) {
    if (token.principal == principal) tokens.push_back(token);
  }
  std::sort(tokens.begin(), tokens.end(), [](const Token& a, const Token& b) { return a.id > b.id; });
  return tokens;
}

const Token* TokenStore::find(std::string_view token) const {
  if (!crypto::looks_like_token(token)) return nullptr;
  const auto found = by_hash_.find(crypto::sha256(token));
  if (found == by_hash_.end()) return nullptr;
  if (found->second.expires_at && *found->second.expires_at <= loop_.clock().wall()) return nullptr;
  return &found->second;
}

}  // namespace pryx::server

// SPDX-License-Identifier: MIT
#include "trust/vault/vault.h"

#include <gtest/gtest.h>

#include "foundation/async/testing/virtual_loop.h"
#include "foundation/base/testing/manual_clock.h"
#include "foundation/base/text.h"
#include "foundation/platform/testing/temporary_directory.h"

namespace pryx::vault {
namespace {

using async::testing::run;
using platform::Environment;

constexpr std::string_view kKey = "2dd29ca851e7b56e4697b0e1f08507293d761a05ce4d1b628663f411a8086d99";

async::Task<Result<std::int64_t>> execute(db::Database& database, std::string sql) {
  co_return co_await database.write([sql](db::Transaction& transaction) -> Result<std::int64_t> {
    PRYX_TRY_VOID(transaction.db().execute(sql));
    return 0;
  });
}
async::Task<Result<std::string>> dump(db::Database& database) {
  co_return co_await database.read([](db::Connection& connection) -> Result<std::string> {
    std::string all;
    PRYX_TRY_VOID(
        connection.each("SELECT principal_id, name, ciphertext FROM secrets", [&](const db::Row& row) {
          all += row.text(0) + "|" + row.text(1) + "|" + std::string(row.view(2)) + "\n";
        }));
    return all;
  });
}

class VaultTest : public ::testing::Test {
 protected:
  VaultTest() {
    const db::ModuleMigrations modules[] = {Vault::migrations()};
    database_ = db::Database::open(loop_,
                                   {.open = {.path = directory_ / "t.db", .key = Secret(std::string(kKey))},
                                    .inline_mode = true},
                                   modules)
                    .value();
    open_vault();
  }
  // A start of the daemon.
  void open_vault() {
    constexpr crypto::PassphraseCost kCheap{.passes = 1, .memory_bytes = 8u << 20};
    vault_ =
        std::make_unique<Vault>(*database_, pool_, Secret(std::string(kKey)), random_, loop_.clock(), kCheap);
    ASSERT_TRUE(run(loop_, vault_->start()).has_value());
  }
  Result<void> set(const Principal& who, const std::string& name, const std::string& value) {
    return run(loop_, vault_->set(who, name, Secret(value)));
  }
  std::string get(const Principal& who, const std::string& name) {
    const auto value = run(loop_, vault_->get(who, name));
    return value ? value->reveal() : fmt::format("error {}", facts(value.error().code).name);
  }

  const Principal other_{PrincipalId("prn_other"), PrincipalKind::kOwner};
  platform::testing::TemporaryDirectory directory_;
  async::testing::VirtualLoop loop_;
  testing::SeededRandom random_{11};
  async::WorkerPool pool_{loop_, 0};
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<Vault> vault_;
};

TEST_F(VaultTest, SetGetReplaceRemove) {
  ASSERT_TRUE(set(owner(), "provider/openai", "sk-first").has_value());
  EXPECT_EQ(get(owner(), "provider/openai"), "sk-first");
  ASSERT_TRUE(set(owner(), "provider/openai", "sk-second").has_value());
  EXPECT_EQ(get(owner(), "provider/openai"), "sk-second");
  EXPECT_TRUE(run(loop_, vault_->remove(owner(), "provider/openai")).value());
  EXPECT_FALSE(run(loop_, vault_->remove(owner(), "provider/openai")).value());
  EXPECT_EQ(get(owner(), "provider/openai"), "error not_found");
}

TEST_F(VaultTest, ListGivesNamesAndTimesOnly) {
  const WallTime first = loop_.clock().wall();
  ASSERT_TRUE(set(owner(), "b", "1").has_value());
  ASSERT_TRUE(set(owner(), "a", "2").has_value());
  loop_.manual_clock().advance(std::chrono::seconds(5));
  ASSERT_TRUE(set(owner(), "b", "3").has_value());
  const std::vector<SecretEntry> expected = {{"a", first, first}, {"b", first, loop_.clock().wall()}};
  EXPECT_EQ(run(loop_, vault_->list(owner())).value(), expected);
}

TEST_F(VaultTest, PrincipalsDoNotSeeEachOther) {
  ASSERT_TRUE(set(owner(), "name", "mine").has_value());
  ASSERT_TRUE(set(other_, "name", "theirs").has_value());
  EXPECT_EQ(get(owner(), "name"), "mine");
  EXPECT_EQ(get(other_, "name"), "theirs");
  EXPECT_TRUE(run(loop_, vault_->remove(other_, "name")).value());
  EXPECT_EQ(get(owner(), "name"), "mine");
  EXPECT_TRUE(run(loop_, vault_->list(other_))->empty());
}

TEST_F(VaultTest, ASecretLeavesForItsHostsOnly) {
  const auto ask = [&](const char* url) {
    return run(loop_, vault_->get_for(owner(), "github", net::parse_url(url).value()));
  };
  EXPECT_EQ(ask("https://api.github.com/").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(set(owner(), "github", "v1").has_value());
  const auto nowhere = ask("https://api.github.com/");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::kForbidden);
  EXPECT_NE(nowhere.error().message.find("pryx secret set github --allow-host api.github.com"),
            std::string::npos)
      << nowhere.error().message;
  const std::vector<std::string> hosts = {"API.github.com"};
  ASSERT_TRUE(run(loop_, vault_->set(owner(), "github", Secret("v2"), hosts)).has_value());
  EXPECT_EQ(ask("https://api.github.com/x").value().reveal(), "v2");
  EXPECT_EQ(ask("https://evil.example/").error().code, ErrorCode::kForbidden);
  EXPECT_EQ(ask("https://api.github.com:444/").error().code, ErrorCode::kForbidden);
  // A value without hosts keeps those of before; an empty list takes them all away.
  ASSERT_TRUE(set(owner(), "github", "v3").has_value());
  EXPECT_EQ(ask("https://api.github.com/x").value().reveal(), "v3");
  EXPECT_EQ(run(loop_, vault_->list(owner())).value().at(0).hosts,
            std::vector<std::string>{"api.github.com"});
  ASSERT_TRUE(
      run(loop_, vault_->set(owner(), "github", Secret("v4"), std::vector<std::string>{})).has_value());
  EXPECT_FALSE(ask("https://api.github.com/x"));
  EXPECT_FALSE(run(loop_, vault_->set(owner(), "github", Secret("v5"), std::vector<std::string>{"a b"})));
}

TEST_F(VaultTest, EvenTheOpenDatabaseHoldsNoValue) {
  ASSERT_TRUE(set(owner(), "name", "canary-value-1234").has_value());
  const std::string rows = run(loop_, dump(*database_)).value();
  EXPECT_NE(rows.find("prn_owner|name|"), std::string::npos);
  EXPECT_EQ(rows.find("canary"), std::string::npos);
}

TEST_F(VaultTest, ARowMovedToAnotherNameOrOwnerDoesNotOpen) {
  ASSERT_TRUE(set(owner(), "cheap", "value").has_value());
  ASSERT_TRUE(run(loop_, execute(*database_, "UPDATE secrets SET name = 'dear'")).has_value());
  EXPECT_EQ(get(owner(), "dear"), "error check_failed");
  ASSERT_TRUE(run(loop_, execute(*database_, "UPDATE secrets SET name = 'cheap', principal_id = 'prn_other'"))
                  .has_value());
  EXPECT_EQ(get(other_, "cheap"), "error check_failed");
  ASSERT_TRUE(run(loop_, execute(*database_, "UPDATE secrets SET principal_id = 'prn_owner'")).has_value());
  EXPECT_EQ(get(owner(), "cheap"), "value");
}

TEST_F(VaultTest, AnotherDatabaseKeyDoesNotOpenTheSecrets) {
  ASSERT_TRUE(set(owner(), "name", "value").has_value());
  vault_ = std::make_unique<Vault>(*database_, pool_, Secret(std::string(64, '0')), random_, loop_.clock());
  EXPECT_EQ(get(owner(), "name"), "error check_failed");
}

TEST_F(VaultTest, NamesAndValuesAreBounded) {
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("a\nb"), std::string(129, 'a'), std::string("ä")}) {
    EXPECT_EQ(set(owner(), name, "v").error().code, ErrorCode::kInvalidArgument) << name;
    EXPECT_EQ(get(owner(), name), "error invalid_argument") << name;
  }
  EXPECT_EQ(set(owner(), "n", "").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(set(owner(), "n", std::string(kMaxSecretBytes + 1, 'x')).error().code, ErrorCode::kTooLarge);
  const std::string binary("\0\xff with any bytes", 17);
  ASSERT_TRUE(set(owner(), "n", binary).has_value());
  EXPECT_EQ(get(owner(), "n"), binary);
}

TEST_F(VaultTest, ReferencesResolveOrSayHowToProvideThem) {
  ASSERT_TRUE(set(owner(), "provider/x", "from vault").has_value());
  const Environment environment({{"API_KEY", "from variable"}});
  const auto resolve = [&](std::string_view text) {
    return run(loop_, vault_->resolve(owner(), SecretRef::parse(text).value(), environment));
  };
  EXPECT_TRUE(resolve("keychain:provider/x")->equals("from vault"));
  EXPECT_TRUE(resolve("${API_KEY}")->equals("from variable"));
  EXPECT_EQ(resolve("keychain:absent").error().code, ErrorCode::kNotFound);
  const auto missing = resolve("${OTHER}");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message.find("OTHER"), std::string::npos);
}

TEST(SecretRef, RoundTripsAndRefusesTheRestWithoutRepeatingIt) {
  for (const char* text : {"keychain:provider/openai", "keychain:a", "${OPENAI_API_KEY}", "${_x1}"}) {
    const auto reference = SecretRef::parse(text);
    ASSERT_TRUE(reference.has_value()) << text;
    EXPECT_EQ(reference->to_text(), text);
  }
  for (const char* text : {"", "sk-canary-pasted", "keychain:", "keychain:a b", "$HOME", "${}", "${1A}",
                           "${A-B}", "${A", "${A} ", " keychain:a"}) {
    const auto reference = SecretRef::parse(text);
    ASSERT_FALSE(reference.has_value()) << text;
    EXPECT_EQ(reference.error().message.find("canary"), std::string::npos);
  }
}

TEST_F(VaultTest, APassphraseLocksAndUnlocks) {
  ASSERT_TRUE(set(owner(), "provider/openai", "sk-1").has_value());
  ASSERT_TRUE(
      run(loop_, vault_->set_passphrase(owner(), std::nullopt, Secret("a long passphrase"))).has_value());
  EXPECT_FALSE(vault_->status(owner()).locked);
  EXPECT_EQ(get(owner(), "provider/openai"), "sk-1");
  ASSERT_TRUE(vault_->lock(owner()).has_value());
  EXPECT_EQ(get(owner(), "provider/openai"),
            fmt::format("error {}", facts(ErrorCode::kUnauthenticated).name));
  EXPECT_EQ(set(owner(), "other", "x").error().code, ErrorCode::kUnauthenticated);
  EXPECT_EQ(run(loop_, vault_->unlock(owner(), Secret("another passphrase"))).error().code,
            ErrorCode::kUnauthenticated);
  ASSERT_TRUE(run(loop_, vault_->unlock(owner(), Secret("a long passphrase"))).has_value());
  EXPECT_EQ(get(owner(), "provider/openai"), "sk-1");
}

TEST_F(VaultTest, AStartBeginsLockedAndTheDatabaseKeyAloneOpensNothing) {
  ASSERT_TRUE(set(owner(), "a", "one").has_value());
  ASSERT_TRUE(
      run(loop_, vault_->set_passphrase(owner(), std::nullopt, Secret("a long passphrase"))).has_value());
  open_vault();
  EXPECT_TRUE(vault_->status(owner()).locked);
  EXPECT_EQ(get(owner(), "a"), fmt::format("error {}", facts(ErrorCode::kUnauthenticated).name));
  // Control: whoever has the database and its key, and drops the row of the passphrase, still has nothing.
  ASSERT_TRUE(run(loop_, execute(*database_, "DELETE FROM vault_passphrases")).has_value());
  open_vault();
  EXPECT_EQ(get(owner(), "a"), fmt::format("error {}", facts(ErrorCode::kCheckFailed).name));
}

TEST_F(VaultTest, ChangingAndRemovingThePassphraseKeepsEverySecret) {
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(set(owner(), fmt::format("s{}", i), fmt::format("v{}", i)).has_value());
  ASSERT_TRUE(
      run(loop_, vault_->set_passphrase(owner(), std::nullopt, Secret("first passphrase"))).has_value());
  EXPECT_EQ(
      run(loop_, vault_->set_passphrase(owner(), std::nullopt, Secret("second passphrase"))).error().code,
      ErrorCode::kUnauthenticated);
  ASSERT_TRUE(
      run(loop_, vault_->set_passphrase(owner(), Secret("first passphrase"), Secret("second passphrase")))
          .has_value());
  open_vault();
  EXPECT_FALSE(run(loop_, vault_->unlock(owner(), Secret("first passphrase"))).has_value());
  ASSERT_TRUE(run(loop_, vault_->unlock(owner(), Secret("second passphrase"))).has_value());
  EXPECT_EQ(get(owner(), "s19"), "v19");
  ASSERT_TRUE(run(loop_, vault_->remove_passphrase(owner(), Secret("second passphrase"))).has_value());
  open_vault();
  EXPECT_EQ(get(owner(), "s7"), "v7");
  EXPECT_EQ(vault_->lock(owner()).error().code, ErrorCode::kConflict);
}

TEST_F(VaultTest, GuessingIsSlowedDownAlsoAcrossStarts) {
  ASSERT_TRUE(
      run(loop_, vault_->set_passphrase(owner(), std::nullopt, Secret("a long passphrase"))).has_value());
  ASSERT_TRUE(vault_->lock(owner()).has_value());
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(run(loop_, vault_->unlock(owner(), Secret("wrong passphrase"))).error().code,
              ErrorCode::kUnauthenticated);
  EXPECT_EQ(run(loop_, vault_->unlock(owner(), Secret("a long passphrase"))).error().code,
            ErrorCode::kOverloaded);
  open_vault();
  EXPECT_EQ(run(loop_, vault_->unlock(owner(), Secret("a long passphrase"))).error().code,
            ErrorCode::kOverloaded);
  ASSERT_TRUE(vault_->status(owner()).try_again_in.has_value());
  loop_.run_for(*vault_->status(owner()).try_again_in + std::chrono::seconds(1));
  EXPECT_TRUE(run(loop_, vault_->unlock(owner(), Secret("a long passphrase"))).has_value());
}

TEST_F(VaultTest, AnIdleVaultLocksItself) {
  ASSERT_TRUE(
      run(loop_, vault_->set_passphrase(owner(), std::nullopt, Secret("a long passphrase"))).has_value());
  ASSERT_TRUE(set(owner(), "a", "one").has_value());
  loop_.run_for(std::chrono::minutes(14));
  EXPECT_EQ(vault_->lock_idle(std::chrono::minutes(15)), 0u);
  EXPECT_EQ(get(owner(), "a"), "one");
  loop_.run_for(std::chrono::minutes(14));
  EXPECT_EQ(vault_->lock_idle(std::chrono::minutes(15)), 0u) << "it was used meanwhile";
  loop_.run_for(std::chrono::minutes(16));
  EXPECT_EQ(vault_->lock_idle(std::chrono::minutes(15)), 1u);
  EXPECT_TRUE(vault_->status(owner()).locked);
}

}  // namespace
}  // namespace pryx::vault

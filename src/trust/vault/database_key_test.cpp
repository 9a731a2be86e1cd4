// SPDX-License-Identifier: MIT
#include "trust/vault/database_key.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>

#include "foundation/base/testing/manual_clock.h"
#include "foundation/base/text.h"
#include "foundation/platform/files.h"
#include "foundation/platform/testing/keyring_session.h"
#include "foundation/platform/testing/temporary_directory.h"

namespace pryx::vault {
namespace {

using platform::Environment;
using platform::testing::Keyring;
using platform::testing::TemporaryDirectory;

// A keychain that can be locked, lose keys or forget what it was given.
class FakeKeychain final : public KeyBackend {
 public:
  [[nodiscard]] std::string_view name() const override { return "secret_service"; }
  Result<std::optional<Secret>> load(const std::string& key_id) override {
    if (failure_) return fail(*failure_);
    const auto found = keys_.find(key_id);
    if (found == keys_.end()) return std::nullopt;
    return found->second;
  }
  Result<void> store(const std::string& key_id, const Secret& key) override {
    if (failure_) return fail(*failure_);
    ++stores_;
    if (!forgets_) keys_.insert_or_assign(key_id, key);
    return {};
  }
  [[nodiscard]] std::string how_to_unlock() const override { return "unlock the fake"; }

  std::optional<Error> failure_;
  bool forgets_ = false;
  int stores_ = 0;
  std::map<std::string, Secret> keys_;
};

constexpr crypto::PassphraseCost kCheap{.passes = 1, .memory_bytes = 8u << 20};

class DatabaseKeyTest : public ::testing::Test {
 protected:
  DatabaseKeyTest() { PRYX_CHECK(config::create_places(places_).has_value()); }
  Result<DatabaseKey> obtain(DatabaseState database, KeyBackend* keychain = nullptr) {
    FileBackend file(places_.master_key());
    return obtain_database_key(places_, {keychain, &file}, random_, clock_, database);
  }
  // A start of a machine without a keychain, with what the service manager or a person hands over.
  Result<DatabaseKey> start(DatabaseState database, std::optional<Secret> master_key = {},
                            std::optional<Secret> passphrase = {}) {
    FileBackend file(places_.master_key());
    CredentialBackend credential(std::move(master_key));
    SealedFileBackend sealed(places_.sealed_master_key(), std::move(passphrase), random_, kCheap);
    return obtain_database_key(places_, {nullptr, &file, &credential, &sealed}, random_, clock_, database);
  }
  // Everything on disk that a start could have changed.
  [[nodiscard]] std::string disk() const {
    std::string all;
    for (const std::string& path : {places_.key_record(), places_.master_key()}) {
      all += path + "=" + platform::read_file(path, 10'000).value_or("absent") + "\n";
    }
    return all;
  }
  void expect_refused_untouched(KeyBackend* keychain, std::string_view words) {
    const std::string before = disk();
    for (const DatabaseState state : {DatabaseState::kExists, DatabaseState::kAbsent}) {
      const auto key = obtain(state, keychain);
      ASSERT_FALSE(key.has_value());
      EXPECT_EQ(key.error().code, ErrorCode::kUnauthenticated) << key.error().message;
      EXPECT_EQ(facts(key.error().code).exit_code, 4);
      EXPECT_NE(key.error().message.find(words), std::string::npos) << key.error().message;
      EXPECT_EQ(disk(), before);
    }
  }

  TemporaryDirectory directory_;
  config::Places places_ =
      config::find_places(Environment({{"PRYX_HOME", directory_ / "home"}}), ::geteuid()).value();
  testing::SeededRandom random_{3};
  testing::ManualClock clock_;
  FakeKeychain keychain_;
};

TEST_F(DatabaseKeyTest, FirstStartWithoutAKeychainMakesAPrivateFile) {
  const auto made = obtain(DatabaseState::kAbsent).value();
  EXPECT_EQ(made.backend, "file");
  EXPECT_TRUE(made.is_new);
  EXPECT_EQ(made.key.reveal().size(), 64u);
  EXPECT_TRUE(from_hex(made.key.reveal()).has_value());
  EXPECT_EQ(platform::file_facts(places_.master_key())->mode, 0600u);
  EXPECT_EQ(platform::file_facts(places_.key_record())->mode, 0600u);
  const std::string record = platform::read_file(places_.key_record(), 10'000).value();
  EXPECT_EQ(record.find(made.key.reveal()), std::string::npos)
      << "the record names the key, it never holds it";
  EXPECT_EQ(read_key_record(places_).value()->key_id, made.key_id);

  const std::string before = disk();
  for (const DatabaseState state : {DatabaseState::kExists, DatabaseState::kAbsent}) {
    const auto again = obtain(state, &keychain_).value();
    EXPECT_TRUE(again.key.equals(made.key.reveal()));
    EXPECT_FALSE(again.is_new);
  }
  EXPECT_EQ(keychain_.stores_, 0) << "the backend is never switched";
  EXPECT_EQ(disk(), before);
}

TEST_F(DatabaseKeyTest, FirstStartWithAKeychainLeavesNoKeyOnDisk) {
  const auto made = obtain(DatabaseState::kAbsent, &keychain_).value();
  EXPECT_EQ(made.backend, "secret_service");
  EXPECT_FALSE(platform::exists(places_.master_key()));
  EXPECT_TRUE(keychain_.keys_.at(made.key_id).equals(made.key.reveal()));
  EXPECT_TRUE(obtain(DatabaseState::kExists, &keychain_)->key.equals(made.key.reveal()));
}

TEST_F(DatabaseKeyTest, FirstStartFallsBackToTheFileAndSaysWhy) {
  keychain_.failure_ = Error{ErrorCode::kUnavailable, "the keychain did not answer within 5.0s", -1};
  const auto made = obtain(DatabaseState::kAbsent, &keychain_).value();
  EXPECT_EQ(made.backend, "file");
  EXPECT_NE(made.note.find("did not answer"), std::string::npos);
}

TEST_F(DatabaseKeyTest, AKeychainThatForgetsIsFoundOutBeforeTheKeyIsUsed) {
  keychain_.forgets_ = true;
  EXPECT_EQ(obtain(DatabaseState::kAbsent, &keychain_)->backend, "file");
}

TEST_F(DatabaseKeyTest, ALockedSilentOrEmptiedKeychainRefusesAndTouchesNothing) {
  ASSERT_TRUE(obtain(DatabaseState::kAbsent, &keychain_).has_value());
  for (const ErrorCode code : {ErrorCode::kUnavailable, ErrorCode::kUnauthenticated}) {
    keychain_.failure_ = Error{code, "the reason", -1};
    expect_refused_untouched(&keychain_, "the reason");
    expect_refused_untouched(&keychain_, "unlock the fake");
  }
  keychain_.failure_.reset();
  keychain_.keys_.clear();
  expect_refused_untouched(&keychain_, "unlock the fake");
  EXPECT_EQ(keychain_.stores_, 1);
  expect_refused_untouched(nullptr, "secret_service");
}

TEST_F(DatabaseKeyTest, ALostOrChangedKeyFileRefusesAndTouchesNothing) {
  const auto made = obtain(DatabaseState::kAbsent).value();
  const std::string good = platform::read_file(places_.master_key(), 10'000).value();
  ASSERT_TRUE(platform::remove_file(places_.master_key()).has_value());
  expect_refused_untouched(&keychain_, places_.master_key());
  for (const std::string& text :
       {std::string(), std::string("key_other ") + std::string(64, 'a') + "\n", good.substr(0, 60),
        made.key_id + " " + std::string(64, 'x'), made.key_id}) {
    ASSERT_TRUE(platform::atomic_write_file(places_.master_key(), text, 0600).has_value());
    expect_refused_untouched(&keychain_, places_.master_key());
  }
  ASSERT_TRUE(platform::atomic_write_file(places_.master_key(), good, 0600).has_value());
  EXPECT_TRUE(obtain(DatabaseState::kExists)->key.equals(made.key.reveal()));
}

TEST_F(DatabaseKeyTest, ADatabaseWithoutARecordIsNeverGivenAnotherKey) {
  const auto key = obtain(DatabaseState::kExists, &keychain_);
  ASSERT_FALSE(key.has_value());
  EXPECT_EQ(key.error().code, ErrorCode::kUnauthenticated);
  EXPECT_NE(key.error().message.find(places_.key_record()), std::string::npos);
  EXPECT_EQ(keychain_.stores_, 0);
  EXPECT_FALSE(platform::exists(places_.master_key()));
  EXPECT_FALSE(platform::exists(places_.key_record()));
}

TEST_F(DatabaseKeyTest, ABrokenRecordRefuses) {
  for (const char* text : {"", "{", "[]", R"({"backend":"file"})",
                           R"({"backend":"tpm","key_id":"k","created_at":"2026-01-01T00:00:00Z"})"}) {
    ASSERT_TRUE(platform::atomic_write_file(places_.key_record(), text, 0600).has_value());
    expect_refused_untouched(&keychain_, places_.key_record());
  }
}

TEST_F(DatabaseKeyTest, AStartThatWasCutBetweenKeyAndRecordGoesOnWithThatKey) {
  const auto made = obtain(DatabaseState::kAbsent).value();
  ASSERT_TRUE(platform::remove_file(places_.key_record()).has_value());
  const auto again = obtain(DatabaseState::kAbsent, &keychain_).value();
  EXPECT_TRUE(again.key.equals(made.key.reveal()));
  EXPECT_EQ(again.key_id, made.key_id);
  EXPECT_EQ(read_key_record(places_).value()->key_id, made.key_id);
  EXPECT_EQ(keychain_.stores_, 0);
}

TEST_F(DatabaseKeyTest, AnOpenKeyFileIsMadePrivateAndALinkIsRefused) {
  const auto made = obtain(DatabaseState::kAbsent).value();
  ASSERT_EQ(::chmod(places_.master_key().c_str(), 0644), 0);
  EXPECT_TRUE(obtain(DatabaseState::kExists)->key.equals(made.key.reveal()));
  EXPECT_EQ(platform::file_facts(places_.master_key())->mode, 0600u);
  ASSERT_EQ(::rename(places_.master_key().c_str(), (directory_ / "moved").c_str()), 0);
  ASSERT_EQ(::symlink((directory_ / "moved").c_str(), places_.master_key().c_str()), 0);
  EXPECT_EQ(obtain(DatabaseState::kExists).error().code, ErrorCode::kUnauthenticated);
}

TEST_F(DatabaseKeyTest, KeysOfTwoHomesDiffer) {
  const auto one = obtain(DatabaseState::kAbsent).value();
  ASSERT_TRUE(platform::remove_file(places_.key_record()).has_value());
  ASSERT_TRUE(platform::remove_file(places_.master_key()).has_value());
  const auto two = obtain(DatabaseState::kAbsent).value();
  EXPECT_NE(one.key_id, two.key_id);
  EXPECT_FALSE(one.key.equals(two.key.reveal()));
}

// With a real keychain: this binary again, inside a private session; DISABLED_ keeps the inner parts out of
// plain runs.
config::Places user_places() {
  return config::find_places(Environment::capture(), 4242)
      .value();  // an ordinary user's rules, whoever runs the test
}
Result<DatabaseKey> obtain_for_user(DatabaseState database) {
  testing::SeededRandom random(5);
  const testing::ManualClock clock;
  return obtain_database_key(user_places(), Environment::capture(), {}, random, clock, database);
}
TEST(InsideKeyring, DISABLED_FirstStart) {
  ASSERT_TRUE(config::create_places(user_places()).has_value());
  const auto made = obtain_for_user(DatabaseState::kAbsent);
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_EQ(made->backend, "secret_service") << made->note;
  EXPECT_FALSE(platform::exists(user_places().master_key()));
}
TEST(InsideKeyring, DISABLED_SecondStart) {
  const auto found = obtain_for_user(DatabaseState::kExists);
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_FALSE(found->is_new);
}
TEST(InsideKeyring, DISABLED_LockedStart) {
  const auto found = obtain_for_user(DatabaseState::kExists);
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::kUnauthenticated);
  EXPECT_NE(found.error().message.find("unlock"), std::string::npos);
  EXPECT_FALSE(platform::exists(user_places().master_key()));
}
TEST(InsideKeyring, DISABLED_FallbackStart) {
  ASSERT_TRUE(config::create_places(user_places()).has_value());
  const auto made = obtain_for_user(DatabaseState::kAbsent);
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_EQ(made->backend, "file");
  EXPECT_FALSE(made->note.empty());
}

TEST_F(DatabaseKeyTest, ACredentialOfTheServiceManagerIsTheKey) {
  const std::string digits(64, 'b');
  const auto first = start(DatabaseState::kAbsent, Secret(digits + "\n"));
  ASSERT_TRUE(first.has_value()) << first.error().message;
  EXPECT_EQ(first->backend, "systemd_credential");
  EXPECT_TRUE(first->key.equals(digits));
  EXPECT_FALSE(platform::exists(places_.master_key()));
  EXPECT_TRUE(start(DatabaseState::kExists, Secret(digits))->key.equals(digits));
  // Another credential, none, or no key at all: refused, and nothing is made in its place.
  const std::string before = disk();
  for (const auto& other : {std::optional(Secret(std::string(64, 'c'))), std::optional<Secret>{},
                            std::optional(Secret("no key"))}) {
    const auto refused = start(DatabaseState::kExists, other);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::kUnauthenticated) << refused.error().message;
  }
  EXPECT_EQ(disk(), before);
}

TEST_F(DatabaseKeyTest, APassphraseAtTheFirstStartMakesASealedFile) {
  const auto first = start(DatabaseState::kAbsent, {}, Secret("a long passphrase"));
  ASSERT_TRUE(first.has_value()) << first.error().message;
  EXPECT_EQ(first->backend, "sealed_file");
  EXPECT_FALSE(platform::exists(places_.master_key()));
  const std::string file = platform::read_file(places_.sealed_master_key(), 10'000).value();
  EXPECT_EQ(file.find(first->key.reveal()), std::string::npos);
  EXPECT_TRUE(
      start(DatabaseState::kExists, {}, Secret("a long passphrase"))->key.equals(first->key.reveal()));
  for (const auto& other : {std::optional(Secret("another passphrase")), std::optional<Secret>{}}) {
    const auto refused = start(DatabaseState::kExists, {}, other);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(facts(refused.error().code).exit_code, 4);
    EXPECT_NE(refused.error().message.find("pryx daemon start"), std::string::npos)
        << refused.error().message;
  }
}

TEST_F(DatabaseKeyTest, TheKeyFileCanBeSealedAndUnsealed) {
  const std::string key = start(DatabaseState::kAbsent)->key.reveal();
  ASSERT_TRUE(seal_key_file(places_, Secret("a long passphrase"), random_, clock_, kCheap).has_value());
  EXPECT_FALSE(platform::exists(places_.master_key()));
  EXPECT_FALSE(start(DatabaseState::kExists).has_value());
  EXPECT_TRUE(start(DatabaseState::kExists, {}, Secret("a long passphrase"))->key.equals(key));
  EXPECT_EQ(seal_key_file(places_, Secret("a long passphrase"), random_, clock_, kCheap).error().code,
            ErrorCode::kConflict);
  EXPECT_FALSE(unseal_key_file(places_, Secret("another passphrase"), random_, clock_).has_value());
  ASSERT_TRUE(unseal_key_file(places_, Secret("a long passphrase"), random_, clock_).has_value());
  EXPECT_TRUE(start(DatabaseState::kExists)->key.equals(key));
  EXPECT_FALSE(platform::exists(places_.sealed_master_key()));
}

TEST_F(DatabaseKeyTest, ASealingThatWasCutIsTakenUpAgain) {
  const auto first = start(DatabaseState::kAbsent);
  const std::string line = platform::read_file(places_.master_key(), 10'000).value();
  // Cut after the sealed file, before the record: the plain file still counts, and sealing starts over.
  ASSERT_TRUE(
      platform::atomic_write_file(places_.sealed_master_key(), first->key_id + " half", 0600).has_value());
  EXPECT_TRUE(start(DatabaseState::kExists)->key.equals(first->key.reveal()));
  ASSERT_TRUE(seal_key_file(places_, Secret("a long passphrase"), random_, clock_, kCheap).has_value());
  // Cut after the record, before the plain file went: the sealed one counts.
  ASSERT_TRUE(platform::atomic_write_file(places_.master_key(), line, 0600).has_value());
  EXPECT_TRUE(
      start(DatabaseState::kExists, {}, Secret("a long passphrase"))->key.equals(first->key.reveal()));
  EXPECT_FALSE(start(DatabaseState::kExists).has_value());
}

class RealKeychain : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!platform::testing::keyring_programs_present())
      GTEST_SKIP() << "gnome-keyring-daemon, dbus-run-session or gdbus is not installed";
  }
  std::string run_inner(Keyring keyring, const std::string& name) {
    const auto done = platform::testing::run_in_keyring_session(
        home_.path(), keyring, std::filesystem::read_symlink("/proc/self/exe").string(),
        {"--gtest_also_run_disabled_tests", "--gtest_filter=InsideKeyring.DISABLED_" + name});
    if (!done) return done.error().message;
    const bool ran = done->output.find("[  PASSED  ] 1 test.") != std::string::npos;
    return done->status.is_success() && ran ? "passed" : done->output + done->error_output;
  }
  TemporaryDirectory home_;
};

TEST_F(RealKeychain, KeepsTheKeyAcrossStartsAndRefusesWhenLockedOrGone) {
  EXPECT_EQ(run_inner(Keyring::kUnlocked, "FirstStart"), "passed");
  EXPECT_EQ(run_inner(Keyring::kUnlocked, "SecondStart"), "passed");
  EXPECT_EQ(run_inner(Keyring::kLocked, "LockedStart"), "passed");
  EXPECT_EQ(run_inner(Keyring::kAbsent, "LockedStart"), "passed");
  EXPECT_EQ(run_inner(Keyring::kUnlocked, "SecondStart"), "passed")
      << "it opens again once the keychain does";
}

TEST_F(RealKeychain, WithoutOneTheFirstStartUsesTheFile) {
  EXPECT_EQ(run_inner(Keyring::kAbsent, "FallbackStart"), "passed");
}

}  // namespace
}  // namespace pryx::vault

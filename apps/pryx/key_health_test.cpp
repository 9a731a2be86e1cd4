// SPDX-License-Identifier: MIT
#include "key_health.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "foundation/platform/files.h"
#include "foundation/platform/testing/temporary_directory.h"

namespace pryx::app {
namespace {

class KeyHealth : public ::testing::Test {
 protected:
  KeyHealth() {
    EXPECT_TRUE(config::create_places(places_));
    keep(places_.key_record(),
         R"({"backend":"file","key_id":"key_1","created_at":"2026-11-22T04:00:00.000Z"})");
    keep(places_.master_key(), "key_1 " + std::string(64, 'a') + "\n");
  }
  static void keep(const std::string& path, const std::string& text) {
    EXPECT_TRUE(platform::atomic_write_file(path, text, 0600));
  }
  std::string state(std::string_view backend = "file") const { return look_up_key(places_, backend).state; }

  platform::testing::TemporaryDirectory directory_;
  config::Places places_ =
      config::find_places(platform::Environment({{"PRYX_HOME", directory_ / "home"}}), ::geteuid()).value();
};

TEST_F(KeyHealth, AKeyInItsPlaceIsOk) {
  EXPECT_EQ(state(), "ok");
  EXPECT_TRUE(look_up_key(places_, "file").required);
}

TEST_F(KeyHealth, AKeyFileThatIsGoneOrAnotherIsDegraded) {
  ::unlink(places_.master_key().c_str());
  EXPECT_EQ(state(), "degraded");
  for (const std::string& text : {std::string(), "key_2 " + std::string(64, 'a'), std::string("key_1")}) {
    keep(places_.master_key(), text);
    EXPECT_EQ(state(), "degraded") << text;
  }
}

TEST_F(KeyHealth, ALinkInPlaceOfTheKeyFileIsDegraded) {
  const std::string elsewhere = places_.master_key() + ".old";
  ASSERT_EQ(::rename(places_.master_key().c_str(), elsewhere.c_str()), 0);
  ASSERT_EQ(::symlink(elsewhere.c_str(), places_.master_key().c_str()), 0);
  EXPECT_EQ(state(), "degraded");
}

TEST_F(KeyHealth, AnOpenKeyFileIsDegradedAndIsLeftAsItIs) {
  ASSERT_EQ(::chmod(places_.master_key().c_str(), 0644), 0);
  EXPECT_EQ(state(), "degraded");
  EXPECT_EQ(platform::file_facts(places_.master_key()).value().mode, 0644u);
}

TEST_F(KeyHealth, WithoutItsRecordOrWithAnotherBackendItIsDegraded) {
  EXPECT_EQ(state("secret_service"), "degraded");
  ::unlink(places_.key_record().c_str());
  EXPECT_EQ(state(), "degraded");
}

TEST_F(KeyHealth, ASealedKeyIsLookedAtWithoutItsPassphrase) {
  keep(places_.key_record(),
       R"({"backend":"sealed_file","key_id":"key_1","created_at":"2026-11-22T04:00:00.000Z"})");
  EXPECT_EQ(state("sealed_file"), "degraded");
  keep(places_.sealed_master_key(), "key_1 sealed\n");
  EXPECT_EQ(state("sealed_file"), "ok");
}

TEST_F(KeyHealth, AKeychainIsNotAskedAgain) {
  keep(places_.key_record(),
       R"({"backend":"secret_service","key_id":"key_1","created_at":"2026-11-22T04:00:00.000Z"})");
  const server::Component key = look_up_key(places_, "secret_service");
  EXPECT_EQ(key.state, "ok");
  EXPECT_EQ(key.detail, "held by secret_service, as of the start");
}

}  // namespace
}  // namespace pryx::app

// SPDX-License-Identifier: MIT
#include "foundation/crypto/passphrase.h"

#include <gtest/gtest.h>

#include "foundation/base/text.h"
#include "foundation/crypto/system_random.h"

namespace pryx::crypto {
namespace {

constexpr PassphraseCost kCheap{.passes = 1, .memory_bytes = 8u << 20};

TEST(Passphrase, OpensWithItAndWithNothingElse) {
  SystemRandom random;
  const Secret right("correct horse battery");
  const Secret plain("the database key");
  const auto sealed = seal_with_passphrase(right, plain, "here", random, kCheap);
  ASSERT_TRUE(sealed.has_value());
  EXPECT_EQ(sealed->find(plain.reveal()), std::string::npos);
  const auto opened = open_with_passphrase(right, *sealed + "\n", "here");
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_TRUE(opened->equals(plain.reveal()));
  EXPECT_EQ(open_with_passphrase(Secret("correct horse batterz"), *sealed, "here").error().code,
            ErrorCode::kUnauthenticated);
  EXPECT_EQ(open_with_passphrase(right, *sealed, "elsewhere").error().code, ErrorCode::kUnauthenticated);
}

TEST(Passphrase, TwoSealsOfOneSecretDiffer) {
  SystemRandom random;
  const auto first = seal_with_passphrase(Secret("a passphrase"), Secret("x"), "", random, kCheap);
  const auto second = seal_with_passphrase(Secret("a passphrase"), Secret("x"), "", random, kCheap);
  EXPECT_NE(first.value(), second.value());
}

TEST(Passphrase, EveryChangedFieldIsRefused) {
  SystemRandom random;
  const Secret right("correct horse battery");
  const std::string sealed = seal_with_passphrase(right, Secret("key"), "here", random, kCheap).value();
  const auto refused = [&](const std::string& text) { return !open_with_passphrase(right, text, "here"); };
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused(sealed.substr(0, sealed.size() - 5)));
  EXPECT_TRUE(refused("x" + sealed));
  EXPECT_TRUE(refused(sealed + "$"));
  // A cost beyond what a reader spends is refused before it is spent, a cheaper one before it helps anybody.
  std::string costly = sealed;
  costly.replace(costly.find("$8192$"), 6, "$99999999999$");
  EXPECT_EQ(open_with_passphrase(right, costly, "here").error().code, ErrorCode::kCheckFailed);
  std::string cheap = sealed;
  cheap.replace(cheap.find("$8192$"), 6, "$16384$");
  EXPECT_EQ(open_with_passphrase(right, cheap, "here").error().code, ErrorCode::kUnauthenticated);
  for (std::size_t i = sealed.rfind('$') + 1; i + 2 < sealed.size(); i += 7) {
    std::string flipped = sealed;
    flipped[i] = flipped[i] == 'A' ? 'B' : 'A';
    EXPECT_TRUE(refused(flipped)) << i;
  }
}

TEST(Passphrase, ShortOnesCannotBeSet) {
  EXPECT_FALSE(check_new_passphrase(Secret("elevenbytes")).has_value());
  EXPECT_TRUE(check_new_passphrase(Secret("twelve bytes")).has_value());
  EXPECT_FALSE(check_new_passphrase(Secret(std::string(kMaxPassphrase + 1, 'a'))).has_value());
}

}  // namespace
}  // namespace pryx::crypto

// SPDX-License-Identifier: MIT
#include "foundation/crypto/archive.h"

#include <gtest/gtest.h>

#include "foundation/base/testing/manual_clock.h"

namespace pryx::crypto {
namespace {

constexpr PassphraseCost kCheap{.passes = 1, .memory_bytes = 8u << 20};
const Secret kRight("correct horse battery");

std::string sealed(std::string_view plain) {
  pryx::testing::SeededRandom random{7};
  auto out = seal_archive(kRight, plain, random, kCheap);
  EXPECT_TRUE(out);
  return *out;
}

TEST(Archive, OpensToTheByteAtEverySize) {
  for (const std::size_t size : {0u, 1u, 65'535u, 65'536u, 65'537u, 131'072u, 300'001u}) {
    std::string plain(size, 'x');
    for (std::size_t i = 0; i < size; ++i) plain[i] = static_cast<char>(i * 31);
    const std::string archive = sealed(plain);
    EXPECT_TRUE(is_archive(archive));
    const auto opened = open_archive(kRight, archive);
    ASSERT_TRUE(opened) << size << ": " << opened.error().message;
    EXPECT_EQ(*opened, plain);
    if (size > 100) EXPECT_EQ(archive.find(plain.substr(0, 16)), std::string::npos);
  }
}

TEST(Archive, AnotherPassphraseOpensNothing) {
  EXPECT_EQ(open_archive(Secret("wrong"), sealed("text")).error().code, ErrorCode::kUnauthenticated);
}

TEST(Archive, EveryChangeAndEveryCutIsSeen) {
  const std::string archive = sealed(std::string(70'000, 'y'));
  // Each byte of the line and the header, and some of the rest: opening costs memory each time.
  for (std::size_t i = 0; i < archive.size(); i += i < 100 ? 7 : 9'001) {
    std::string changed = archive;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(open_archive(kRight, changed)) << i;
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, std::size_t{80}, archive.size() - 1,
                                 archive.size() - 4'481, archive.size() / 2})
    EXPECT_FALSE(open_archive(kRight, archive.substr(0, size))) << size;
  // A whole last piece taken away: what is left is authentic and not all.
  const std::size_t last = 70'000 - 65'536 + 17;
  EXPECT_EQ(open_archive(kRight, archive.substr(0, archive.size() - last)).error().code,
            ErrorCode::kCheckFailed);
  EXPECT_FALSE(open_archive(kRight, archive + "x"));
}

TEST(Archive, APlantedCostIsRefused) {
  for (const char* line : {"pryx-archive-1$argon2id$99999999$3$AAAAAAAAAAAAAAAAAAAAAA==\n",
                           "pryx-archive-1$argon2id$65536$99$AAAAAAAAAAAAAAAAAAAAAA==\n",
                           "pryx-archive-1$argon2id$1$1$AAAAAAAAAAAAAAAAAAAAAA==\n",
                           "pryx-archive-1$argon2id$65536$3$AA==\n", "pryx-archive-1\n", ""})
    EXPECT_EQ(open_archive(kRight, std::string(line) + std::string(100, 'z')).error().code,
              ErrorCode::kCheckFailed)
        << line;
}

}  // namespace
}  // namespace pryx::crypto

// SPDX-License-Identifier: MIT
#include "foundation/net/gzip.h"

#include <gtest/gtest.h>

#include "foundation/base/text.h"

namespace pryx::net {
namespace {

// "The harbour lies still. " three times, and 200,000 zero bytes.
constexpr std::string_view kText =
    "1f8b08000000000002030bc94855c8482c4aca2f2d52c8c94c2d56282ec9ccc9d153082151"
    "1c00002029a548000000";
const std::string kZeros =
    "1f8b0800000000000203edc13101000000c2a0f54f6d067fa0" + std::string(386, '0') + "80d7007b58e05c400d0300";

TEST(Gzip, GivesBackWhatWasCompressed) {
  const auto text = gunzip(*from_hex(kText), 1000);
  ASSERT_TRUE(text.has_value()) << text.error().message;
  EXPECT_EQ(*text, "The harbour lies still. The harbour lies still. The harbour lies still. ");
  const auto zeros = gunzip(*from_hex(kZeros), 200'000);
  ASSERT_TRUE(zeros.has_value()) << zeros.error().message;
  EXPECT_EQ(*zeros, std::string(200'000, '\0'));
}

TEST(Gzip, StopsAtTheLimit) {
  EXPECT_EQ(gunzip(*from_hex(kText), 71).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(gunzip(*from_hex(kZeros), 199'999).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(gunzip(*from_hex(kZeros), 0).error().code, ErrorCode::kTooLarge);
}

TEST(Gzip, RefusesWhatIsDamaged) {
  const std::string whole = *from_hex(kText);
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(gunzip(whole.substr(0, size), 1000).has_value()) << size;
  int accepted = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string broken = whole;
    broken[at] = static_cast<char>(broken[at] ^ 0x01);
    accepted += gunzip(broken, 1000).has_value() ? 1 : 0;
  }
  EXPECT_EQ(accepted, 6) << "only time stamp, level and system are not covered by anything";
}

}  // namespace
}  // namespace pryx::net

// SPDX-License-Identifier: MIT
// Times and durations as people and programs write them, and ids that sort by creation.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <set>

#include "foundation/base/clock.h"
#include "foundation/base/ids.h"
#include "foundation/base/testing/manual_clock.h"
#include "foundation/base/text.h"

namespace pryx {
namespace {

using namespace std::chrono_literals;

struct TimeSample {
  std::string_view text;
  std::int64_t unix_ms;
};

TEST(Rfc3339, ReadsWhatTheRfcAllows) {
  // The first four are the examples of RFC 3339 section 5.8.
  constexpr TimeSample kSamples[] = {
      {"1985-04-12T23:20:50.52Z", 482196050520},
      {"1996-12-19T16:39:57-08:00", 851042397000},
      {"1990-12-31T23:59:60Z", 662688000000},  // a leap second is the first one of the next minute
      {"1937-01-01T12:00:27.87+00:20", -1041337172130},
      {"1970-01-01T00:00:00Z", 0},
      {"1970-01-01t00:00:00z", 0},
      {"1969-12-31T23:59:59.999Z", -1},
      {"2000-02-29T00:00:00Z", 951782400000},
      {"2024-02-29T12:34:56.789Z", 1709210096789},
      {"2024-02-29T12:34:56.7899999999999999999999Z", 1709210096789},
      {"2024-02-29T12:34:56.7Z", 1709210096700},
      {"2024-02-29T23:34:56+11:00", 1709210096000},
      {"2024-02-28T23:34:56-13:00", 1709210096000},
      {"2024-02-29T12:34:56-00:00", 1709210096000},
      {"2038-01-19T03:14:08Z", 2147483648000},
      {"0000-01-01T00:00:00Z", -62167219200000},
      {"9999-12-31T23:59:59.999Z", 253402300799999},
  };
  for (const auto& [text, unix_ms] : kSamples) {
    const auto time = parse_rfc3339(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(time->unix_ms, unix_ms) << text;
  }
}

TEST(Rfc3339, RefusesEverythingElse) {
  for (const std::string_view text : {"",
                                      "2024",
                                      "2024-02-29",
                                      "2024-02-29T12:34",
                                      "2024-02-29T12:34:56",
                                      "2024-02-29 12:34:56Z",
                                      "2023-02-29T00:00:00Z",
                                      "2024-00-01T00:00:00Z",
                                      "2024-13-01T00:00:00Z",
                                      "2024-01-00T00:00:00Z",
                                      "2024-01-32T00:00:00Z",
                                      "2024-01-01T24:00:00Z",
                                      "2024-01-01T00:60:00Z",
                                      "2024-01-01T00:00:61Z",
                                      "2024-01-01T00:00:00.Z",
                                      "2024-01-01T00:00:00,5Z",
                                      "2024-01-01T00:00:00Zz",
                                      "2024-01-01T00:00:00+1:00",
                                      "2024-01-01T00:00:00+24:00",
                                      "2024-01-01T00:00:00+10:60",
                                      "2024-01-01T00:00:00+1000",
                                      "2024-1-1T00:00:00Z",
                                      "+2024-01-01T00:00:00Z",
                                      "-024-01-01T00:00:00Z",
                                      "10000-01-01T00:00:00Z",
                                      " 2024-01-01T00:00:00Z",
                                      "2024-01-01T00:00:00Z ",
                                      "2024-01-01T00:00:0\xD9\xA0Z",
                                      "now"}) {
    const auto time = parse_rfc3339(text);
    EXPECT_FALSE(time) << text;
    if (!time) {
      EXPECT_EQ(time.error().code, ErrorCode::kInvalidArgument);
    }
  }
}

TEST(Rfc3339, WritesWhatItReads) {
  constexpr std::int64_t kFirst = -62167219200000, kLast = 253402300799999;
  testing::SeededRandom random(9);
  for (int i = 0; i < 20'000; ++i) {
    const WallTime time{kFirst + static_cast<std::int64_t>(random.below(kLast - kFirst + 1))};
    const auto back = parse_rfc3339(to_rfc3339(time));
    ASSERT_TRUE(back) << to_rfc3339(time);
    ASSERT_EQ(*back, time) << to_rfc3339(time);
  }
}

TEST(Duration, ReadsNumbersWithUnits) {
  const std::pair<std::string_view, Duration> samples[] = {
      {"0", 0ns},       {"0s", 0ns},      {"30", 30s},     {"250ms", 250ms},    {"0.5ms", 500us},
      {"30s", 30s},     {"1.5s", 1500ms}, {"5m", 5min},    {"5min", 5min},      {"2h", 2h},
      {"0.25h", 15min}, {"7d", 168h},     {"0007d", 168h}, {"36500d", 876000h},
  };
  for (const auto& [text, expected] : samples) {
    const auto duration = parse_duration(text);
    ASSERT_TRUE(duration) << text;
    EXPECT_EQ(*duration, expected) << text;
  }
}

TEST(Duration, RefusesEverythingElse) {
  for (const std::string_view text :
       {"",      "s",      "ms",      "soon",    "-1s",         "+1s",
        "-0",    " 1s",    "1 s",     "1s ",     "1.s",         ".5s",
        "1..5s", "1.5.5s", "1e3s",    "0x10s",   "inf",         "infs",
        "nan",   "nans",   "nan(1)s", "1S",      "1H",          "1w",
        "1y",    "1us",    "1m30s",   "106752d", "9223372037s", "99999999999999999999",
        "1,5s"}) {
    const auto duration = parse_duration(text);
    EXPECT_FALSE(duration) << text;
    if (!duration) {
      EXPECT_EQ(duration.error().code, ErrorCode::kInvalidArgument);
    }
  }
  const std::string huge(400, '9');
  EXPECT_FALSE(parse_duration(huge + "d"));
}

TEST(Ids, SortByCreationWhateverTheClockDoes) {
  class JumpyClock final : public Clock {
   public:
    [[nodiscard]] MonotonicTime monotonic() const override { return {}; }
    [[nodiscard]] WallTime wall() const override { return wall_; }
    WallTime wall_{1'790'000'000'000};
  };
  JumpyClock clock;
  testing::SeededRandom random(11), jumps(12);
  IdSource ids(clock, random);
  std::string last;
  for (int i = 0; i < 50'000; ++i) {
    if (jumps.below(10) == 0)
      clock.wall_.unix_ms += static_cast<std::int64_t>(jumps.below(2000)) - 1000;  // also backwards
    const std::string id = ids.make_text("ses_");
    ASSERT_LT(last, id);
    ASSERT_TRUE(is_ulid_with_prefix(id, "ses_")) << id;
    last = id;
  }
}

TEST(Ids, CountingUpCarriesIntoTheHighBits) {
  class AllOnes final : public Random {
   public:
    void fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), std::uint8_t{0xFF}); }
  };
  testing::ManualClock clock;
  AllOnes random;
  IdSource ids(clock, random);
  const std::string first = ids.make_text(""), second = ids.make_text(""), third = ids.make_text("");
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_EQ(first.substr(0, 10), second.substr(0, 10));
  EXPECT_EQ(second.substr(10), "G000000000000000");  // 0x8000, then 64 zero bits
}

TEST(Ids, CarryTheirTime) {
  testing::ManualClock clock;
  testing::SeededRandom random(13);
  IdSource ids(clock, random);
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  for (int i = 0; i < 100; ++i) {
    clock.advance(std::chrono::milliseconds(random.below(1'000'000) + 1));
    std::int64_t ms = 0;
    for (const char c : ids.make_text("").substr(0, 10))
      ms = ms * 32 + static_cast<std::int64_t>(kAlphabet.find(c));
    ASSERT_EQ(ms, clock.wall().unix_ms);
  }
}

TEST(Ids, RefuseWhatIsNone) {
  EXPECT_TRUE(SessionId::parse("ses_7ZZZZZZZZZZZZZZZZZZZZZZZZZ"));
  for (const std::string_view text :
       {"", "ses_", "ses_01ARZ3NDEKTSV4RRFFQ69G5FA", "ses_01ARZ3NDEKTSV4RRFFQ69G5FAVX",
        "ses_8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "ses_01ARZ3NDEKTSV4RRFFQ69G5FAI", "ses_01ARZ3NDEKTSV4RRFFQ69G5FAL",
        "ses_01ARZ3NDEKTSV4RRFFQ69G5FAO", "ses_01ARZ3NDEKTSV4RRFFQ69G5FAU", "ses_01arz3ndektsv4rrffq69g5fav",
        "trn_01ARZ3NDEKTSV4RRFFQ69G5FAV", "SES_01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "ses_01ARZ3NDEKTSV4RRFFQ69G5F\xC3\xA9"}) {
    EXPECT_FALSE(SessionId::parse(text)) << text;
  }
}

TEST(Random, BelowFavoursNobody) {
  testing::SeededRandom random(14);
  std::array<int, 7> seen{};
  for (int i = 0; i < 70'000; ++i) ++seen[random.below(seen.size())];
  for (const int count : seen) EXPECT_NEAR(count, 10'000, 500);
}

}  // namespace
}  // namespace pryx

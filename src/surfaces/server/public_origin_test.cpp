// SPDX-License-Identifier: MIT
#include "surfaces/server/public_origin.h"

#include <gtest/gtest.h>

namespace pryx::server {
namespace {

TEST(PublicOrigin, IsTakenAsABrowserWritesIt) {
  for (const char* text : {"https://pryx.example.net", "https://pryx.example.net:8443", "https://192.0.2.7",
                           "https://[2001:db8::7]:8443"}) {
    const auto origin = parse_public_origin(text);
    ASSERT_TRUE(origin.has_value()) << text << ": " << origin.error().message;
    ASSERT_TRUE(origin->has_value()) << text;
    EXPECT_EQ((*origin)->text(), text);
    EXPECT_EQ((*origin)->host, std::string_view(text).substr(8));
  }
  const auto off = parse_public_origin("off");
  ASSERT_TRUE(off.has_value());
  EXPECT_FALSE(off->has_value());
}

// What no browser would send as its Origin could never match, and what is near it must not be taken for it.
TEST(PublicOrigin, NothingElseIsTaken) {
  for (const char* text : {"",
                           "none",
                           "*",
                           "pryx.example.net",
                           "https://",
                           "https://*.example.net",
                           "wss://pryx.example.net",
                           "https:pryx.example.net",
                           "https://pryx.example.net/",
                           "https://pryx.example.net/pryx",
                           "https://pryx.example.net?a",
                           "https://pryx.example.net#a",
                           "https://pryx.example.net:443",
                           "https://pryx.example.net:0443",
                           "https://pryx.example.net:",
                           "https://pryx.example.net:0",
                           "https://pryx.example.net:65536",
                           "https://Pryx.example.net",
                           "HTTPS://pryx.example.net",
                           "https://pryx.example.net.",
                           "https://user@pryx.example.net",
                           "https://pryx.example.net ",
                           "https://pryx.example.net,https://other.example.net",
                           "https://pryx.example.net\r\nX: y"})
    EXPECT_FALSE(parse_public_origin(text).has_value()) << text;
  const auto clear = parse_public_origin("http://pryx.example.net");
  ASSERT_FALSE(clear.has_value());
  EXPECT_NE(clear.error().message.find("https://"), std::string::npos) << clear.error().message;
}

TEST(PublicOrigin, NamesOfThisMachineNeedNone) {
  for (const char* text : {"https://localhost", "https://localhost:7799", "https://a.localhost",
                           "https://127.0.0.1:7799", "https://127.9.9.9", "https://[::1]:7799"})
    EXPECT_FALSE(parse_public_origin(text).has_value()) << text;
}

// It may be a secret that was written to the wrong place.
TEST(PublicOrigin, ARefusalDoesNotRepeatIt) {
  for (const char* text :
       {"sk-secret", "http://sk-secret", "https://sk-secret/x", "https://sk-secret@host"}) {
    const auto refused = parse_public_origin(text);
    ASSERT_FALSE(refused.has_value()) << text;
    EXPECT_EQ(refused.error().message.find("sk-secret"), std::string::npos) << refused.error().message;
  }
}

}  // namespace
}  // namespace pryx::server

// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "trust/principals/caller.h"

namespace pryx {
namespace {

TEST(Principal, OwnerHasTheFixedId) {
  EXPECT_EQ(owner().id.str(), "prn_owner");
  EXPECT_EQ(owner(), owner());
}

TEST(Scopes, InclusionMatrix) {
  struct Row {
    Scope given;
    bool read, chat, approve, admin, tools;
  };
  const Row rows[] = {
      {Scope::kRead, true, false, false, false, false},    {Scope::kChat, true, true, false, false, false},
      {Scope::kApprove, false, false, true, false, false}, {Scope::kAdmin, true, true, true, true, true},
      {Scope::kTools, false, false, false, false, true},
  };
  for (const Row& row : rows) {
    const Scopes scopes{row.given};
    EXPECT_EQ(scopes.has(Scope::kRead), row.read) << scope_name(row.given);
    EXPECT_EQ(scopes.has(Scope::kChat), row.chat) << scope_name(row.given);
    EXPECT_EQ(scopes.has(Scope::kApprove), row.approve) << scope_name(row.given);
    EXPECT_EQ(scopes.has(Scope::kAdmin), row.admin) << scope_name(row.given);
    EXPECT_EQ(scopes.has(Scope::kTools), row.tools) << scope_name(row.given);
  }
}

TEST(Scopes, AllOfTheOthersTogetherAreNotAdmin) {
  const Scopes scopes{Scope::kRead, Scope::kChat, Scope::kApprove};
  EXPECT_FALSE(scopes.has(Scope::kAdmin));
  EXPECT_FALSE(scopes.includes(Scopes::all()));
  EXPECT_TRUE(Scopes::all().includes(scopes));
}

TEST(Scopes, TextRoundTripsForEverySet) {
  const Scope every[] = {Scope::kRead, Scope::kChat, Scope::kApprove, Scope::kAdmin};
  for (unsigned bits = 1; bits < 16; ++bits) {
    Scopes scopes;
    for (unsigned i = 0; i < 4; ++i) {
      if (bits & (1u << i)) scopes.add(every[i]);
    }
    const auto again = Scopes::parse(scopes.to_text());
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(*again, scopes);
  }
}

TEST(Scopes, UnknownOrEmptyNamesAreErrors) {
  for (const char* text : {"", ",", "read,", "Read", "read,root", "all", "*"}) {
    const auto scopes = Scopes::parse(text);
    ASSERT_FALSE(scopes.has_value()) << text;
    EXPECT_EQ(scopes.error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_TRUE(Scopes::parse(" read , chat ").has_value());
}

TEST(Caller, DefaultCallerMayNothing) {
  const Caller caller;
  EXPECT_TRUE(caller.scopes.empty());
  const auto allowed = caller.require(Scope::kRead);
  ASSERT_FALSE(allowed.has_value());
  EXPECT_EQ(allowed.error().code, ErrorCode::kForbidden);
}

TEST(Caller, RequireNamesTheMissingScope) {
  const Caller caller{owner(), {Scope::kChat}, "cli", Transport::kUnixSocket};
  EXPECT_TRUE(caller.require(Scope::kRead).has_value());
  const auto allowed = caller.require(Scope::kApprove);
  ASSERT_FALSE(allowed.has_value());
  EXPECT_NE(allowed.error().message.find("approve"), std::string::npos);
}

}  // namespace
}  // namespace pryx

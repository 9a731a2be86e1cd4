// SPDX-License-Identifier: MIT
#include "admin.h"

#include <gtest/gtest.h>

namespace pryx::app {
namespace {

constexpr std::string_view kOwn = "provider/fake";
constexpr std::string_view kReference = "keychain:ANTHROPIC_API_KEY";

server::ProviderChange change_of_fake() {
  server::ProviderChange change;
  change.config.name = "fake";
  return change;
}

TEST(ProviderKey, StaysWhereItIsWhenNothingIsSaidOfIt) {
  for (const std::string_view present : {kOwn, kReference, std::string_view()})
    EXPECT_EQ(key_name_after(change_of_fake(), present), present);
}

TEST(ProviderKey, IsWhereTheChangeSays) {
  server::ProviderChange with_key = change_of_fake();
  with_key.key.emplace("sk-new");
  server::ProviderChange with_reference = change_of_fake();
  with_reference.key_reference = vault::SecretRef::to_vault("work");
  server::ProviderChange without = change_of_fake();
  without.remove_key = true;
  for (const std::string_view present : {kOwn, kReference, std::string_view()}) {
    EXPECT_EQ(key_name_after(with_key, present), kOwn);
    EXPECT_EQ(key_name_after(with_reference, present), "keychain:work");
    EXPECT_EQ(key_name_after(without, present), "");
  }
}

}  // namespace
}  // namespace pryx::app

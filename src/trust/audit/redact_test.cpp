// SPDX-License-Identifier: MIT
#include "trust/audit/redact.h"

#include <gtest/gtest.h>

namespace pryx::audit {
namespace {

const Secret kSalt(std::string(32, 'k'));

TEST(Redact, SecretsInTextsLeaveAMark) {
  for (const auto& [text, secret] : std::vector<std::pair<std::string, std::string>>{
           {"curl -H 'Authorization: Bearer abcdefghijklmnop123' https://a.example", "abcdefghijklmnop123"},
           {"export API_KEY=s3cr3tvalue9", "s3cr3tvalue9"},
           {"mysql --password=hunter2hunter2 -u me", "hunter2hunter2"},
           {"git clone https://me:p4ssw0rd@host/x.git", "p4ssw0rd"},
           {"use sk-abcdefghijklmnopqrst1234 please", "sk-abcdefghijklmnopqrst1234"},
           {"ghp_abcdefghijklmnopqrstuvwxyz0123456789", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"},
           {"id AKIAABCDEFGHIJKLMNOP end", "AKIAABCDEFGHIJKLMNOP"},
           {"-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----",
            "MIIEowIBAAKCAQEA"},
           {"{\"client_secret\": \"zxcvbnm12345\"}", "zxcvbnm12345"}}) {
    const std::string out = redact_text(kSalt, text);
    EXPECT_EQ(out.find(secret), std::string::npos) << out;
    EXPECT_NE(out.find("hmac:"), std::string::npos) << out;
  }
}

TEST(Redact, OrdinaryTextStays) {
  for (const std::string text : {"ls -la src", "git commit -m 'token ring'", "https://a.example/p?q=1", ""})
    EXPECT_EQ(redact_text(kSalt, text), text);
}

TEST(Redact, MembersWithSecretNamesLoseTheirValue) {
  const json::object in{{"headers", {{"Authorization", "x"}, {"Accept", "y"}}},
                        {"password", "abc"},
                        {"max_tokens", 4096},
                        {"list", {{{"apiKey", "q"}}}}};
  const std::string out = json::canonical(redact(kSalt, in));
  EXPECT_EQ(out.find("\"x\""), std::string::npos) << out;
  EXPECT_EQ(out.find("\"abc\""), std::string::npos) << out;
  EXPECT_EQ(out.find("\"q\""), std::string::npos) << out;
  EXPECT_NE(out.find("\"Accept\":\"y\""), std::string::npos) << out;
  EXPECT_NE(out.find("\"max_tokens\":4096"), std::string::npos) << out;
}

TEST(Redact, EqualSecretsHaveEqualMarksUnderOneSaltOnly) {
  EXPECT_EQ(secret_mark(kSalt, "a"), secret_mark(kSalt, "a"));
  EXPECT_NE(secret_mark(kSalt, "a"), secret_mark(kSalt, "b"));
  EXPECT_NE(secret_mark(kSalt, "a"), secret_mark(Secret(std::string(32, 'j')), "a"));
  EXPECT_EQ(secret_mark(Secret(), "a"), "[secret]");
}

}  // namespace
}  // namespace pryx::audit

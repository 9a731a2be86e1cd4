// SPDX-License-Identifier: MIT
#include "engine/tools/shell/output_scrubber.h"

#include <gtest/gtest.h>

#include "engine/tools/secret_forms.h"
#include "foundation/base/text.h"

namespace pryx::tools::shell {
namespace {

std::string scrubbed(const std::vector<Secret>& secrets, std::string_view text, std::size_t piece) {
  OutputScrubber scrubber(secrets);
  std::string out;
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
    out += scrubber.add(text.substr(0, piece));
  return out + scrubber.finish();
}

TEST(OutputScrubber, TakesOutEachFormHoweverThePiecesAreCut) {
  const std::string value = "p4ss\"wort/mit+zeichen\n";
  const std::vector<Secret> secrets = {Secret(value)};
  const std::string hex = to_hex(value);
  for (const std::string& form :
       {value, value.substr(0, value.size() - 1), std::string("p4ss\\\"wort/mit+zeichen\\n"),
        std::string("p4ss%22wort%2Fmit%2Bzeichen%0A"), to_base64(value), to_base64url(value), hex}) {
    for (const std::size_t piece : {1u, 2u, 3u, 5u, 1000u}) {
      const std::string out = scrubbed(secrets, "before " + form + " after", piece);
      EXPECT_TRUE(out.starts_with("before [secret removed]")) << out;
      EXPECT_TRUE(out.ends_with(" after")) << out;
      EXPECT_EQ(out.find("zeichen"), std::string::npos) << out;
    }
  }
}

// Values of each length modulo three, with bytes that the two alphabets write differently, in every way that
// base64 is written: nothing of it stays, not even the letter that a missing pad leaves.
TEST(OutputScrubber, TakesOutBase64OfEitherAlphabetWithAndWithoutPadding) {
  for (const std::string value : {"sk-live-0123456789", "sk-live-01234567890", "sk-live-012345678901",
                                  "\xfb\xff\xfe?>~\xfb\xef\xbe\xff", "\xff\xfb>?\xfe\xfd>?\xff",
                                  "p\xc3\xa4ssw\xc3\xb6rt-ganz-lang", "with a line end\n"}) {
    std::string padded = to_base64(value);
    std::string url = padded;
    std::ranges::replace(url, '+', '-');
    std::ranges::replace(url, '/', '_');
    for (std::string form : {padded, url}) {
      for (const bool pads : {true, false}) {
        while (!pads && form.ends_with('=')) form.pop_back();
        EXPECT_EQ(scrubbed({Secret(value)}, "before " + form + " after", 1000),
                  "before [secret removed] after")
            << form;
      }
    }
  }
}

TEST(OutputScrubber, FindsItInsideOfALongerEncodedText) {
  const std::string value = "a-rather-long-access-token";
  for (const char* before : {"", "u", "me", "bot"}) {
    const std::string encoded = to_base64(std::string(before) + ":" + value + ":end");
    const std::string out = scrubbed({Secret(value)}, encoded, 7);
    EXPECT_NE(out.find("[secret removed]"), std::string::npos) << encoded;
    EXPECT_LT(out.size(), encoded.size()) << out;
  }
}

TEST(OutputScrubber, OneThatBeginsLikeAnotherLeavesNoEnd) {
  const std::vector<Secret> secrets = {Secret("abc"), Secret("abcdef"), Secret("def-ghi")};
  for (const std::size_t piece : {1u, 2u, 100u}) {
    EXPECT_EQ(scrubbed(secrets, "abcdef!", piece), "[secret removed]!");
    EXPECT_EQ(scrubbed(secrets, "abcde!", piece), "[secret removed]de!");
    EXPECT_EQ(scrubbed(secrets, "ababcab", piece), "ab[secret removed]ab");
    EXPECT_EQ(scrubbed(secrets, "abcdef-ghi", piece), "[secret removed]-ghi");
  }
}

TEST(OutputScrubber, KeysOfSeveralLinesGoLineByLine) {
  const Secret key("-----BEGIN KEY-----\nMIIBVgIBADANBgkqhkiG9w0B\nAQEFAASCAUAwggE8AgEAAkEA\n");
  EXPECT_EQ(scrubbed({key}, "x MIIBVgIBADANBgkqhkiG9w0B y\n", 4), "x [secret removed] y\n");
}

TEST(OutputScrubber, WhatIsNoSecretPassesAtOnce) {
  OutputScrubber scrubber({Secret("secret-value")});
  EXPECT_EQ(scrubber.add("nothing to see"), "nothing to see");
  EXPECT_EQ(scrubber.add("Password: "), "Password: ");
  EXPECT_EQ(scrubber.add("it is sec"), "it is ");
  EXPECT_EQ(scrubber.add("ond"), "second");
  EXPECT_EQ(scrubber.removed(), 0u);
  OutputScrubber none({});
  EXPECT_EQ(none.add("as it is"), "as it is");
}

}  // namespace
}  // namespace pryx::tools::shell

// SPDX-License-Identifier: MIT
#include "foundation/crypto/crypto.h"

#include <gtest/gtest.h>

#include <set>

#include "foundation/base/testing/manual_clock.h"
#include "foundation/base/text.h"
#include "foundation/crypto/system_random.h"

namespace pryx::crypto {
namespace {

// Gives the given bytes, for published vectors that name their nonce.
class FixedRandom final : public Random {
 public:
  explicit FixedRandom(std::string bytes) : bytes_(std::move(bytes)) {}
  void fill(std::span<std::uint8_t> out) override {
    PRYX_CHECK(out.size() == bytes_.size());
    std::ranges::copy(bytes_, out.begin());
  }

 private:
  std::string bytes_;
};

TEST(Crypto, Sha256MatchesTheStandardVectors) {
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const std::array<std::uint8_t, 3> abc{'a', 'b', 'c'};
  EXPECT_EQ(sha256(std::span(abc)), sha256("abc"));
}

TEST(Crypto, StreamedHashEqualsOneShotForEverySplit) {
  const std::string text(200, 'x');
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Sha256 hash;
    hash.update(std::string_view(text).substr(0, cut));
    hash.update(std::string_view(text).substr(cut));
    ASSERT_EQ(hash.finish(), sha256(text)) << cut;
  }
}

TEST(Crypto, HmacMatchesRfc4231) {
  EXPECT_EQ(to_hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(
      to_hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Crypto, Blake2bIsKeyed) {
  EXPECT_EQ(to_hex(blake2b("abc")), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
  EXPECT_NE(blake2b("abc", std::string(32, 'k')), blake2b("abc"));
  EXPECT_NE(blake2b("abc", std::string(32, 'k')), blake2b("abc", std::string(32, 'l')));
}

TEST(Crypto, HashOfADocumentDependsOnDomainAndContentOnly) {
  const auto one = json::parse(R"({"b":1,"a":[true,null]})").value();
  const auto two = json::parse(R"({ "a" : [ true , null ], "b" : 1.0 })").value();
  EXPECT_EQ(hash_json("call", one), hash_json("call", two));
  EXPECT_NE(hash_json("call", one), hash_json("policy", one));
  EXPECT_NE(hash_json("call", one), hash_json("call", json::parse(R"({"b":2,"a":[true,null]})").value()));
  EXPECT_EQ(hash_json("call", json::parse("{}").value()), sha256_hex(std::string_view("pryx/call\0{}", 12)));
}

TEST(Crypto, TokensAreLongDifferentAndRecognised) {
  SystemRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const Secret token = make_token(random);
    EXPECT_TRUE(looks_like_token(token.reveal()));
    EXPECT_EQ(token.reveal().size(), 48u);
    EXPECT_TRUE(seen.insert(token.reveal()).second);
  }
  EXPECT_FALSE(looks_like_token("pryx_short"));
  EXPECT_FALSE(looks_like_token("pryx_" + std::string(42, 'a') + "="));
  EXPECT_FALSE(looks_like_token("Pryx_" + std::string(43, 'a')));
}

TEST(Crypto, SealMatchesThePublishedXChaChaVector) {
  const Secret key(*from_hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"));
  FixedRandom nonce(*from_hex("404142434445464748494a4b4c4d4e4f5051525354555657"));
  const Secret plain(
      std::string("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
                  "future, sunscreen would "
                  "be it."));
  const std::string bound = *from_hex("50515253c0c1c2c3c4c5c6c7");
  const std::string sealed = seal(key, plain, bound, nonce);
  EXPECT_EQ(to_hex(std::string_view(sealed).substr(24, 16)), "bd6d179d3e83d43b9576579493c0e939");
  EXPECT_EQ(to_hex(std::string_view(sealed).substr(sealed.size() - 16)), "c0875924c1c7987947deafd8780acf49");
  const auto opened = open_sealed(key, sealed, bound);
  ASSERT_TRUE(opened.has_value());
  EXPECT_TRUE(opened->equals(plain.reveal()));
}

TEST(Crypto, SealedBytesOpenOnlyWholeAtTheirPlaceWithTheirKey) {
  testing::SeededRandom random(7);
  const Secret key = make_key(random);
  const std::string sealed = seal(key, Secret("value"), "owner/name", random);
  EXPECT_EQ(sealed.find("value"), std::string::npos);
  EXPECT_NE(sealed, seal(key, Secret("value"), "owner/name", random));
  for (std::size_t byte = 0; byte < sealed.size(); ++byte) {
    std::string changed = sealed;
    changed[byte] = static_cast<char>(changed[byte] ^ 1);
    ASSERT_FALSE(open_sealed(key, changed, "owner/name").has_value()) << byte;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    ASSERT_FALSE(open_sealed(key, std::string_view(sealed).substr(0, size), "owner/name").has_value())
        << size;
  }
  EXPECT_FALSE(open_sealed(key, sealed, "owner/other").has_value());
  EXPECT_FALSE(open_sealed(make_key(random), sealed, "owner/name").has_value());
  EXPECT_TRUE(open_sealed(key, sealed, "owner/name").has_value());
}

TEST(Crypto, SubkeysDifferByIdAndContext) {
  testing::SeededRandom random(8);
  const Secret key = make_key(random);
  EXPECT_TRUE(derive_subkey(key, 1, "secrets_").equals(derive_subkey(key, 1, "secrets_").reveal()));
  EXPECT_FALSE(derive_subkey(key, 1, "secrets_").equals(derive_subkey(key, 2, "secrets_").reveal()));
  EXPECT_FALSE(derive_subkey(key, 1, "secrets_").equals(derive_subkey(key, 1, "audit___").reveal()));
  EXPECT_FALSE(derive_subkey(key, 1, "secrets_").equals(key.reveal()));
}

TEST(SystemRandom, FillsEveryByteOfLargeBuffers) {
  SystemRandom random;
  std::vector<std::uint8_t> bytes(4096);
  random.fill(bytes);
  std::set<std::uint8_t> values(bytes.begin(), bytes.end());
  EXPECT_GT(values.size(), 250u);
  std::vector<std::uint8_t> tail(bytes.end() - 64, bytes.end());
  EXPECT_NE(tail, std::vector<std::uint8_t>(64));
}

}  // namespace
}  // namespace pryx::crypto

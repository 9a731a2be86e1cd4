// SPDX-License-Identifier: MIT
#include "trust/audit/merkle.h"

#include <gtest/gtest.h>

#include <bit>
#include <string>

#include "foundation/base/text.h"

namespace pryx::audit {
namespace {

Digest leaf(std::uint64_t i) { return hash_leaf(std::string("entry ") + std::to_string(i)); }

// The definition of RFC 6962, section 2.1, as it stands there.
Digest reference(std::uint64_t begin, std::uint64_t end) {
  if (begin == end) return empty_root();
  if (end - begin == 1) return leaf(begin);
  const std::uint64_t split = std::bit_floor(end - begin - 1);
  return hash_node(reference(begin, begin + split), reference(begin + split, end));
}

Result<Digest> node(int level, std::uint64_t index) {
  return reference(index << level, (index + 1) << level);
}

std::vector<Digest> changed(std::vector<Digest> proof, std::size_t at) {
  proof[at][7] ^= 0x10;
  return proof;
}

TEST(Merkle, HashesAsTheRfcSays) {
  EXPECT_EQ(to_hex(empty_root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(hash_leaf("")), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  // The tree of Certificate Transparency's own test vectors: eight leaves.
  const std::string leaves[] = {
      "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
  CompactRange tree;
  for (const std::string& hex : leaves) tree.add(hash_leaf(*from_hex(hex)));
  EXPECT_EQ(to_hex(tree.root()), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
}

TEST(Merkle, EveryProofHoldsAndEveryForgeryFails) {
  CompactRange tree;
  for (std::uint64_t size = 1; size <= 40; ++size) {
    tree.add(leaf(size - 1));
    const Digest root = reference(0, size);
    ASSERT_EQ(tree.root(), root);
    ASSERT_EQ(root_of(size, node).value(), root);
    for (std::uint64_t i = 0; i < size; ++i) {
      const auto proof = prove_inclusion(i, size, node).value();
      ASSERT_TRUE(verify_inclusion(i, size, leaf(i), proof, root));
      EXPECT_FALSE(verify_inclusion(i, size, leaf(i + 1), proof, root));
      EXPECT_FALSE(verify_inclusion(size, size, leaf(i), proof, root));
      for (std::size_t at = 0; at < proof.size(); ++at)
        EXPECT_FALSE(verify_inclusion(i, size, leaf(i), changed(proof, at), root));
      auto longer = proof;
      longer.push_back(leaf(0));
      EXPECT_FALSE(verify_inclusion(i, size, leaf(i), longer, root));
      if (!proof.empty()) {
        EXPECT_FALSE(verify_inclusion(i, size, leaf(i), std::span(proof).first(proof.size() - 1), root));
        EXPECT_FALSE(verify_inclusion(i ^ 1, size, leaf(i), proof, root));
      }
    }
    for (std::uint64_t older = 0; older <= size; ++older) {
      const auto proof = prove_consistency(older, size, node).value();
      const Digest before = reference(0, older);
      ASSERT_TRUE(verify_consistency(older, size, before, root, proof)) << older << " of " << size;
      EXPECT_FALSE(verify_consistency(older, size, leaf(99), root, proof));
      EXPECT_FALSE(older != 0 && verify_consistency(older, size, before, leaf(99), proof));
      EXPECT_FALSE(verify_consistency(size + 1, size, before, root, proof));
      for (std::size_t at = 0; at < proof.size(); ++at)
        EXPECT_FALSE(verify_consistency(older, size, before, root, changed(proof, at)));
      auto longer = proof;
      longer.push_back(leaf(0));
      EXPECT_FALSE(verify_consistency(older, size, before, root, longer));
    }
  }
}

TEST(Merkle, SizesThatOverflowAreRefused) {
  const std::vector<Digest> none;
  EXPECT_FALSE(verify_inclusion(0, UINT64_MAX, leaf(0), none, leaf(0)));
  EXPECT_FALSE(verify_consistency(1, UINT64_MAX, leaf(0), leaf(0), none));
  EXPECT_FALSE(prove_inclusion(3, 3, node));
  EXPECT_FALSE(prove_consistency(4, 3, node));
}

}  // namespace
}  // namespace pryx::audit

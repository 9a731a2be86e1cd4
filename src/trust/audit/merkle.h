// SPDX-License-Identifier: MIT
// The Merkle tree of RFC 6962, section 2: hashes, roots, inclusion and consistency proofs. Pure functions
// over a source of node hashes, so that the same code serves the database, tests and the simulation. Leaves
// count from 0 here; rows of the log count from 1.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"
#include "foundation/crypto/crypto.h"

namespace pryx::audit {

using crypto::Digest;

[[nodiscard]] Digest hash_leaf(std::string_view bytes);  // SHA-256(0x00 || bytes)
[[nodiscard]] Digest hash_node(const Digest& left, const Digest& right);
[[nodiscard]] Digest empty_root();  // of a log without entries

// The hash of the complete subtree over leaves [index << level, (index + 1) << level).
using NodeSource = std::function<Result<Digest>(int level, std::uint64_t index)>;

[[nodiscard]] Result<Digest> root_of(std::uint64_t size, const NodeSource& nodes);
// kInvalidArgument when the leaf is not in a tree of this size.
[[nodiscard]] Result<std::vector<Digest>> prove_inclusion(std::uint64_t leaf, std::uint64_t size,
                                                          const NodeSource& nodes);
// kInvalidArgument when older > size.
[[nodiscard]] Result<std::vector<Digest>> prove_consistency(std::uint64_t older, std::uint64_t size,
                                                            const NodeSource& nodes);

[[nodiscard]] bool verify_inclusion(std::uint64_t leaf, std::uint64_t size, const Digest& leaf_hash,
                                    std::span<const Digest> proof, const Digest& root);
[[nodiscard]] bool verify_consistency(std::uint64_t older, std::uint64_t size, const Digest& older_root,
                                      const Digest& root, std::span<const Digest> proof);

// A tree that grows leaf by leaf and keeps only its right edge: 64 hashes at most.
class CompactRange {
 public:
  // Called with each subtree of two leaves or more that a leaf completes, and its level: 1 for two leaves.
  using OnSubtree = std::function<void(int level, const Digest& hash)>;
  void add(const Digest& leaf, const OnSubtree& on_subtree = nullptr);
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] Digest root() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<Digest> edge_;  // complete subtrees, largest first: one for each set bit of size_
};

}  // namespace pryx::audit

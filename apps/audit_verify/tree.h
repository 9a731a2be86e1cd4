// SPDX-License-Identifier: MIT
// RFC 6962 trees: leaf by leaf, and the proofs.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "note.h"

namespace audit_verify {

[[nodiscard]] Hash leaf_hash(std::string_view bytes);

class Tree {
 public:
  void add(const Hash& leaf);
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] Hash root() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> stack_;  // complete subtrees, the largest first
};

[[nodiscard]] bool included(std::uint64_t leaf, std::uint64_t size, const Hash& leaf_hash,
                            const std::vector<Hash>& path, const Hash& root);
[[nodiscard]] bool consistent(std::uint64_t older, std::uint64_t size, const Hash& older_root,
                              const Hash& root, const std::vector<Hash>& path);

}  // namespace audit_verify

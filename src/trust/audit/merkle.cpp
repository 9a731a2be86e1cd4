// SPDX-License-Identifier: MIT
#include "trust/audit/merkle.h"

#include <bit>

namespace pryx::audit {
namespace {

constexpr std::uint64_t kMostLeaves = 1ULL << 62;  // far beyond any log; keeps every shift below defined

// The largest power of two below n, as RFC 6962 splits a tree of n > 1 leaves.
std::uint64_t split_of(std::uint64_t n) { return std::bit_floor(n - 1); }

// MTH(D[begin:begin + count]); begin is a multiple of the smallest power of two that holds count.
Result<Digest> range_hash(std::uint64_t begin, std::uint64_t count, const NodeSource& nodes) {
  if (std::has_single_bit(count)) {
    const int level = std::countr_zero(count);
    return nodes(level, begin >> level);
  }
  const std::uint64_t left = split_of(count);
  PRYX_TRY(const Digest a, range_hash(begin, left, nodes));
  PRYX_TRY(const Digest b, range_hash(begin + left, count - left, nodes));
  return hash_node(a, b);
}

}  // namespace

Digest hash_leaf(std::string_view bytes) {
  crypto::Sha256 hash;
  hash.update(std::string_view("\0", 1));
  hash.update(bytes);
  return hash.finish();
}

Digest hash_node(const Digest& left, const Digest& right) {
  crypto::Sha256 hash;
  hash.update(std::string_view("\1", 1));
  hash.update(std::span<const std::uint8_t>(left));
  hash.update(std::span<const std::uint8_t>(right));
  return hash.finish();
}

Digest empty_root() { return crypto::sha256(std::string_view()); }

Result<Digest> root_of(std::uint64_t size, const NodeSource& nodes) {
  if (size == 0) return empty_root();
  if (size > kMostLeaves) return fail(ErrorCode::kInvalidArgument, "a tree cannot have {} leaves", size);
  return range_hash(0, size, nodes);
}

Result<std::vector<Digest>> prove_inclusion(std::uint64_t leaf, std::uint64_t size, const NodeSource& nodes) {
  if (leaf >= size || size > kMostLeaves)
    return fail(ErrorCode::kInvalidArgument, "there is no entry {} in a log of {}", leaf + 1, size);
  // From the top down; the RFC lists the siblings from the bottom up.
  std::vector<Digest> proof;
  std::uint64_t begin = 0, count = size;
  while (count > 1) {
    const std::uint64_t left = split_of(count);
    const bool goes_left = leaf < begin + left;
    PRYX_TRY(const Digest sibling,
             goes_left ? range_hash(begin + left, count - left, nodes) : range_hash(begin, left, nodes));
    proof.push_back(sibling);
    if (!goes_left) begin += left;
    count = goes_left ? left : count - left;
  }
  return std::vector<Digest>(proof.rbegin(), proof.rend());
}

Result<std::vector<Digest>> prove_consistency(std::uint64_t older, std::uint64_t size,
                                              const NodeSource& nodes) {
  if (older > size || size > kMostLeaves)
    return fail(ErrorCode::kInvalidArgument, "a log of {} entries cannot hold one of {}", size, older);
  std::vector<Digest> proof;
  if (older == 0 || older == size) return proof;
  std::uint64_t begin = 0, count = size, inside = older;
  bool is_whole = true;  // the older tree is a complete subtree of what is looked at: its root is known
  while (inside != count) {
    const std::uint64_t left = split_of(count);
    if (inside <= left) {
      PRYX_TRY(const Digest right, range_hash(begin + left, count - left, nodes));
      proof.push_back(right);
      count = left;
    } else {
      PRYX_TRY(const Digest known, range_hash(begin, left, nodes));
      proof.push_back(known);
      begin += left;
      inside -= left;
      count -= left;
      is_whole = false;
    }
  }
  if (!is_whole) {
    PRYX_TRY(const Digest start, range_hash(begin, count, nodes));
    proof.push_back(start);
  }
  return std::vector<Digest>(proof.rbegin(), proof.rend());
}

// RFC 9162, section 2.1.3.2.
bool verify_inclusion(std::uint64_t leaf, std::uint64_t size, const Digest& leaf_hash,
                      std::span<const Digest> proof, const Digest& root) {
  if (leaf >= size || size > kMostLeaves) return false;
  std::uint64_t fn = leaf, sn = size - 1;
  Digest hash = leaf_hash;
  for (const Digest& p : proof) {
    if (sn == 0) return false;
    if ((fn & 1) != 0 || fn == sn) {
      hash = hash_node(p, hash);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      hash = hash_node(hash, p);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && hash == root;
}

// RFC 9162, section 2.1.4.2.
bool verify_consistency(std::uint64_t older, std::uint64_t size, const Digest& older_root, const Digest& root,
                        std::span<const Digest> proof) {
  if (older > size || size > kMostLeaves) return false;
  if (older == 0) return proof.empty() && older_root == empty_root();
  if (older == size) return proof.empty() && older_root == root;
  std::vector<Digest> path(proof.begin(), proof.end());
  if (std::has_single_bit(older)) path.insert(path.begin(), older_root);
  if (path.empty()) return false;
  std::uint64_t fn = older - 1, sn = size - 1;
  while ((fn & 1) != 0) {
    fn >>= 1;
    sn >>= 1;
  }
  Digest fr = path[0], sr = path[0];
  for (std::size_t i = 1; i < path.size(); ++i) {
    if (sn == 0) return false;
    if ((fn & 1) != 0 || fn == sn) {
      fr = hash_node(path[i], fr);
      sr = hash_node(path[i], sr);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      sr = hash_node(sr, path[i]);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && fr == older_root && sr == root;
}

void CompactRange::add(const Digest& leaf, const OnSubtree& on_subtree) {
  Digest hash = leaf;
  int level = 0;
  for (std::uint64_t size = size_; (size & 1) != 0; size >>= 1) {
    hash = hash_node(edge_.back(), hash);
    edge_.pop_back();
    ++level;
    if (on_subtree) on_subtree(level, hash);
  }
  edge_.push_back(hash);
  ++size_;
}

Digest CompactRange::root() const {
  if (edge_.empty()) return empty_root();
  Digest hash = edge_.back();
  for (std::size_t i = edge_.size() - 1; i-- > 0;) hash = hash_node(edge_[i], hash);
  return hash;
}

}  // namespace pryx::audit

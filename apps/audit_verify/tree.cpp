// SPDX-License-Identifier: MIT
#include "tree.h"

#include <string>

namespace audit_verify {
namespace {

Hash join(const Hash& left, const Hash& right) {
  char bytes[65];
  bytes[0] = 1;
  for (int i = 0; i < 32; ++i) {
    bytes[1 + i] = static_cast<char>(left[static_cast<std::size_t>(i)]);
    bytes[33 + i] = static_cast<char>(right[static_cast<std::size_t>(i)]);
  }
  return sha256({bytes, sizeof bytes});
}

// The root of the subtree over [begin, begin + count) as the path implies it, consumed from its end (the
// top). A recursive reading of the RFC's definition, unlike the writer's bit arithmetic: two ways to the same
// answer.
bool implied(std::uint64_t leaf, std::uint64_t count, const Hash& hash, const std::vector<Hash>& path,
             std::size_t used, Hash& out) {
  if (count == 1) {
    out = hash;
    return used == 0;
  }
  if (used == 0) return false;
  std::uint64_t split = 1;
  while (split * 2 < count) split *= 2;
  Hash below{};
  if (leaf < split) {
    if (!implied(leaf, split, hash, path, used - 1, below)) return false;
    out = join(below, path[used - 1]);
  } else {
    if (!implied(leaf - split, count - split, hash, path, used - 1, below)) return false;
    out = join(path[used - 1], below);
  }
  return true;
}

// The same for a consistency path: both the older and the newer root of this subtree.
bool implied_both(std::uint64_t older, std::uint64_t count, bool is_known, const Hash& older_root,
                  const std::vector<Hash>& path, std::size_t used, Hash& before, Hash& after) {
  if (older == count) {
    if (is_known) {
      before = after = older_root;
      return used == 0;
    }
    if (used != 1) return false;
    before = after = path[0];
    return true;
  }
  if (used == 0) return false;
  std::uint64_t split = 1;
  while (split * 2 < count) split *= 2;
  Hash a{}, b{};
  if (older <= split) {
    if (!implied_both(older, split, is_known, older_root, path, used - 1, a, b)) return false;
    before = a;
    after = join(b, path[used - 1]);
  } else {
    if (!implied_both(older - split, count - split, false, older_root, path, used - 1, a, b)) return false;
    before = join(path[used - 1], a);
    after = join(path[used - 1], b);
  }
  return true;
}

}  // namespace

Hash leaf_hash(std::string_view bytes) {
  std::string text(1, '\0');
  text += bytes;
  return sha256(text);
}

void Tree::add(const Hash& leaf) {
  Hash hash = leaf;
  for (std::uint64_t n = size_; n % 2 == 1; n /= 2) {
    hash = join(stack_.back(), hash);
    stack_.pop_back();
  }
  stack_.push_back(hash);
  ++size_;
}

Hash Tree::root() const {
  if (stack_.empty()) return sha256("");
  Hash hash = stack_.back();
  for (std::size_t i = stack_.size() - 1; i > 0; --i) hash = join(stack_[i - 1], hash);
  return hash;
}

bool included(std::uint64_t leaf, std::uint64_t size, const Hash& hash, const std::vector<Hash>& path,
              const Hash& root) {
  Hash got{};
  return leaf < size && size <= (1ULL << 62) && implied(leaf, size, hash, path, path.size(), got) &&
         got == root;
}

bool consistent(std::uint64_t older, std::uint64_t size, const Hash& older_root, const Hash& root,
                const std::vector<Hash>& path) {
  if (older > size || size > (1ULL << 62)) return false;
  if (older == 0) return path.empty() && older_root == sha256("");
  Hash before{}, after{};
  return implied_both(older, size, true, older_root, path, path.size(), before, after) &&
         before == older_root && after == root;
}

}  // namespace audit_verify

// SPDX-License-Identifier: MIT
#include "export_reader.h"

#include <algorithm>

#include "json_text.h"
#include "tree.h"

namespace audit_verify {
namespace {

std::optional<Hash> hash_of_hex(std::string_view value) {
  const auto text = text_of(value);
  const auto bytes = text ? bytes_of_hex(*text) : std::nullopt;
  if (!bytes || bytes->size() != 32) return std::nullopt;
  Hash out{};
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

bool holds_commitment(std::string_view commitment, std::string_view salt, std::string_view personal) {
  const auto expected = hash_of_hex(commitment);
  const auto salt_text = text_of(salt);
  const auto salt_bytes = salt_text ? bytes_of_hex(*salt_text) : std::nullopt;
  if (!expected || !salt_bytes || salt_bytes->size() != 32) return false;
  std::string text("pryx/audit-personal/1");
  text += '\0';
  text += *salt_bytes;
  text += personal;
  return sha256(text) == *expected;
}

// "subject_keys":[1,2] of an entry that says what was erased.
bool read_erasures(const Members& entry, std::set<std::uint64_t>& out) {
  const auto kind = find(entry, "kind"), detail = find(entry, "detail");
  if (!kind || *kind != "\"audit.erased\"") return true;
  const auto members = detail ? members_of(*detail) : std::nullopt;
  const auto keys = members ? find(*members, "subject_keys") : std::nullopt;
  const auto items = keys ? items_of(*keys) : std::nullopt;
  if (!items) return false;
  for (const std::string_view item : *items) {
    const auto key = number_of(item);
    if (!key) return false;
    out.insert(*key);
  }
  return true;
}

}  // namespace

std::optional<Head> parse_head(std::string_view line) {
  const auto members = members_of(line);
  if (!members || members->size() != 3) return std::nullopt;
  const auto kind = find(*members, "export"), origin = find(*members, "origin"),
             size = find(*members, "size");
  if (!kind || *kind != "\"pryx-audit/1\"" || !origin || !size) return std::nullopt;
  const auto name = text_of(*origin);
  const auto count = number_of(*size);
  if (!name || !count) return std::nullopt;
  return Head{.origin = *name, .size = *count};
}

std::optional<Entry> parse_entry(std::string_view line, std::string& why) {
  why = "the line is no entry";
  const auto members = members_of(line);
  const auto bytes = members ? find(*members, "entry") : std::nullopt;
  const auto leaf = members ? find(*members, "leaf") : std::nullopt;
  const auto entry = bytes ? members_of(*bytes) : std::nullopt;
  const auto stated = leaf ? hash_of_hex(*leaf) : std::nullopt;
  const auto index = entry ? find(*entry, "index") : std::nullopt;
  const auto number = index ? number_of(*index) : std::nullopt;
  if (!stated || !number) return std::nullopt;
  Entry out{.index = *number, .bytes = *bytes, .leaf = *stated, .erased_key = {}, .erasures = {}};
  if (leaf_hash(out.bytes) != out.leaf) {
    why = "the entry was changed: it is not what its leaf is the hash of";
    return std::nullopt;
  }
  if (!read_erasures(*entry, out.erasures)) return std::nullopt;
  const auto commitment = find(*entry, "commitment"), erased = find(*members, "erased"),
             personal = find(*members, "personal"), salt = find(*members, "salt");
  if (!commitment || *commitment == "null") {
    why = "the entry has personal content that it did not commit to";
    return members->size() == 2 ? std::optional(out) : std::nullopt;
  }
  if (erased) {
    why = "the mark of an erased entry is malformed";
    const auto key = find(*entry, "subject_key");
    out.erased_key = key ? number_of(*key) : std::nullopt;
    return *erased == "true" && out.erased_key && members->size() == 3 ? std::optional(out) : std::nullopt;
  }
  why = "the entry's personal content is missing or is not what it committed to";
  if (!personal || !salt || members->size() != 4) return std::nullopt;
  return holds_commitment(*commitment, *salt, *personal) ? std::optional(out) : std::nullopt;
}

std::optional<std::string> parse_tail(std::string_view line) {
  const auto members = members_of(line);
  if (!members || members->size() != 1 || members->front().first != "checkpoint") return std::nullopt;
  return text_of(members->front().second);
}

}  // namespace audit_verify

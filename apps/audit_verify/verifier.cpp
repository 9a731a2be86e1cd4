// SPDX-License-Identifier: MIT
#include "verifier.h"

#include <algorithm>

#include "export_reader.h"
#include "json_text.h"

namespace audit_verify {

Verifier::Verifier(Key key, const std::vector<std::string>& kept) : key_(std::move(key)) {
  for (const std::string& note : kept) {
    std::string why;
    const auto opened = open_note(note, key_, why);
    if (!opened) {
      blame(std::nullopt, "a kept checkpoint: " + why);
      return;
    }
    kept_.push_back(*opened);
  }
  std::sort(kept_.begin(), kept_.end(),
            [](const Checkpoint& a, const Checkpoint& b) { return a.size < b.size; });
  compare(false);
}

void Verifier::blame(std::optional<std::uint64_t> index, std::string reason) {
  if (is_over()) return;
  report_.first_bad_index = index;
  report_.reason = std::move(reason);
}

void Verifier::compare(bool at_end) {
  for (; !is_over() && next_ < kept_.size() && kept_[next_].size == tree_.size(); ++next_) {
    if (kept_[next_].root != tree_.root())
      return blame(good_ + 1, "entries " + std::to_string(good_ + 1) + " to " + std::to_string(tree_.size()) +
                                  " are not those that a kept checkpoint was made of");
    good_ = tree_.size();
    ++report_.pinned;
  }
  if (at_end && next_ < kept_.size())
    blame(tree_.size() + 1, "the export ends at " + std::to_string(tree_.size()) +
                                ", a kept checkpoint has " + std::to_string(kept_[next_].size) + " entries");
}

void Verifier::take_line(std::string_view line) {
  if (is_over()) return;
  if (has_tail_) return blame(std::nullopt, "there is something after the checkpoint at the end");
  if (!has_head_) {
    const auto head = parse_head(line);
    if (!head) return blame(std::nullopt, "this is no export of an audit log (jsonl)");
    if (head->origin != key_.name) return blame(std::nullopt, "the export is of another log than the key");
    has_head_ = true;
    size_ = head->size;
    return;
  }
  if (tree_.size() == size_) return take_tail(line);
  take_entry(line);
}

void Verifier::take_entry(std::string_view line) {
  const std::uint64_t index = tree_.size() + 1;
  std::string why;
  const auto entry = parse_entry(line, why);
  if (!entry) return blame(index, why);
  if (entry->index != index)
    return blame(
        index, "entry " + std::to_string(entry->index) + " stands in the place of " + std::to_string(index));
  tree_.add(entry->leaf);
  ++report_.entries;
  if (entry->erased_key) {
    ++report_.erased;
    erased_.try_emplace(*entry->erased_key, index);
  }
  erasures_.insert(entry->erasures.begin(), entry->erasures.end());
  compare(false);
}

void Verifier::take_tail(std::string_view line) {
  has_tail_ = true;
  const auto note = parse_tail(line);
  if (!note) return blame(size_ + 1, "the checkpoint at the end is missing");
  std::string why;
  const auto checkpoint = open_note(*note, key_, why);
  if (!checkpoint) return blame(std::nullopt, "the checkpoint at the end: " + why);
  if (checkpoint->size != size_)
    return blame(std::min(checkpoint->size, size_) + 1, "the checkpoint at the end is of " +
                                                            std::to_string(checkpoint->size) +
                                                            " entries, not of " + std::to_string(size_));
  if (checkpoint->root != tree_.root())
    blame(good_ + 1, "entries " + std::to_string(good_ + 1) + " to " + std::to_string(size_) +
                         " are not those that the checkpoint was made of");
}

Report Verifier::finish(bool is_cut) {
  if (is_cut) blame(has_tail_ ? std::nullopt : std::optional(tree_.size() + 1), "the last line is cut off");
  if (!has_head_) blame(std::nullopt, "the export is empty");
  if (!has_tail_) blame(tree_.size() + 1, "the export ends before its checkpoint");
  compare(true);
  for (const auto& [key, index] : erased_)
    if (!erasures_.contains(key))
      blame(index, "personal content is missing, and no entry says that it was erased");
  report_.root = tree_.root();
  report_.ok = report_.reason.empty();
  return report_;
}

std::optional<std::vector<std::string>> notes_in(std::string_view text) {
  if (!text.starts_with('{')) return std::vector<std::string>{std::string(text)};
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    const auto members = members_of(line);
    const auto note = members ? find(*members, "note") : std::nullopt;
    const auto content = note ? text_of(*note) : std::nullopt;
    if (!content) return std::nullopt;
    out.push_back(*content);
  }
  return out;
}

namespace {

std::optional<Hash> hash_member(const Members& members, std::string_view name) {
  const auto value = find(members, name);
  const auto text = value ? text_of(*value) : std::nullopt;
  const auto bytes = text ? bytes_of_hex(*text) : std::nullopt;
  if (!bytes || bytes->size() != 32) return std::nullopt;
  Hash out{};
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

std::optional<std::vector<Hash>> path_member(const Members& members) {
  const auto value = find(members, "path");
  const auto items = value ? items_of(*value) : std::nullopt;
  if (!items || items->size() > 130) return std::nullopt;
  std::vector<Hash> out;
  for (const std::string_view item : *items) {
    const auto text = text_of(item);
    const auto bytes = text ? bytes_of_hex(*text) : std::nullopt;
    if (!bytes || bytes->size() != 32) return std::nullopt;
    std::copy(bytes->begin(), bytes->end(), out.emplace_back().begin());
  }
  return out;
}

}  // namespace

Report verify_proof(const Key& key, std::string_view json, const std::vector<std::string>& kept) {
  Report report;
  const auto fail = [&](std::string why) {
    report.reason = std::move(why);
    return report;
  };
  while (json.ends_with('\n')) json.remove_suffix(1);
  const auto members = members_of(json);
  const auto path = members ? path_member(*members) : std::nullopt;
  const auto note = members ? find(*members, "checkpoint") : std::nullopt;
  const auto note_text = note ? text_of(*note) : std::nullopt;
  if (!path || !note_text) return fail("this is no proof");
  std::string why;
  const auto checkpoint = open_note(*note_text, key, why);
  if (!checkpoint) return fail("the proof's checkpoint: " + why);
  report.root = checkpoint->root;
  if (const auto index = find(*members, "index"); index && *index != "null") {
    const auto number = number_of(*index);
    const auto leaf = hash_member(*members, "leaf");
    const auto entry = find(*members, "entry");
    if (!number || *number == 0 || !leaf) return fail("this is no proof of an entry");
    // Without it a leaf would be proven that nobody tied to anything that can be read.
    if (!entry || *entry == "null")
      return fail("the proof holds no entry, so it says nothing about what was logged");
    if (leaf_hash(*entry) != *leaf) return fail("the entry is not what the leaf is the hash of");
    if (!included(*number - 1, checkpoint->size, *leaf, *path, checkpoint->root)) {
      report.first_bad_index = *number;
      return fail("the path does not lead from the entry to the signed root");
    }
    report.entries = 1;
  } else {
    if (kept.size() != 1) return fail("a proof of growth needs the one older checkpoint: --against FILE");
    const auto older = open_note(kept.front(), key, why);
    if (!older) return fail("the kept checkpoint: " + why);
    if (!consistent(older->size, checkpoint->size, older->root, checkpoint->root, *path))
      return fail("the path does not lead from the kept root to the signed one");
    report.pinned = 1;
  }
  report.ok = true;
  return report;
}

}  // namespace audit_verify

// SPDX-License-Identifier: MIT
// Holds an export against its own checkpoint and against checkpoints that somebody kept. Fed line by line, so
// that a log of any length needs little memory.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "note.h"
#include "tree.h"

namespace audit_verify {

struct Report {
  bool ok = false;
  std::uint64_t entries = 0;
  std::optional<std::uint64_t> first_bad_index;  // none: it is not about one entry
  std::string reason;
  std::uint64_t pinned = 0;  // checkpoints from outside that hold
  std::uint64_t erased = 0;
  Hash root{};
};

class Verifier {
 public:
  // kept: notes from outside of the export. One that cannot be opened with the key is a failure by itself.
  Verifier(Key key, const std::vector<std::string>& kept);
  void take_line(std::string_view line);  // without its newline
  // Call once, after the last line; `is_cut`: the text did not end with a newline.
  [[nodiscard]] Report finish(bool is_cut);
  [[nodiscard]] bool is_over() const { return !report_.reason.empty(); }

 private:
  void blame(std::optional<std::uint64_t> index, std::string reason);
  void take_entry(std::string_view line);
  void take_tail(std::string_view line);
  void compare(bool at_end);
  Key key_;
  Report report_;
  Tree tree_;
  std::vector<Checkpoint> kept_;  // by size
  std::size_t next_ = 0;
  std::uint64_t good_ = 0, size_ = 0;
  bool has_head_ = false, has_tail_ = false;
  std::map<std::uint64_t, std::uint64_t> erased_;  // key -> first entry without its content
  std::set<std::uint64_t> erasures_;
};

// The notes of a text: one note, or an object with a member "note" a line.
[[nodiscard]] std::optional<std::vector<std::string>> notes_in(std::string_view text);

// A proof as GET /api/v1/audit/proof answers: of one entry, which has to be in it, or, with `kept`, of growth
// since that checkpoint.
[[nodiscard]] Report verify_proof(const Key& key, std::string_view json,
                                  const std::vector<std::string>& kept);

}  // namespace audit_verify

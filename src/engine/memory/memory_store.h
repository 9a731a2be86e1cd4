// SPDX-License-Identifier: MIT
// The table of memories and its full-text index. Owned by apps/, used from the I/O thread. Every call names
// the principal whose memories it may see or change.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/ids.h"
#include "foundation/db/database.h"
#include "trust/labels/labels.h"
#include "trust/principals/principal.h"

namespace pryx::memory {

enum class MemoryType : std::uint8_t { kDaily, kLongterm, kSession };
[[nodiscard]] std::string_view to_text(MemoryType type);
[[nodiscard]] std::optional<MemoryType> memory_type_from_text(std::string_view text);

struct Memory {
  MemoryId id;
  MemoryType type = MemoryType::kLongterm;
  std::string text;
  trust::Labels labels;  // as saved, joined with the origin `memory`
  trust::Labels saved;   // as saved
  SessionId session;     // where it was saved; empty: outside of a session
  WallTime created_at;
};

struct SaveRequest {
  std::string text;
  MemoryType type = MemoryType::kLongterm;
  trust::Labels labels;  // of the content
  SessionId session;
  std::string idempotency_key;  // empty: none
};

struct SaveOutcome {
  MemoryId id;
  bool already_saved = false;  // the same key with the same content had been here before
};

struct SearchRequest {
  std::string query;
  std::size_t limit = 8;
  std::optional<MemoryType> type;
  SessionId session;  // entries of type `session` are found only in their own
};

struct ListRequest {
  std::size_t limit = 50;
  std::optional<MemoryType> type;
  MemoryId before;  // from the last item of the page before; empty: from the newest
};

class MemoryStore {
 public:
  static constexpr std::size_t kMaxTextBytes = 16u << 10;  // a memory is a note, not a document
  static constexpr std::size_t kMaxPerPrincipal = 50'000;  // keeps a runaway agent from filling the disk
  static constexpr std::size_t kMaxResults = 100;

  MemoryStore(db::Database& database, IdSource& ids, const Clock& clock)
      : database_(database), ids_(ids), clock_(clock) {}

  // Called in each commit that changes memories, with whose they are; on the database's thread.
  using OnChange = std::function<Result<void>(db::Transaction&, const PrincipalId&)>;
  void on_change(OnChange callback) { on_change_ = std::move(callback); }

  // Durable when it returns. kConflict: this key was used for other content. kTooLarge: text or number over
  // its limit.
  [[nodiscard]] async::Task<Result<SaveOutcome>> save(Principal principal, SaveRequest request);
  // Best match first: by how well the words fit and how much the entry has faded (memory_score.h). Any text
  // is a fine query; one without words or matches finds nothing. When no word matches, a plain substring
  // search over the newest entries answers: it serves parts of words and languages without spaces.
  [[nodiscard]] async::Task<Result<std::vector<Memory>>> search(Principal principal, SearchRequest request);
  [[nodiscard]] async::Task<Result<std::vector<Memory>>> list(Principal principal,
                                                              ListRequest request);  // newest first
  [[nodiscard]] async::Task<Result<std::optional<Memory>>> find(Principal principal, MemoryId id);
  // False when there was none with that id.
  [[nodiscard]] async::Task<Result<bool>> remove(Principal principal, MemoryId id);
  // What a deleted session remembered for itself goes with it. Returns how many.
  [[nodiscard]] async::Task<Result<std::int64_t>> remove_session(Principal principal, SessionId session);

 private:
  db::Database& database_;
  IdSource& ids_;
  const Clock& clock_;
  OnChange on_change_ = [](db::Transaction&, const PrincipalId&) { return Result<void>{}; };
};

[[nodiscard]] db::ModuleMigrations migrations();

}  // namespace pryx::memory

// SPDX-License-Identifier: MIT
// What a run is about to change, looked at entry by entry and handed to the recorder in bounded pieces.
// Internal to the module. Blocking; the thread of the run.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "trust/sandbox/sandbox.h"

namespace pryx::sandbox {

class ChangeCollector {
 public:
  // Null: nobody is told, and nothing is looked at.
  explicit ChangeCollector(ChangeRecorder* recorder) : recorder_(recorder) {}

  // The entry `name` of the directory `before` is about to become that of `after`; -1: there is nothing. An
  // entry that stays as it is (it was only touched) counts as no change.
  [[nodiscard]] Result<void> add(const std::string& path, const std::string& name, int before, int after);
  // The rights of a folder that is there before and after.
  [[nodiscard]] Result<void> add_folder_mode(const std::string& path, std::uint32_t before,
                                             std::uint32_t after);
  // Hands over the rest. Before it returned, nothing may be changed.
  [[nodiscard]] Result<void> finish();

 private:
  enum class Owner : std::uint8_t { kWorkspace, kRun };
  [[nodiscard]] Result<std::optional<ComingChange::Side>> look(int directory, const std::string& name,
                                                               Owner owner, ComingChange& into);
  void read_file(int directory, const std::string& name, Owner owner, ComingChange::Side& side,
                 ComingChange& into);
  // Of one more change; without it, it is counted.
  [[nodiscard]] bool has_room();
  [[nodiscard]] Result<void> keep(ComingChange change);
  [[nodiscard]] Result<void> hand_over();

  ChangeRecorder* recorder_;
  std::vector<ComingChange> pending_;
  std::uint64_t pending_bytes_ = 0;
  std::uint64_t kept_bytes_ = 0;
  std::size_t names_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace pryx::sandbox

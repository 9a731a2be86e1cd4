// SPDX-License-Identifier: MIT
// Private folders for overlays: one for each run, with an upper and a work directory. Making and removing
// them waits for the disk, so one is kept ready and removals happen elsewhere, when somebody offers to.
// Internal to the module; any thread.
#pragma once
#include <atomic>
#include <memory>
#include <string>

#include "trust/sandbox/sandbox.h"

namespace pryx::sandbox {

class RunFolders : public std::enable_shared_from_this<RunFolders> {
 public:
  RunFolders(std::string scratch, Options::Later later)
      : scratch_(std::move(scratch)), later_(std::move(later)) {}
  ~RunFolders();
  RunFolders(const RunFolders&) = delete;
  RunFolders& operator=(const RunFolders&) = delete;

  // A folder with "upper", "work", "merged" and "dev" in it; `mode` is that of what the overlay covers.
  [[nodiscard]] Result<std::string> take(unsigned mode);
  // Removed with all that is in it.
  void give_back(const std::string& folder);

 private:
  [[nodiscard]] Result<std::string> make() const;
  void keep_one_ready();

  std::string scratch_;
  Options::Later later_;
  std::atomic<std::string*> ready_ = nullptr;  // owned by whoever takes it out
};

}  // namespace pryx::sandbox

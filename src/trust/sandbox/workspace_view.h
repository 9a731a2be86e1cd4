// SPDX-License-Identifier: MIT
// How one run sees its workspace, and what becomes of its writes: below an overlay whose upper directory is
// taken over afterwards, or directly with a sweep. Internal to the module; one thread at a time.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "trust/sandbox/launch.h"
#include "trust/sandbox/written_tree.h"

namespace pryx::sandbox {

enum class Overlay : std::uint8_t { kYes, kNo };

class WorkspaceView {
 public:
  // kDenied for a folder that no sandbox may have, such as a home.
  [[nodiscard]] static Result<std::unique_ptr<WorkspaceView>> open(const Machine& machine,
                                                                   const Request& request, Overlay overlay);
  ~WorkspaceView();
  WorkspaceView(const WorkspaceView&) = delete;
  WorkspaceView& operator=(const WorkspaceView&) = delete;

  [[nodiscard]] const std::string& path() const {
    return path_;
  }  // where it appears inside; empty without one
  [[nodiscard]] int fd() const { return held_ ? held_->fd() : -1; }
  [[nodiscard]] bool has_overlay() const { return !run_folder_.empty(); }
  // What runs before bubblewrap. `holds`: in a pid namespace that ends with us.
  [[nodiscard]] std::vector<std::string> stage(const std::string& init, int status_fd, bool holds) const;
  // Arguments for bubblewrap: the stage with the overlay has made them.
  [[nodiscard]] std::vector<std::string> devices() const;
  // Finds the names that are protected, after open() and before the command starts. kDenied when there must
  // be a mount over each of them and not all can be found.
  [[nodiscard]] Result<void> look();
  [[nodiscard]] std::vector<std::string> mounts() const;  // arguments for bubblewrap, after look()
  // Once, when no process of the run is left. The recorder may be null.
  [[nodiscard]] Result<Applied> take_over(ChangeRecorder* recorder);

 private:
  WorkspaceView() = default;
  [[nodiscard]] Result<void> prepare(const Machine& machine, const Request& request, Overlay overlay);
  [[nodiscard]] Result<Applied> sweep(int workspace) const;

  std::shared_ptr<const platform::HeldDirectory> held_;
  std::string path_;
  bool writable_ = false;
  Refusal refusal_ = Refusal::kProtectedNames;
  bool mounts_protected_ = true;
  std::string scratch_;
  std::shared_ptr<RunFolders> folders_;
  std::string run_folder_;        // of the overlay: upper, work, merged, dev
  std::string written_directly_;  // why there is none, when it is writable
  bool keep_run_folder_ = false;
  ProtectedScan before_;
};

// Removes what runs of an earlier process left behind, and old quarantined files.
void clean_scratch(const std::string& scratch);

}  // namespace pryx::sandbox

// SPDX-License-Identifier: MIT
#include "trust/sandbox/workspace_view.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "trust/sandbox/mount_plan.h"
#include "trust/sandbox/repository_names.h"

namespace pryx::sandbox {
namespace {

using platform::system_error;
using platform::UniqueFd;

// With an overlay the mounts over existing protected names are a second layer, so the search may stop early;
// without one they are the only one, so it must be complete.
constexpr std::size_t kScanForOverlay = 5'000;
constexpr std::size_t kScanForSweep = 1'000'000;
constexpr std::size_t kMaxProtectedMounts = 128;
constexpr std::size_t kMaxMountsForSweep = 2'500;  // three arguments each; bubblewrap takes 9,000
constexpr std::size_t kMaxMountPath = 4'000;
constexpr std::size_t kMaxQuarantined = 20;  // runs
constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

Result<void> check_place(const std::string& path, const std::string& home) {
  if (path.empty() || path.front() != '/' || path.ends_with(" (deleted)"))
    return fail(ErrorCode::kNotFound, "the workspace folder is gone");
  if (!home.empty() && lies_in(home, path))
    return fail(ErrorCode::kDenied, "'{}' is the home folder or holds it; give the sandbox a folder below it",
                path);
  for (const char* system : {"/proc", "/sys", "/dev", "/etc", "/run/user"}) {
    if (lies_in(path, system))
      return fail(ErrorCode::kDenied, "'{}' belongs to the system; use a folder of your own as the workspace",
                  path);
  }
  for (const char* above : {"/", "/usr", "/var", "/home", "/run", "/bin", "/lib", "/sbin", "/boot", "/opt"}) {
    if (path == above)
      return fail(ErrorCode::kDenied, "'{}' belongs to the system; use a folder of your own as the workspace",
                  path);
  }
  return {};
}

// `wanted`: an overlay was tried for this run.
std::string why_directly(const Machine& machine, Overlay wanted) {
  if (!machine.has_overlay) return "this machine makes no overlay (pryx doctor says why)";
  if (wanted == Overlay::kYes) return "Pryx's state lies inside the workspace";
  return "no overlay can be mounted over its file system";
}

std::vector<std::string> folders_in(const std::string& path) {
  std::vector<std::string> names;
  DIR* stream = ::opendir(path.c_str());
  if (stream == nullptr) return names;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  ::closedir(stream);
  std::ranges::sort(names);
  return names;
}

}  // namespace

Result<std::unique_ptr<WorkspaceView>> WorkspaceView::open(const Machine& machine, const Request& request,
                                                           Overlay overlay) {
  std::unique_ptr<WorkspaceView> view(new WorkspaceView());
  if (request.workspace) PRYX_TRY_VOID(view->prepare(machine, request, overlay));
  return view;
}

Result<void> WorkspaceView::prepare(const Machine& machine, const Request& request, Overlay overlay) {
  held_ = request.workspace;
  writable_ = request.workspace_writable;
  refusal_ = !machine.with("apply")       ? Refusal::kNothing
             : request.keeps_instructions ? Refusal::kInstructionsToo
                                          : Refusal::kProtectedNames;
  mounts_protected_ = machine.with("mounts");
  scratch_ = machine.scratch;
  folders_ = machine.folders;
  path_ = path_of(held_->fd());
  PRYX_TRY_VOID(check_place(path_, machine.home));
  // The folder that the command starts in, checked before anything is set up. The start itself checks it
  // again.
  PRYX_TRY_VOID(held_->open_directory(request.cwd));
  if (!writable_) return {};
  // An overlay cannot have its upper directory inside its lower one.
  const bool fits = overlay == Overlay::kYes && !scratch_.empty() && !lies_in(scratch_, path_);
  if (!fits) {
    written_directly_ = why_directly(machine, overlay);
    return {};
  }
  struct stat info{};
  const unsigned mode = ::fstat(held_->fd(), &info) == 0 ? info.st_mode : 0700u;
  PRYX_TRY(run_folder_, folders_->take(mode));
  return {};
}

Result<void> WorkspaceView::look() {
  if (!held_ || !writable_) return {};
  const UniqueFd readable(::openat(held_->fd(), ".", kOpenDirectory));
  if (!readable) return std::unexpected(system_error(fmt::format("read the workspace '{}'", path_), errno));
  // Below an overlay instructions may change as they will, and stay behind: Git replaces them when it changes
  // branches. Without one a mount over them is all that holds them.
  const bool for_sweep = !has_overlay() && refusal_ == Refusal::kInstructionsToo;
  before_ = find_protected(readable.get(), has_overlay() ? kScanForOverlay : kScanForSweep,
                           for_sweep ? Refusal::kInstructionsToo : Refusal::kProtectedNames);
  if (has_overlay()) return {};
  if (!before_.complete || before_.entries.size() > kMaxMountsForSweep)
    return fail(
        ErrorCode::kDenied,
        "no overlay can be laid over '{}', and it cannot be searched whole for names that others run later "
        "(too many files, or a "
        "folder that cannot be read); move Pryx's state to another folder, or use a smaller workspace",
        path_);
  return {};
}

WorkspaceView::~WorkspaceView() {
  if (run_folder_.empty() || keep_run_folder_) return;
  folders_->give_back(run_folder_);
}

std::vector<std::string> WorkspaceView::stage(const std::string& init, int status_fd, bool holds) const {
  const char* kind = holds ? "hold" : "free";
  if (!has_overlay()) return {init, "hold", std::to_string(status_fd), kind};
  return {init,
          "overlay",
          std::to_string(kWorkspaceFd),
          run_folder_ + "/upper",
          run_folder_ + "/work",
          run_folder_ + "/merged",
          run_folder_ + "/dev",
          std::to_string(status_fd),
          kind};
}

std::vector<std::string> WorkspaceView::devices() const {
  if (has_overlay()) return {"--dev-bind", run_folder_ + "/dev", "/dev"};
  return {"--dev", "/dev"};
}

std::vector<std::string> WorkspaceView::mounts() const {
  if (!held_) return {};
  std::vector<std::string> out;
  const std::string source = has_overlay() ? run_folder_ + "/merged" : path_;
  if (has_overlay())
    out = {"--bind", source, path_};
  else
    out = {writable_ ? "--bind-fd" : "--ro-bind-fd", std::to_string(kWorkspaceFd), path_};
  if (!mounts_protected_) return out;
  std::size_t count = 0;
  for (const auto& [relative, entry] : before_.entries) {
    // What a link names is no protected name, and a link that leads nowhere or in circles cannot be mounted.
    if (entry.is_link || source.size() + relative.size() >= kMaxMountPath) continue;
    if (++count > kMaxProtectedMounts && has_overlay()) break;
    // Gone meanwhile: then it counts as one that did not exist.
    out.insert(out.end(), {"--ro-bind-try", source + "/" + relative, path_ + "/" + relative});
  }
  return out;
}

Result<Applied> WorkspaceView::sweep(int workspace) const {
  if (refusal_ == Refusal::kNothing) return Applied{};
  if (scratch_.empty()) return sweep_protected(workspace, before_, -1, refusal_);
  const std::string folder = fmt::format("{}/quarantine", scratch_);
  PRYX_TRY_VOID(platform::ensure_private_directory(folder));
  UniqueFd quarantine;
  std::string pattern = folder + "/run-XXXXXX";
  if (::mkdtemp(pattern.data()) != nullptr) quarantine.reset(::open(pattern.c_str(), kOpenDirectory));
  auto swept = sweep_protected(workspace, before_, quarantine.get(), refusal_);
  if (swept && swept->quarantined.empty()) ::rmdir(pattern.c_str());
  return swept;
}

Result<Applied> WorkspaceView::take_over(ChangeRecorder* recorder) {
  if (!held_ || !writable_) return Applied{};
  const UniqueFd workspace(::openat(held_->fd(), ".", kOpenDirectory));
  if (!workspace) return std::unexpected(system_error(fmt::format("open the workspace '{}'", path_), errno));
  if (!has_overlay()) {
    // It has happened already; a recorder that fails changes nothing about that.
    if (recorder != nullptr) (void)recorder->record_unknown(std::nullopt);
    auto swept = sweep(workspace.get());
    if (swept) swept->written_directly = written_directly_;
    return swept;
  }
  const UniqueFd upper(::open((run_folder_ + "/upper").c_str(), kOpenDirectory));
  if (!upper) return std::unexpected(system_error("open what the command wrote", errno));
  auto applied = apply_written_tree(upper.get(), workspace.get(), refusal_, recorder, before_.named);
  if (!applied) {
    keep_run_folder_ = true;
    return fail(applied.error().code, "{}; what the command wrote is kept in {}", applied.error().message,
                run_folder_);
  }
  if (!applied->quarantined.empty()) {
    // Kept for a person to look at.
    const std::string folder = scratch_ + "/quarantine";
    PRYX_TRY_VOID(platform::ensure_private_directory(folder));
    const std::string kept = folder + run_folder_.substr(run_folder_.rfind('/'));
    (void)::rename((run_folder_ + "/upper").c_str(), kept.c_str());
  }
  return applied;
}

void clean_scratch(const std::string& scratch) {
  for (const std::string& name : folders_in(scratch)) {
    if (name.starts_with("run-")) remove_tree(AT_FDCWD, scratch + "/" + name);
  }
  const std::string quarantine = scratch + "/quarantine";
  const auto kept = folders_in(quarantine);
  std::vector<std::pair<std::int64_t, std::string>> by_age;
  for (const std::string& name : kept) {
    struct stat info{};
    if (::lstat((quarantine + "/" + name).c_str(), &info) == 0)
      by_age.emplace_back(info.st_mtim.tv_sec, name);
  }
  std::ranges::sort(by_age);
  for (std::size_t i = 0; i + kMaxQuarantined < by_age.size(); ++i)
    remove_tree(AT_FDCWD, quarantine + "/" + by_age[i].second);
}

}  // namespace pryx::sandbox

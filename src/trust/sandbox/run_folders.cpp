// SPDX-License-Identifier: MIT
#include "trust/sandbox/run_folders.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "foundation/platform/files.h"
#include "trust/sandbox/written_tree.h"

namespace pryx::sandbox {
namespace {

using platform::system_error;

constexpr unsigned kUsualMode = 0755;

}  // namespace

Result<std::string> RunFolders::make() const {
  PRYX_TRY_VOID(platform::ensure_private_directory(scratch_));
  std::string folder = scratch_ + "/run-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr)
    return std::unexpected(system_error(fmt::format("make a folder in {}", scratch_), errno));
  for (const char* name : {"upper", "work", "merged", "dev"}) {
    const std::string path = fmt::format("{}/{}", folder, name);
    if (::mkdir(path.c_str(), 0700) != 0)
      return std::unexpected(system_error(fmt::format("make a folder in {}", folder), errno));
  }
  if (::chmod((folder + "/upper").c_str(), kUsualMode) != 0)
    return std::unexpected(system_error(fmt::format("open a folder in {}", folder), errno));
  return folder;
}

RunFolders::~RunFolders() { const std::unique_ptr<std::string> last(ready_.exchange(nullptr)); }

Result<std::string> RunFolders::take(unsigned mode) {
  std::unique_ptr<std::string> folder(ready_.exchange(nullptr));
  // Somebody may have tidied up.
  if (!folder || ::access((*folder + "/upper").c_str(), W_OK | X_OK) != 0) {
    PRYX_TRY(std::string made, make());
    folder = std::make_unique<std::string>(std::move(made));
  }
  // The overlay's root shows the upper directory's own bits.
  const unsigned wanted = (mode & 0777) | 0700;
  if (wanted != kUsualMode) ::chmod((*folder + "/upper").c_str(), wanted);
  return *folder;
}

void RunFolders::give_back(const std::string& folder) {
  const auto job = [self = shared_from_this(), folder] {
    remove_tree(AT_FDCWD, folder);
    self->keep_one_ready();
  };
  if (later_ && later_(job)) return;
  remove_tree(AT_FDCWD, folder);
}

void RunFolders::keep_one_ready() {
  if (ready_.load() != nullptr) return;
  auto made = make();
  if (!made) return;  // the run that needs one tells why
  auto folder = std::make_unique<std::string>(std::move(*made));
  std::string* none = nullptr;
  if (ready_.compare_exchange_strong(none, folder.get()))
    static_cast<void>(folder.release());
  else
    remove_tree(AT_FDCWD, *folder);
}

}  // namespace pryx::sandbox

// SPDX-License-Identifier: MIT
// Tells which of some named files in a directory changed, through inotify. A change is reported when a writer
// closed the file or a file was moved to or from the name, so a half-written file is not read. The owner
// waits for fd() to become readable, then drains.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "foundation/base/result.h"
#include "foundation/platform/files.h"

namespace pryx::platform {

struct FileChange {
  std::string directory;  // as it was given to watch()
  std::string name;  // empty: anything may have changed (events were lost, or the directory itself went):
                     // look at everything
  auto operator<=>(const FileChange&) const = default;
};

class FileWatch {
 public:
  [[nodiscard]] static Result<FileWatch> open();
  // An empty set of names means every file in the directory. Watching a directory again adds names.
  [[nodiscard]] Result<void> watch(const std::string& directory, const std::set<std::string>& names);
  [[nodiscard]] int fd() const { return fd_.get(); }
  // Never blocks. Each change once, sorted.
  [[nodiscard]] Result<std::vector<FileChange>> drain();

 private:
  struct Watched {
    std::string directory;
    std::set<std::string> names;
  };
  FileWatch() = default;
  void note(std::set<FileChange>& changes, int descriptor, std::uint32_t mask, const char* name,
            std::uint32_t name_size);
  UniqueFd fd_;
  std::map<int, Watched> watched_;
};

}  // namespace pryx::platform

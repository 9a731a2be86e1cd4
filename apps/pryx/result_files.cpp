// SPDX-License-Identifier: MIT
#include "result_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <ctime>

#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"
#include "foundation/platform/files.h"

namespace pryx::app {
namespace {
constexpr std::size_t kMaxResultBytes = 256u << 20;
constexpr std::string_view kPrefix = "sha256:";
constexpr std::time_t kJustPut = 3600;  // seconds: from the file to the row that refers to it is less
}  // namespace

SealedResultFiles::SealedResultFiles(async::WorkerPool& pool, std::string directory, Secret key,
                                     Random& random)
    : pool_(pool), directory_(std::move(directory)), key_(std::move(key)), random_(random) {}

async::Task<Result<std::string>> SealedResultFiles::put(std::string text) {
  // To the end: the result belongs to an effect that happened, also when its turn was cancelled meanwhile.
  co_return co_await pool_.run_to_end([&](const std::stop_token&) -> Result<std::string> {
    const std::string hash = crypto::sha256_hex(text);
    const std::string path = directory_ + "/" + hash;
    const std::string ref = std::string(kPrefix) + hash;
    // Its age is that of its last use: see remove().
    if (::utimensat(AT_FDCWD, path.c_str(), nullptr, 0) == 0) return ref;
    PRYX_TRY_VOID(platform::ensure_private_directory(directory_));
    const std::string sealed = crypto::seal(key_, Secret(text), ref, random_);
    PRYX_TRY_VOID(platform::atomic_write_file(path, sealed, 0600));
    return ref;
  });
}

async::Task<Result<bool>> SealedResultFiles::remove(std::string ref) {
  if (!ref.starts_with(kPrefix) || !from_hex(std::string_view(ref).substr(kPrefix.size()))) co_return true;
  co_return co_await pool_.run([&](const std::stop_token&) -> Result<bool> {
    const std::string path = directory_ + "/" + ref.substr(kPrefix.size());
    // Taken aside before it is judged: whoever puts the same meanwhile finds nothing and writes it anew.
    const std::string aside = path + ".gone";
    if (::rename(path.c_str(), aside.c_str()) != 0) return true;
    struct stat found{};
    if (::stat(aside.c_str(), &found) == 0 && ::time(nullptr) - found.st_mtime < kJustPut) {
      if (::rename(aside.c_str(), path.c_str()) != 0)
        return fail(platform::system_error("keep a result's file", errno));
      return false;
    }
    PRYX_TRY_VOID(platform::remove_file(aside));
    return true;
  });
}

async::Task<Result<std::string>> SealedResultFiles::get(std::string ref) {
  if (!ref.starts_with(kPrefix) || !from_hex(std::string_view(ref).substr(kPrefix.size()))) {
    co_return fail(ErrorCode::kInvalidArgument, "'{}' is no reference to a result", utf8_prefix(ref, 80));
  }
  co_return co_await pool_.run([&](const std::stop_token&) -> Result<std::string> {
    PRYX_TRY(const std::string sealed,
             platform::read_file(directory_ + "/" + ref.substr(kPrefix.size()), kMaxResultBytes));
    PRYX_TRY(const Secret text, crypto::open_sealed(key_, sealed, ref));
    return text.reveal();
  });
}

}  // namespace pryx::app

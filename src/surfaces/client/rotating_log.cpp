// SPDX-License-Identifier: MIT
#include "surfaces/client/rotating_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pryx::client {

Result<RotatingLog> RotatingLog::open(platform::HeldDirectory directory, std::string name, Limits limits) {
  RotatingLog log(std::move(directory), std::move(name), limits);
  PRYX_TRY_VOID(log.reopen());
  return log;
}

Result<void> RotatingLog::reopen() {
  PRYX_TRY(file_,
           directory_.open_file(name_, O_WRONLY | O_APPEND | O_CREAT, 0600, platform::Symlinks::kRefuse));
  struct stat info{};
  if (::fstat(file_.get(), &info) == 0) size_ = static_cast<std::size_t>(info.st_size);
  // Root leaves the file to whom the directory belongs, else that user's daemon could not read or remove it.
  auto facts = directory_.stat("");
  if (facts && ::geteuid() == 0 && facts->uid != info.st_uid && info.st_nlink == 1) {
    if (::fchown(file_.get(), facts->uid, static_cast<gid_t>(-1)) != 0) file_.reset();
  }
  if (!file_)
    return fail(ErrorCode::kStorage, "open the log file {}/{}: its owner cannot be set", directory_.path(),
                name_);
  return {};
}

void RotatingLog::rotate() {
  for (int i = limits_.keep - 1; i >= 1; --i) {
    (void)directory_.rename(fmt::format("{}.{}", name_, i), fmt::format("{}.{}", name_, i + 1));
  }
  if (limits_.keep > 0)
    (void)directory_.rename(name_, fmt::format("{}.1", name_));
  else
    (void)directory_.remove_file(name_);
  file_.reset();
  size_ = 0;
}

void RotatingLog::write(std::string_view bytes) {
  if (size_ > 0 && size_ + bytes.size() > limits_.max_bytes) rotate();
  if (!file_ && !reopen()) return;
  if (platform::write_all(file_.get(), bytes, "log")) {
    size_ += bytes.size();
  } else {
    file_.reset();
  }
}

}  // namespace pryx::client

// SPDX-License-Identifier: MIT
#include "key_health.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "foundation/base/text.h"
#include "foundation/platform/files.h"
#include "trust/vault/database_key.h"

namespace pryx::app {
namespace {

// Both kinds of key file begin with the key's id and a blank. No more than that is read: the key itself has
// no business in memory for this.
Result<void> check_key_file(const std::string& path, const std::string& key_id) {
  const platform::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  std::string begin(key_id.size() + 1, '\0');
  struct stat info{};
  if (fd && ::fstat(fd.get(), &info) == 0 && info.st_size > static_cast<off_t>(begin.size()) &&
      ::pread(fd.get(), begin.data(), begin.size(), 0) == static_cast<ssize_t>(begin.size()) &&
      begin == key_id + ' ')
    return {};
  return fail(ErrorCode::kUnauthenticated, "key file {} does not hold the key {}", path, key_id);
}

}  // namespace

server::Component look_up_key(const config::Places& places, std::string_view backend) {
  server::Component key{.name = "key",
                        .state = "ok",
                        .required = true,
                        .detail = fmt::format("held by {}", backend),
                        .version = {}};
  const auto is = [&key](std::string state, std::string detail) {
    key.state = std::move(state);
    key.detail = std::move(detail);
    return key;
  };
  constexpr std::string_view kFix =
      "restore it from a backup before this daemon stops: no start works without it";
  const auto record = vault::read_key_record(places);
  if (!record) return is("degraded", record.error().message);
  if (!*record) return is("degraded", fmt::format("{} is gone; {}", places.key_record(), kFix));
  if ((*record)->backend != backend)
    return is("degraded", fmt::format("{} names '{}', but the key came from '{}'; {}", places.key_record(),
                                      utf8_prefix((*record)->backend, 40), backend, kFix));
  const bool is_sealed = backend == "sealed_file";
  if (!is_sealed && backend != "file") {
    key.detail += ", as of the start";
    return key;
  }
  const std::string path = is_sealed ? places.sealed_master_key() : places.master_key();
  const auto facts = platform::file_facts(path);
  if (!facts) return is("degraded", fmt::format("{}; {}", facts.error().message, kFix));
  const uid_t me = ::geteuid();
  if (!facts->is_regular || (facts->uid != me && me != 0))
    return is("degraded", fmt::format("key file {} is no regular file of user {}; make it so", path, me));
  const auto checked = check_key_file(path, (*record)->key_id);
  if (!checked) return is("degraded", fmt::format("{}; {}", checked.error().message, kFix));
  if ((facts->mode & 0077) != 0)
    return is("degraded",
              fmt::format("key file {} is open to others (mode {:o}); chmod 600 it", path, facts->mode));
  return key;
}

}  // namespace pryx::app

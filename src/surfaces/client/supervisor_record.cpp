// SPDX-License-Identifier: MIT
#include "surfaces/client/supervisor_record.h"

#include "foundation/base/json.h"
#include "foundation/platform/files.h"

namespace pryx::client {
namespace {

constexpr std::size_t kMaxRecord = 4096;

std::string name_of(const config::Places& places) {
  return places.supervisor_file().substr(places.state.size() + 1);
}

}  // namespace

Result<void> write_supervisor_record(const platform::HeldDirectory& state, const config::Places& places) {
  const platform::ProcessIdentity self = platform::this_process();
  return state.write_file(
      name_of(places),
      json::to_text(json::object{{"pid", static_cast<std::int64_t>(self.pid)},
                                 {"process_start_ticks", static_cast<std::int64_t>(self.start_ticks)},
                                 {"boot_id", platform::boot_id()}}) +
          "\n",
      0600);
}

void remove_supervisor_record(const platform::HeldDirectory& state, const config::Places& places) {
  if (find_supervisor(places) == platform::this_process()) (void)state.remove_file(name_of(places));
}

std::optional<platform::ProcessIdentity> find_supervisor(const config::Places& places) {
  const auto text = platform::read_file(places.supervisor_file(), kMaxRecord);
  if (!text) return std::nullopt;
  const auto record = json::parse_object(*text, {.max_bytes = kMaxRecord, .max_depth = 4});
  if (!record || json::string_or(*record, "boot_id") != platform::boot_id()) return std::nullopt;
  const std::int64_t pid = json::integer_or(*record, "pid", 0);
  const std::int64_t ticks = json::integer_or(*record, "process_start_ticks", -1);
  if (pid <= 0 || pid > INT32_MAX || ticks < 0) return std::nullopt;
  const platform::ProcessIdentity supervisor{static_cast<pid_t>(pid), static_cast<std::uint64_t>(ticks)};
  if (!platform::is_running(supervisor)) return std::nullopt;
  return supervisor;
}

}  // namespace pryx::client

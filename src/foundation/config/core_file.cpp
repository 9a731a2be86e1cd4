// SPDX-License-Identifier: MIT
#include "foundation/config/core_file.h"

#include <unistd.h>

#include "foundation/platform/files.h"

namespace pryx::config {
namespace {
constexpr std::size_t kMaxCoreFile = 16u << 10;
}

CoreRecord describe_this_core(std::string version, std::string url, std::string socket, WallTime started_at) {
  return {platform::this_process(), platform::boot_id(), std::move(version),
          std::move(url),           std::move(socket),   started_at};
}

json::object to_json(const CoreRecord& record) {
  json::object out;
  out["pid"] = static_cast<std::int64_t>(record.process.pid);
  out["version"] = record.version;
  if (record.url.empty())
    out["url"] = nullptr;
  else
    out["url"] = record.url;
  out["socket"] = record.socket;
  out["started_at"] = to_rfc3339(record.started_at);
  out["process_start_ticks"] = static_cast<std::int64_t>(record.process.start_ticks);
  out["boot_id"] = record.boot;
  return out;
}

Result<CoreRecord> parse_core_record(std::string_view text) {
  PRYX_TRY(const json::object object, json::parse_object(text, {.max_bytes = kMaxCoreFile, .max_depth = 4}));
  CoreRecord record;
  PRYX_TRY(const std::int64_t pid, json::get_integer(object, "pid"));
  PRYX_TRY(const std::int64_t ticks, json::get_integer(object, "process_start_ticks"));
  PRYX_TRY(record.version, json::get_string(object, "version"));
  PRYX_TRY(const auto url, json::find_string(object, "url"));
  PRYX_TRY(record.socket, json::get_string(object, "socket"));
  PRYX_TRY(const std::string started_at, json::get_string(object, "started_at"));
  PRYX_TRY(record.started_at, parse_rfc3339(started_at));
  PRYX_TRY(record.boot, json::get_string(object, "boot_id"));
  if (pid <= 0 || pid > INT32_MAX || ticks < 0)
    return fail(ErrorCode::kInvalidArgument, "core.json names no process");
  record.url = url.value_or("");
  record.process = {static_cast<pid_t>(pid), static_cast<std::uint64_t>(ticks)};
  return record;
}

Result<void> write_core_file(const Places& places, const CoreRecord& record) {
  return platform::atomic_write_file(places.core_file(), json::to_text(to_json(record)) + "\n", 0600);
}

std::optional<CoreRecord> find_running_core(const Places& places) {
  const auto text = platform::read_file(places.core_file(), kMaxCoreFile);
  if (!text) return std::nullopt;
  auto record = parse_core_record(*text);
  if (!record || record->boot != platform::boot_id() || !platform::is_running(record->process))
    return std::nullopt;
  return std::move(*record);
}

Result<void> remove_core_file(const Places& places) {
  const auto running = find_running_core(places);
  if (running && running->process.pid != ::getpid()) return {};
  PRYX_TRY_VOID(platform::remove_file(places.core_file()));
  return platform::remove_file(places.socket());
}

}  // namespace pryx::config

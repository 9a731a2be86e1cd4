// SPDX-License-Identifier: MIT
#include "foundation/config/places.h"

#include <sys/stat.h>

#include <filesystem>

#include "foundation/platform/files.h"
#include "foundation/platform/user_switch.h"

namespace pryx::config {
namespace {

Places below(PlacesKind kind, std::string home) {
  Places places;
  places.kind = kind;
  places.config = home + "/config";
  places.data = home + "/data";
  places.state = home + "/state";
  places.cache = home + "/cache";
  places.run = home + "/run";
  places.home = std::move(home);
  return places;
}

// The XDG rules: a relative value is as good as none.
std::string xdg(const platform::Environment& environment, std::string_view name,
                const std::string& fallback) {
  const auto value = environment.find(name);
  return (value && value->starts_with('/') ? *value : fallback) + "/pryx";
}

Result<std::string> user_home(const platform::Environment& environment, uid_t uid) {
  const auto home = environment.find("HOME");
  if (home && home->starts_with('/')) return *home;
  PRYX_TRY(const auto user, platform::get_user(uid));
  if (!user.home.starts_with('/')) {
    return fail(ErrorCode::kInvalidArgument, "user {} has no home directory; set HOME or PRYX_HOME",
                user.name);
  }
  return user.home;
}

// /run/user/UID is made by the login manager; one of another owner is not ours to use.
bool is_own_directory(const std::string& path, uid_t uid) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == uid;
}

}  // namespace

Result<Places> find_places(const platform::Environment& environment, uid_t uid) {
  if (const auto given = environment.find("PRYX_HOME")) {
    std::error_code error;
    std::string home = std::filesystem::absolute(*given, error).lexically_normal().string();
    if (error)
      return fail(ErrorCode::kInvalidArgument, "PRYX_HOME '{}' is no usable path: {}", *given,
                  error.message());
    while (home.size() > 1 && home.ends_with('/')) home.pop_back();
    return below(PlacesKind::kPortable, std::move(home));
  }
  if (uid == 0) return below(PlacesKind::kSystem, std::string(kSystemHome));

  PRYX_TRY(const std::string home, user_home(environment, uid));
  Places places;
  places.config = xdg(environment, "XDG_CONFIG_HOME", home + "/.config");
  places.data = xdg(environment, "XDG_DATA_HOME", home + "/.local/share");
  places.state = xdg(environment, "XDG_STATE_HOME", home + "/.local/state");
  places.cache = xdg(environment, "XDG_CACHE_HOME", home + "/.cache");
  const auto runtime = environment.find("XDG_RUNTIME_DIR");
  const std::string usual = fmt::format("/run/user/{}", uid);
  if (runtime && runtime->starts_with('/'))
    places.run = *runtime + "/pryx";
  else if (is_own_directory(usual, uid))
    places.run = usual + "/pryx";
  else
    places.run = places.state + "/run";
  return places;
}

Result<void> create_places(const Places& places) {
  if (!places.home.empty()) PRYX_TRY_VOID(platform::ensure_private_directory(places.home));
  for (const std::string& directory : {places.config, places.agents(), places.tasks(), places.data,
                                       places.state, places.cache, places.run}) {
    PRYX_TRY_VOID(platform::ensure_private_directory(directory));
  }
  return {};
}

}  // namespace pryx::config

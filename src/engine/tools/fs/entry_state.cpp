// SPDX-License-Identifier: MIT
#include "engine/tools/fs/entry_state.h"

#include "engine/tools/fs/file_tool.h"
#include "foundation/crypto/crypto.h"

namespace pryx::tools::fs {
namespace {

using platform::FileType;
using platform::HeldDirectory;
using platform::Symlinks;

std::unexpected<Error> refuse_link(const HeldDirectory& workspace, const std::string& path) {
  const auto target = read_link(workspace, path);
  return fail(ErrorCode::kDenied,
              "'{}' is a symbolic link{}; files are changed by their real path only, so that a link cannot "
              "lead a change elsewhere",
              display_path(path), target ? fmt::format(" to '{}'", encode_name(*target)) : "");
}

}  // namespace

std::optional<FileState> EntryNow::state() const {
  if (!info) return std::nullopt;
  return state_of(bytes, info->mode);
}

FileState state_of(std::string_view bytes, std::uint32_t mode) {
  return {.digest = crypto::sha256_hex(bytes), .mode = mode, .size = bytes.size()};
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

Result<std::vector<std::string>> missing_folders(const HeldDirectory& workspace, const std::string& path) {
  std::vector<std::string> missing;
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    if (!missing.empty()) {
      missing.push_back(folder);
      continue;
    }
    const auto info = workspace.stat_entry(folder);
    if (!info && info.error().code == ErrorCode::kNotFound) {
      missing.push_back(folder);
      continue;
    }
    if (!info) return std::unexpected(explain_change(workspace, path, info.error()));
    if (info->type == FileType::kSymlink) return refuse_link(workspace, folder);
    if (info->type != FileType::kDirectory) {
      return fail(ErrorCode::kInvalidArgument, "'{}' is a {}, not a folder, so '{}' cannot be below it",
                  display_path(folder), platform::file_type_name(info->type), display_path(path));
    }
  }
  return missing;
}

Result<EntryNow> look_at_file(const HeldDirectory& workspace, const std::string& path,
                              std::size_t max_bytes) {
  PRYX_TRY(const auto missing, missing_folders(workspace, path));
  if (!missing.empty()) return EntryNow{};
  auto info = workspace.stat_entry(path);
  if (!info && info.error().code == ErrorCode::kNotFound) return EntryNow{};
  if (!info) return std::unexpected(explain_change(workspace, path, info.error()));
  if (info->type == FileType::kSymlink) return refuse_link(workspace, path);
  if (info->type != FileType::kRegular) {
    return fail(ErrorCode::kInvalidArgument, "'{}' is a {}, not a file", display_path(path),
                platform::file_type_name(info->type));
  }
  if (info->size > max_bytes) {
    return fail(ErrorCode::kTooLarge, "'{}' has {} bytes; files of up to {} bytes are changed here",
                display_path(path), info->size, max_bytes);
  }
  auto bytes = workspace.read_file(path, max_bytes, Symlinks::kRefuse);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) return EntryNow{};
  if (!bytes) return std::unexpected(explain_change(workspace, path, bytes.error()));
  return EntryNow{std::move(*info), std::move(*bytes)};
}

Result<std::uint32_t> mode_below(const HeldDirectory& workspace, const std::string& folder, EntryKind kind) {
  auto info = workspace.stat(folder, Symlinks::kRefuse);
  if (!info) return std::unexpected(explain_change(workspace, folder, info.error()));
  return info->mode & (kind == EntryKind::kFolder ? 0755u : 0644u);
}

bool is_state(const EntryNow& now, const std::optional<FileState>& state) {
  if (!now.info || !state) return !now.info && !state;
  return now.bytes.size() == state->size && crypto::sha256_hex(now.bytes) == state->digest;
}

namespace {

Result<void> make_folder(const HeldDirectory& workspace, const Change& change) {
  const auto made = workspace.make_directory(change.path, change.after->mode);
  if (made || made.error().code != ErrorCode::kConflict) return made;
  const auto info = workspace.stat_entry(change.path);
  if (info && info->type == FileType::kDirectory) return {};
  return made;
}

}  // namespace

Result<void> make_change(const HeldDirectory& workspace, const Change& change, const std::string& new_bytes) {
  Result<void> done;
  if (change.kind == EntryKind::kFolder) {
    done = change.after ? make_folder(workspace, change) : workspace.remove_directory(change.path);
  } else {
    PRYX_TRY(const EntryNow now, look_at_file(workspace, change.path));
    if (is_state(now, change.after)) return {};  // an attempt before a crash did it
    if (!is_state(now, change.before)) {
      return fail(ErrorCode::kConflict,
                  "'{}' was changed by something else meanwhile, so it was left alone; read it again",
                  display_path(change.path));
    }
    if (!change.after)
      done = workspace.remove_file(change.path);
    else
      done = workspace.write_file(change.path, new_bytes, change.after->mode,
                                  change.before ? platform::Existing::kReplace : platform::Existing::kRefuse);
  }
  if (!done) return std::unexpected(explain_change(workspace, change.path, done.error()));
  return {};
}

Error explain_change(const HeldDirectory& workspace, const std::string& path, const Error& error) {
  const std::string shown = display_path(path);
  switch (error.code) {
    case ErrorCode::kDenied:
      return {ErrorCode::kDenied,
              fmt::format("'{}' was not changed: a symbolic link is on the way, or it leads outside of the "
                          "workspace; files are changed by their real path only",
                          shown),
              -1};
    case ErrorCode::kForbidden: {
      const auto info = workspace.stat_entry(path);
      const bool is_read_only = info && (info->mode & 0222u) == 0;
      return {ErrorCode::kForbidden,
              fmt::format("'{}' was not changed: {}", shown,
                          is_read_only ? "it is read-only; its owner must allow writing first"
                                       : "the file system gives no permission there"),
              -1};
    }
    case ErrorCode::kConflict:
      return {ErrorCode::kConflict,
              fmt::format("'{}' was not changed: something else made or filled it meanwhile", shown), -1};
    case ErrorCode::kNotFound:
      return {ErrorCode::kNotFound, fmt::format("'{}' was not changed: it or its folder went away", shown),
              -1};
    case ErrorCode::kInvalidArgument:
      for (const std::string_view part : split(path, '/')) {
        if (part.size() > 255)
          return {ErrorCode::kInvalidArgument,
                  "a name in the path is longer than the 255 bytes that file systems allow", -1};
      }
      return {ErrorCode::kInvalidArgument, error.message, -1};
    default:
      return error;
  }
}

bool is_for_the_model(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kDenied:
    case ErrorCode::kForbidden:
    case ErrorCode::kConflict:
    case ErrorCode::kTooLarge:
    case ErrorCode::kUnsupported:
      return true;
    default:
      return false;
  }
}

}  // namespace pryx::tools::fs

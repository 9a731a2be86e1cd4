// SPDX-License-Identifier: MIT
#include "engine/tools/fs/file_tool.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine/tools/fs/path_pattern.h"
#include "foundation/base/text.h"

namespace pryx::tools::fs {
namespace {

using platform::FileType;
using platform::HeldDirectory;

constexpr std::size_t kSuggestFrom = 2000;  // names looked at for "did you mean"
constexpr std::size_t kSuggestions = 3;

trust::Labels file_labels(const Principal& principal) {
  trust::Labels out{"file"};
  const auto added = out.add(fmt::format("principal:{}", principal.id.str()));
  return added ? out : trust::Labels::unreadable();
}

// The names in the folder that look most like the one asked for.
std::vector<std::string> similar_names(const HeldDirectory& workspace, const std::string& folder,
                                       std::string_view wanted, const DeniedPaths& denied) {
  const auto listing = workspace.list(folder, kSuggestFrom);
  if (!listing) return {};
  const std::string lower = lower_ascii(wanted);
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (const auto& entry : listing->entries) {
    if (denied.are_behind(workspace, join_path(folder, entry.name))) continue;
    const std::string name = lower_ascii(entry.name);
    std::size_t distance = edit_distance(lower, name);
    // "readme" for README.md: the same beginning is nearer than its length says.
    if (wanted.size() >= 3 && name.starts_with(lower)) distance = std::min<std::size_t>(distance, 1);
    if (distance <= std::max<std::size_t>(2, wanted.size() / 3))
      ranked.emplace_back(distance, join_path(folder, entry.name));
  }
  std::ranges::sort(ranked);
  std::vector<std::string> out;
  for (const auto& [distance, path] : ranked) {
    if (out.size() < kSuggestions) out.push_back(fmt::format("'{}'", display_path(path)));
  }
  return out;
}

ToolOutcome explain_missing(const HeldDirectory& workspace, std::string_view path,
                            const DeniedPaths& denied) {
  std::string folder;
  for (const std::string_view part : split_path(path)) {
    const std::string here = join_path(folder, part);
    const auto info = workspace.stat(here);
    if (info && info->type == FileType::kDirectory) {
      folder = here;
      continue;
    }
    if (info) {
      return refusal(fmt::format("'{}' is a {}, not a folder, so '{}' cannot exist.", display_path(here),
                                 platform::file_type_name(info->type), display_path(path)));
    }
    const auto entry = workspace.stat_entry(here);
    if (entry && entry->type == FileType::kSymlink) {
      return refusal(
          fmt::format("'{}' is a symbolic link to something that does not exist.", display_path(here)));
    }
    const auto similar = similar_names(workspace, folder, part, denied);
    const std::string hint = similar.empty()
                                 ? fmt::format("Use fs.list to see what is in '{}'.", display_path(folder))
                                 : fmt::format("Did you mean {}?", fmt::join(similar, " or "));
    return refusal(fmt::format("There is no '{}' in the workspace. {}", display_path(here), hint));
  }
  return refusal(fmt::format("'{}' went away meanwhile. Try again.", display_path(path)));
}

}  // namespace

FileTool::FileTool(async::WorkerPool& pool, std::string_view name, std::string_view text,
                   std::string_view parameters)
    : pool_(pool) {
  auto schema = json::parse_object(parameters);
  PRYX_CHECK(schema.has_value());
  description_.name = name;
  description_.description = text;
  description_.parameters = std::move(*schema);
  description_.effect = EffectClass::kPure;
  description_.risk = Risk::kLow;
  description_.read_only = true;
}

Result<Touches> FileTool::touches(const json::object& arguments) const {
  return touches_path(json::string_or(arguments, "path"));
}

async::Task<Result<ToolOutcome>> FileTool::run(const GatePass&, json::object arguments, ToolContext context) {
  if (!context.workspace) {
    co_return refusal(
        "This session has no workspace folder that can be opened, so there are no files to work with.");
  }
  auto job = [this, arguments = std::move(arguments), workspace = context.workspace,
              denied =
                  DeniedPaths(std::move(context.denied_paths))](std::stop_token stop) -> Result<ToolOutcome> {
    const auto path = path_argument(arguments);
    if (path && denied.are_behind(*workspace, path->bytes)) return denied_refusal(path->bytes);
    auto outcome = perform(arguments, *workspace, denied, stop);
    // A result that was cut short by the stop must not pass for the whole.
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "{}: cancelled", description_.name);
    return outcome;
  };
  Result<ToolOutcome> outcome = co_await pool_.run(std::move(job));
  if (outcome) outcome->labels = file_labels(context.principal);
  co_return outcome;
}

ToolOutcome refusal(std::string text) {
  ToolOutcome out;
  out.ok = false;
  out.text = std::move(text);
  out.summary = out.text;
  return out;
}

ToolOutcome denied_refusal(std::string_view path) {
  return refusal(
      fmt::format("'{}' is denied by the policy, or leads through a link to what is.", display_path(path)));
}

std::string render_path(const json::object& arguments) {
  const std::string path = json::string_or(arguments, "path");
  return path.empty() ? std::string(".") : encode_name(decode_name(path));
}

std::size_t count_argument(const json::object& arguments, std::string_view key, std::size_t fallback,
                           std::size_t most) {
  const std::int64_t value = json::integer_or(arguments, key, static_cast<std::int64_t>(fallback));
  return static_cast<std::size_t>(std::clamp<std::int64_t>(value, 0, static_cast<std::int64_t>(most)));
}

std::expected<WorkspacePath, ToolOutcome> path_argument(const json::object& arguments) {
  const std::string text = json::string_or(arguments, "path");
  auto path = parse_workspace_path(text);
  if (!path) return std::unexpected(refusal(path.error().message));
  if (path->outside) {
    return std::unexpected(refusal(fmt::format(
        "'{}' is outside of the workspace. Use a path relative to the workspace, such as 'src/main.cpp'.",
        render_path(arguments))));
  }
  return std::move(*path);
}

Result<ToolOutcome> explain(const HeldDirectory& workspace, std::string_view path, const Error& error,
                            const DeniedPaths& denied) {
  switch (error.code) {
    case ErrorCode::kNotFound:
      return explain_missing(workspace, path, denied);
    case ErrorCode::kDenied:
      return refusal(fmt::format(
          "'{}' cannot be used: a symbolic link on the way leads outside of the workspace or in a circle. "
          "fs.stat shows where a link points.",
          display_path(path)));
    case ErrorCode::kForbidden:
      return refusal(
          fmt::format("'{}' may not be read: the file system gives no permission.", display_path(path)));
    case ErrorCode::kInvalidArgument: {
      for (const std::string_view part : split_path(path)) {
        if (part.size() > 255)
          return refusal("A name in the path is longer than the 255 bytes that file systems allow.");
      }
      return explain_missing(workspace, path, denied);
    }
    case ErrorCode::kUnavailable:
    case ErrorCode::kUnsupported:
      return refusal(fmt::format("'{}' cannot be opened for reading.", display_path(path)));
    default:
      return std::unexpected(error);
  }
}

Result<std::string> read_link(const HeldDirectory& workspace, std::string_view path) {
  const std::size_t slash = path.rfind('/');
  const std::string_view folder =
      slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
  const std::string name(slash == std::string_view::npos ? path : path.substr(slash + 1));
  PRYX_TRY(const HeldDirectory parent, workspace.open_directory(folder));
  std::string target(kMaxPathBytes, '\0');
  const ssize_t length = ::readlinkat(parent.fd(), name.c_str(), target.data(), target.size());
  if (length < 0)
    return std::unexpected(
        platform::system_error(fmt::format("read the link '{}'", display_path(path)), errno));
  target.resize(static_cast<std::size_t>(length));
  return target;
}

std::string counted(std::size_t n, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

}  // namespace pryx::tools::fs

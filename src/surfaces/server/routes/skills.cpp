// SPDX-License-Identifier: MIT
#include "surfaces/server/skill_admin.h"

#include "foundation/base/text.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server {

json::object SkillView::to_json() const {
  json::object out = skill.to_json();
  out["text"] = to_valid_utf8(text);
  json::array list;
  for (const std::string& file : files) list.emplace_back(file);
  out["files"] = std::move(list);
  return out;
}

namespace routes {
namespace {

// {path, text} or {path, base64}, and perhaps `executable`.
Result<skills::SkillFile> file_of(const json::value& item) {
  const json::object* entry = item.if_object();
  if (entry == nullptr) return fail(ErrorCode::kInvalidArgument, "each file must be an object");
  skills::SkillFile file;
  PRYX_TRY(file.path, json::get_string(*entry, "path"));
  PRYX_TRY(const auto text, json::find_string(*entry, "text"));
  PRYX_TRY(const auto encoded, json::find_string(*entry, "base64"));
  PRYX_TRY(file.executable, json::find_bool(*entry, "executable"));
  if (text.has_value() == encoded.has_value())
    return fail(ErrorCode::kInvalidArgument, "the file '{}' needs either text or base64",
                utf8_prefix(file.path, 200));
  if (text) {
    file.bytes = *text;
    return file;
  }
  auto bytes = from_base64(*encoded);
  if (!bytes)
    return fail(ErrorCode::kInvalidArgument, "the file '{}' is not valid base64",
                utf8_prefix(file.path, 200));
  file.bytes = std::move(*bytes);
  return file;
}

}  // namespace

async::Task<Result<Reply>> list_skills(RouteCall& call) {
  PRYX_CO_TRY(const auto found,
              co_await call.services().skills.list(call.caller(), query_or(call, "workspace")));
  json::array items;
  for (const skills::Skill& skill : found) items.push_back(skill.to_json());
  co_return Reply::of(list_body(std::move(items)));
}

async::Task<Result<Reply>> get_skill(RouteCall& call) {
  PRYX_CO_TRY(const SkillView view, co_await call.services().skills.get(
                                        call.caller(), query_or(call, "workspace"), call.path_values.at(0)));
  co_return Reply::of(view.to_json());
}

async::Task<Result<Reply>> get_skill_file(RouteCall& call) {
  const std::string path = query_or(call, "path");
  PRYX_CO_TRY(const skills::SkillFile file,
              co_await call.services().skills.read(call.caller(), query_or(call, "workspace"),
                                                   call.path_values.at(0), path));
  const bool is_text = is_valid_utf8(file.bytes);
  json::object body{
      {"path", path}, {"size", file.bytes.size()}, {"executable", file.executable.value_or(false)}};
  body["text"] = is_text ? json::value(file.bytes) : json::value(nullptr);
  body["base64"] = is_text ? json::value(nullptr) : json::value(to_base64(file.bytes));
  co_return Reply::of(body);
}

async::Task<Result<Reply>> put_skill(RouteCall& call) {
  const json::value* given = json::find(call.body, "files");
  if (given == nullptr || !given->is_array())
    co_return fail(ErrorCode::kInvalidArgument, "files must be a list of the files of the skill");
  PRYX_CO_TRY(const auto replace, json::find_bool(call.body, "replace"));
  std::vector<skills::SkillFile> files;
  for (const json::value& item : given->get_array()) {
    PRYX_CO_TRY(skills::SkillFile file, file_of(item));
    files.push_back(std::move(file));
  }
  PRYX_CO_TRY(const SkillView view,
              co_await call.services().skills.put(call.caller(), call.path_values.at(0), std::move(files),
                                                  replace.value_or(false)));
  co_return Reply::of(view.to_json());
}

async::Task<Result<Reply>> delete_skill(RouteCall& call) {
  PRYX_CO_TRY_VOID(co_await call.services().skills.remove(call.caller(), call.path_values.at(0)));
  co_return Reply::empty();
}

}  // namespace routes
}  // namespace pryx::server

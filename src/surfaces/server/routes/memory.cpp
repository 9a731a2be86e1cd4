// SPDX-License-Identifier: MIT
#include "surfaces/server/encode.h"
#include "surfaces/server/routes/routes.h"

namespace pryx::server::routes {
namespace {

Result<std::optional<memory::MemoryType>> parse_type(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto type = memory::memory_type_from_text(text);
  if (!type) return fail(ErrorCode::kInvalidArgument, "type must be daily, longterm or session");
  return type;
}

json::array encode_all(const std::vector<memory::Memory>& memories) {
  json::array items;
  for (const memory::Memory& memory : memories) items.push_back(encode(memory));
  return items;
}

}  // namespace

async::Task<Result<Reply>> list_memories(RouteCall& call) {
  memory::ListRequest request;
  PRYX_CO_TRY(const std::int64_t limit, limit_of(call, 50, 100));
  request.limit = static_cast<std::size_t>(limit);
  PRYX_CO_TRY(request.type, parse_type(query_or(call, "type")));
  const std::string cursor = query_or(call, "cursor");
  if (!cursor.empty()) {
    PRYX_CO_TRY(request.before, MemoryId::parse(cursor));
  }
  PRYX_CO_TRY(const auto found, co_await call.services().memory.list(call.caller(), std::move(request)));
  const bool is_full = found.size() == static_cast<std::size_t>(limit);
  co_return Reply::of(list_body(encode_all(found), is_full ? found.back().id.str() : std::string()));
}

async::Task<Result<Reply>> save_memory(RouteCall& call) {
  memory::SaveRequest request;
  PRYX_CO_TRY(request.text, json::get_string(call.body, "text"));
  PRYX_CO_TRY(const auto type_text, json::find_string(call.body, "type"));
  PRYX_CO_TRY(const auto type, parse_type(type_text.value_or("")));
  if (type) request.type = *type;
  PRYX_CO_TRY(auto key, json::find_string(call.body, "idempotency_key"));
  request.idempotency_key = std::move(key).value_or("");
  request.labels = trust::Labels::owner(call.principal().str());
  PRYX_CO_TRY(const memory::Memory saved,
              co_await call.services().memory.save(call.caller(), std::move(request)));
  co_return Reply::of(encode(saved), 201);
}

async::Task<Result<Reply>> search_memories(RouteCall& call) {
  memory::SearchRequest request;
  PRYX_CO_TRY(request.query, json::get_string(call.body, "query"));
  PRYX_CO_TRY(const auto limit, json::find_integer(call.body, "limit"));
  if (limit && (*limit < 1 || *limit > 100))
    co_return fail(ErrorCode::kInvalidArgument, "limit must be a number from 1 to 100");
  if (limit) request.limit = static_cast<std::size_t>(*limit);
  PRYX_CO_TRY(const auto type_text, json::find_string(call.body, "type"));
  PRYX_CO_TRY(request.type, parse_type(type_text.value_or("")));
  PRYX_CO_TRY(const auto found, co_await call.services().memory.search(call.caller(), std::move(request)));
  co_return Reply::of(list_body(encode_all(found)));
}

async::Task<Result<Reply>> get_memory(RouteCall& call) {
  PRYX_CO_TRY(MemoryId id, path_id<MemoryId>(call));
  PRYX_CO_TRY(const memory::Memory found, co_await call.services().memory.get(call.caller(), std::move(id)));
  co_return Reply::of(encode(found));
}

async::Task<Result<Reply>> delete_memory(RouteCall& call) {
  PRYX_CO_TRY(MemoryId id, path_id<MemoryId>(call));
  PRYX_CO_TRY_VOID(co_await call.services().memory.remove(call.caller(), std::move(id)));
  co_return Reply::empty();
}

}  // namespace pryx::server::routes

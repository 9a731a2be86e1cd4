// SPDX-License-Identifier: MIT
#include "admin.h"

namespace pryx::app {

async::Task<Result<std::vector<memory::Memory>>> Memories::list(Caller caller, memory::ListRequest request) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kRead));
  co_return co_await store_.list(caller.principal, std::move(request));
}

async::Task<Result<memory::Memory>> Memories::save(Caller caller, memory::SaveRequest request) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kChat));
  memory::Memory memory{.id = {},
                        .type = request.type,
                        .text = request.text,
                        .labels = request.labels,
                        .session = request.session,
                        .created_at = loop_.clock().wall()};
  PRYX_CO_TRY(const auto saved, co_await store_.save(caller.principal, std::move(request)));
  memory.id = saved.id;
  memory.labels.join(trust::Labels{"memory"});
  co_return memory;
}

async::Task<Result<std::vector<memory::Memory>>> Memories::search(Caller caller,
                                                                  memory::SearchRequest request) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kRead));
  co_return co_await store_.search(caller.principal, std::move(request));
}

async::Task<Result<memory::Memory>> Memories::get(Caller caller, MemoryId id) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kRead));
  PRYX_CO_TRY(auto found, co_await store_.find(caller.principal, id));
  if (!found) co_return fail(ErrorCode::kNotFound, "there is no memory {}", id.str());
  co_return std::move(*found);
}

async::Task<Result<void>> Memories::remove(Caller caller, MemoryId id) {
  PRYX_CO_TRY_VOID(caller.require(Scope::kChat));
  PRYX_CO_TRY(const bool removed, co_await store_.remove(caller.principal, id));
  if (!removed) co_return fail(ErrorCode::kNotFound, "there is no memory {}", id.str());
  co_return Result<void>{};
}

async::Task<Result<void>> Memories::forget_session(Caller caller, SessionId session) {
  PRYX_CO_TRY_VOID(co_await store_.remove_session(caller.principal, std::move(session)));
  co_return Result<void>{};
}

}  // namespace pryx::app

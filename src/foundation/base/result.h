// SPDX-License-Identifier: MIT
// Result<T>: a value or an Error. Absence is std::optional, denial is a value; Error is a failure that
// somebody must report.
#pragma once
#include <fmt/format.h>

#include <expected>
#include <string>
#include <utility>

#include "foundation/base/error.h"

namespace pryx {

template <class T = void>
using Result = std::expected<T, Error>;

// return fail(ErrorCode::kStorage, "open store {}: {}; free some disk space", path, reason);
template <class... Args>
[[nodiscard]] std::unexpected<Error> fail(ErrorCode code, fmt::format_string<Args...> format,
                                          Args&&... args) {
  return std::unexpected<Error>(Error{code, fmt::format(format, std::forward<Args>(args)...), -1});
}

[[nodiscard]] inline std::unexpected<Error> fail(Error error) {
  return std::unexpected<Error>(std::move(error));
}

// Logic bugs only, never input. Stays on in release: a clean crash and a supervised restart beat wrong data.
[[noreturn]] void check_failed(const char* expression, const char* file, int line);

}  // namespace pryx

#define PRYX_CONCAT_INNER(a, b) a##b
#define PRYX_CONCAT(a, b) PRYX_CONCAT_INNER(a, b)
#define PRYX_CHECK(expression)                                                \
  do {                                                                        \
    if (!(expression)) ::pryx::check_failed(#expression, __FILE__, __LINE__); \
  } while (false)

// PRYX_TRY(auto row, read_row()); returns the error of read_row() from the enclosing function. For
// Result<void>: PRYX_TRY_VOID(f());
#define PRYX_TRY_AS(tmp, declaration, expression)           \
  auto tmp = (expression);                                  \
  if (!tmp) return std::unexpected(std::move(tmp.error())); \
  declaration = std::move(*tmp)
#define PRYX_TRY(declaration, expression) PRYX_TRY_AS(PRYX_CONCAT(try_, __LINE__), declaration, expression)
#define PRYX_TRY_VOID(expression)                                       \
  do {                                                                  \
    auto try_void = (expression);                                       \
    if (!try_void) return std::unexpected(std::move(try_void.error())); \
  } while (false)
#define PRYX_CO_TRY_AS(tmp, declaration, expression)           \
  auto tmp = expression;                                       \
  if (!tmp) co_return std::unexpected(std::move(tmp.error())); \
  declaration = std::move(*tmp)
// PRYX_CO_TRY(auto row, co_await read_row());
#define PRYX_CO_TRY(declaration, expression) \
  PRYX_CO_TRY_AS(PRYX_CONCAT(try_, __LINE__), declaration, expression)
#define PRYX_CO_TRY_VOID(expression)                                       \
  do {                                                                     \
    auto try_void = expression;                                            \
    if (!try_void) co_return std::unexpected(std::move(try_void.error())); \
  } while (false)

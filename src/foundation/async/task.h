// SPDX-License-Identifier: MIT
// Task<T>: the coroutine type of the whole house. Everything that awaits runs on the one I/O thread.
#pragma once
#include <boost/asio/awaitable.hpp>

#include "foundation/base/result.h"

namespace pryx::async {

// Cancellation never throws: an operation that was cancelled returns Error{kCancelled}. Rules: docs/style.md,
// coroutines.
template <class T = void>
using Task = boost::asio::awaitable<T>;

}  // namespace pryx::async

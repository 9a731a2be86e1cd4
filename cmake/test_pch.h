// SPDX-License-Identifier: MIT
// What every test reads beside the headers of pch.h. System headers only.
#pragma once
#include "pch.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>

namespace pryx::testing {

// Instantiated in the precompiled header instead of in every test: a virtual loop makes this conversion, and
// it is the dearest one of the library.
inline boost::asio::any_io_executor executor_of(boost::asio::io_context& context) {
  return context.get_executor();
}

}  // namespace pryx::testing

// SPDX-License-Identifier: MIT
// What an export would take out of a session, for a person who looks before the file is written. Pure; any
// thread.
#pragma once
#include <cstdint>
#include <vector>

#include "foundation/base/json.h"
#include "foundation/base/secret.h"

namespace pryx::server {

struct PreviewPage {
  std::int64_t skip = 0;  // so many were shown before
  std::int64_t limit = 50;
};

// `content` of a whole session document. Places of the page, counts of everything; without `session_id`.
[[nodiscard]] json::object preview_redaction(const json::object& content, std::vector<Secret> secrets,
                                             const PreviewPage& page);

}  // namespace pryx::server

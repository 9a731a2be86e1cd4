// SPDX-License-Identifier: MIT
// Entries as they leave the daemon: lines of JSON that pryx-audit-verify reads, or rows of CSV. Pure. Each
// line is RFC 8785 JSON: its bytes are what is hashed.
#pragma once
#include <string>
#include <string_view>

#include "trust/audit/audit_log.h"

namespace pryx::audit {

[[nodiscard]] std::string export_head(std::string_view origin, std::uint64_t size);
[[nodiscard]] std::string export_entry(const Row& row);
[[nodiscard]] std::string export_tail(std::string_view note);

[[nodiscard]] std::string csv_head();
// A cell that a spreadsheet would take for a formula gets an apostrophe in front.
[[nodiscard]] std::string csv_row(const Row& row);

}  // namespace pryx::audit

// SPDX-License-Identifier: MIT
#include "trust/audit/export_lines.h"

#include "foundation/base/text.h"

namespace pryx::audit {
namespace {

void add_cell(std::string& out, std::string_view text) {
  if (!out.empty()) out += ',';
  out += '"';
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) out += '\'';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

}  // namespace

std::string export_head(std::string_view origin, std::uint64_t size) {
  return json::canonical(json::object{{"export", "pryx-audit/1"}, {"origin", origin}, {"size", size}});
}

std::string export_entry(const Row& row) {
  const std::string bytes = leaf_bytes(row);
  std::string out = "{\"entry\":" + bytes;
  if (row.state == Personal::kErased || row.state == Personal::kSealed) out += ",\"erased\":true";
  out += ",\"leaf\":\"" + to_hex(hash_leaf(bytes)) + '"';
  if (row.state == Personal::kPresent)
    out += ",\"personal\":" + json::canonical(row.entry.personal) + ",\"salt\":\"" + row.salt + '"';
  return out + '}';
}

std::string export_tail(std::string_view note) { return json::canonical(json::object{{"checkpoint", note}}); }

std::string csv_head() {
  return "index,at,kind,actor,principal_id,session_id,turn_id,step_id,subject,success,detail,personal,"
         "leaf\r\n";
}

std::string csv_row(const Row& row) {
  const Entry& e = row.entry;
  std::string out = fmt::format("{}", row.index);
  add_cell(out, to_rfc3339(row.at));
  for (const std::string_view text :
       {std::string_view(e.kind), std::string_view(e.actor), std::string_view(e.principal.str()),
        std::string_view(e.session.str()), std::string_view(e.turn.str()), std::string_view(e.step.str()),
        std::string_view(e.subject)})
    add_cell(out, text);
  add_cell(out, !e.success ? "" : *e.success ? "true" : "false");
  add_cell(out, json::canonical(e.detail));
  add_cell(out, e.personal.empty() ? std::string() : json::canonical(e.personal));
  add_cell(out, to_hex(hash_leaf(leaf_bytes(row))));
  return out + "\r\n";
}

}  // namespace pryx::audit

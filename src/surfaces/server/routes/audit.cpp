// SPDX-License-Identifier: MIT
#include <algorithm>
#include <charconv>

#include "foundation/base/text.h"
#include "surfaces/server/encode.h"
#include "surfaces/server/problem.h"
#include "surfaces/server/routes/routes.h"
#include "trust/audit/audit_tree.h"
#include "trust/audit/checkpointer.h"
#include "trust/audit/export_lines.h"

namespace pryx::server::routes {
namespace {

constexpr std::int64_t kRowsAtOnce = 500;      // of an export: one read, one write to the peer
constexpr std::size_t kMaxKeptNotes = 10'000;  // in one request to verify

Result<std::optional<std::int64_t>> number_of(const RouteCall& call, std::string_view name) {
  const std::string text = query_or(call, name);
  if (text.empty()) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0)
    return fail(ErrorCode::kInvalidArgument, "{} must be a whole number, not '{}'", name,
                utf8_prefix(text, 40));
  return number;
}

Result<audit::Query> audit_filter(const RouteCall& call) {
  audit::Query query{.principal = call.principal(),
                     .session = query_or(call, "session"),
                     .turn = query_or(call, "turn"),
                     .tool = query_or(call, "tool"),
                     .surface = query_or(call, "surface"),
                     .action = query_or(call, "action")};
  PRYX_TRY(query.after, time_of(call, "after"));
  PRYX_TRY(query.before, time_of(call, "before"));
  if (const std::string success = query_or(call, "success"); !success.empty()) {
    if (success != "true" && success != "false")
      return fail(ErrorCode::kInvalidArgument, "success must be true or false");
    query.success = success == "true";
  }
  return query;
}

Result<audit::Query> audit_query(const RouteCall& call) {
  PRYX_TRY(audit::Query query, audit_filter(call));
  PRYX_TRY(query.limit, limit_of(call, 50, 200));
  const auto cursor = number_of(call, "cursor");
  if (!cursor) return fail(ErrorCode::kInvalidArgument, "the cursor is not one of ours; start without it");
  query.below = cursor->value_or(INT64_MAX);
  return query;
}

// A user is named by the principal's id or by its word without the prefix.
bool names_somebody_else(const RouteCall& call) {
  const std::string user = query_or(call, "user");
  return !user.empty() && user != call.principal().str() && "prn_" + user != call.principal().str();
}

Reply json_reply(const json::object& body) {
  return {.status = 200, .body = json::canonical(body), .headers = {}};
}

json::array hex_of(const std::vector<audit::Digest>& path) {
  json::array out;
  for (const audit::Digest& hash : path) out.push_back(json::value(to_hex(hash)));
  return out;
}

enum class Format : std::uint8_t { kJson, kJsonLines, kCsv };

Result<Format> format_of(const RouteCall& call) {
  const std::string name = query_or(call, "format");
  if (name.empty() || name == "jsonl") return Format::kJsonLines;
  if (name == "json") return Format::kJson;
  if (name == "csv") return Format::kCsv;
  return fail(ErrorCode::kInvalidArgument, "format must be json, jsonl or csv");
}

struct Export {
  Format format = Format::kJsonLines;
  std::int64_t first = 1, last = 0;  // rows of this answer
  bool is_opening = true;            // the first page of what is asked for, wherever in the log that is
  audit::StoredCheckpoint checkpoint;
  [[nodiscard]] bool is_end() const { return last >= static_cast<std::int64_t>(checkpoint.size); }
};

// An export goes up to a checkpoint. A page after the first names the first one's size.
async::Task<Result<Export>> plan_export(RouteCall& call) {
  Export plan;
  PRYX_CO_TRY(plan.format, format_of(call));
  PRYX_CO_TRY(const auto size, number_of(call, "size"));
  PRYX_CO_TRY(const auto from, number_of(call, "from"));
  PRYX_CO_TRY(const auto limit, number_of(call, "limit"));
  if ((limit || from || size) && plan.format == Format::kJson)
    co_return fail(ErrorCode::kInvalidArgument, "pages exist in the formats jsonl and csv only");
  if (size) {
    PRYX_CO_TRY(const auto found, co_await call.services().database.read([&](db::Connection& c) {
      return audit::find_checkpoint(c, static_cast<std::uint64_t>(*size));
    }));
    if (!found) co_return fail(ErrorCode::kInvalidArgument, "there is no checkpoint of {} entries", *size);
    plan.checkpoint = *found;
  } else {
    PRYX_CO_TRY(plan.checkpoint, co_await call.services().checkpoints.make());
  }
  const auto end = static_cast<std::int64_t>(plan.checkpoint.size);
  plan.first = std::max<std::int64_t>(from.value_or(1), 1);
  plan.is_opening = plan.first == 1 || !size;
  plan.last = limit && *limit < end ? std::min(end, plan.first - 1 + *limit) : end;
  co_return plan;
}

std::string head_of(const Export& plan, const std::string& origin) {
  // A table has its head wherever it begins; the head of the other formats is that of a whole log.
  if (plan.format == Format::kCsv) return plan.is_opening ? audit::csv_head() : std::string();
  if (plan.first != 1) return {};
  std::string head = audit::export_head(origin, plan.checkpoint.size);
  if (plan.format == Format::kJsonLines) return head + "\n";
  head.pop_back();
  return head + ",\"items\":[";
}

std::string tail_of(const Export& plan) {
  if (!plan.is_end() || plan.format == Format::kCsv) return {};
  const std::string tail = audit::export_tail(plan.checkpoint.note);
  return plan.format == Format::kJsonLines ? tail + "\n" : "]," + tail.substr(1) + "\n";
}

Result<std::string> rows_of(const audit::AuditLog& log, db::Connection& c, const Export& plan,
                            std::int64_t first, std::int64_t last) {
  std::string out;
  PRYX_TRY_VOID(log.walk(c, first, last, [&](const audit::Row& row) {
    if (plan.format == Format::kCsv) {
      out += audit::csv_row(row);
      return true;
    }
    if (plan.format == Format::kJson && row.index != 1) out += ',';
    out += audit::export_entry(row);
    if (plan.format == Format::kJsonLines) out += '\n';
    return true;
  }));
  return out;
}

// What was begun and cannot go on stays without its end: the peer sees a cut answer, and the verifier a log
// without its checkpoint.
async::Task<Result<void>> send_export(RouteCall& call, Export plan) {
  const std::string origin = call.services().checkpoints.public_key().name;
  std::string text = head_of(plan, origin);
  for (std::int64_t first = plan.first; first <= plan.last; first += kRowsAtOnce) {
    const std::int64_t last = std::min(plan.last, first + kRowsAtOnce - 1);
    PRYX_CO_TRY(const std::string rows, co_await call.services().database.read([&](db::Connection& c) {
      return rows_of(call.services().audit, c, plan, first, last);
    }));
    PRYX_CO_TRY_VOID(co_await call.exchange.write(text + rows));
    text.clear();
  }
  text += tail_of(plan);
  if (!text.empty()) PRYX_CO_TRY_VOID(co_await call.exchange.write(text));
  co_return co_await call.exchange.finish();
}

constexpr std::string_view kFilters[] = {"session", "turn",    "tool",  "surface", "action",
                                         "user",    "success", "after", "before"};

bool is_filtered(const RouteCall& call) {
  return std::ranges::any_of(kFilters, [&](std::string_view name) { return !query_or(call, name).empty(); });
}

struct Chosen {
  Format format = Format::kCsv;
  audit::Query query;
  bool is_empty = false;
};

// Single entries prove nothing about those beside them, so that only the formats for reading have them.
Result<Chosen> plan_chosen(const RouteCall& call) {
  Chosen chosen;
  PRYX_TRY(chosen.format, format_of(call));
  if (chosen.format == Format::kJsonLines)
    return fail(ErrorCode::kInvalidArgument,
                "an export that can be verified is whole: filters go with the formats csv and json");
  if (!query_or(call, "size").empty())
    return fail(ErrorCode::kInvalidArgument, "size is that of a whole log; filters go with from and limit");
  PRYX_TRY(chosen.query, audit_filter(call));
  PRYX_TRY(const auto from, number_of(call, "from"));
  PRYX_TRY(const auto limit, number_of(call, "limit"));
  chosen.query.from = std::max<std::int64_t>(from.value_or(1), 1);
  // As in a whole export: `limit` entries of the log from `from` on, and of those the ones that fit.
  if (limit && *limit < INT64_MAX - chosen.query.from) chosen.query.below = chosen.query.from + *limit;
  chosen.query.limit = kRowsAtOnce;
  chosen.is_empty = names_somebody_else(call);
  return chosen;
}

struct Batch {
  std::string text;
  std::int64_t last = 0;  // the oldest of them
  bool is_end = false;
};

Result<Batch> batch_of(const audit::AuditLog& log, db::Connection& c, const Chosen& chosen, bool is_first) {
  PRYX_TRY(const auto rows, log.find(c, chosen.query));
  Batch out{.text = {}, .is_end = rows.size() < static_cast<std::size_t>(kRowsAtOnce)};
  for (const audit::Row& row : rows) {
    out.last = row.index;
    if (chosen.format == Format::kJson && !is_first) out.text += ',';
    is_first = false;
    out.text += chosen.format == Format::kCsv ? audit::csv_row(row) : json::canonical(encode(row));
  }
  return out;
}

// Newest first, as the list has them.
async::Task<Result<void>> send_chosen(RouteCall& call, Chosen chosen) {
  const bool is_json = chosen.format == Format::kJson;
  std::string text = is_json ? "{\"items\":[" : audit::csv_head();
  bool is_first = true;
  bool is_end = chosen.is_empty;
  while (!is_end) {
    PRYX_CO_TRY(const Batch batch, co_await call.services().database.read([&](db::Connection& c) {
      return batch_of(call.services().audit, c, chosen, is_first);
    }));
    is_end = batch.is_end;
    is_first = is_first && batch.text.empty();
    chosen.query.below = batch.last;
    text += batch.text;
    if (text.empty()) continue;
    PRYX_CO_TRY_VOID(co_await call.exchange.write(text));
    text.clear();
  }
  if (is_json) text += "]}\n";
  if (!text.empty()) PRYX_CO_TRY_VOID(co_await call.exchange.write(text));
  co_return co_await call.exchange.finish();
}

net::Headers export_headers(const RouteCall& call, Format format) {
  net::Headers headers;
  headers.add("Content-Type", format == Format::kCsv    ? "text/csv; charset=utf-8"
                              : format == Format::kJson ? "application/json"
                                                        : "application/jsonl");
  add_common_headers(headers, call.request_id);
  return headers;
}

async::Task<Result<Reply>> export_chosen(RouteCall& call) {
  PRYX_CO_TRY(Chosen chosen, plan_chosen(call));
  const auto started = co_await call.exchange.start_stream(200, export_headers(call, chosen.format));
  const bool has_body = call.request.method != "HEAD";
  if (started && has_body) (void)co_await send_chosen(call, std::move(chosen));
  if (started && !has_body) (void)co_await call.exchange.finish();
  co_return Reply::sent();
}

}  // namespace

async::Task<Result<Reply>> list_audit(RouteCall& call) {
  PRYX_CO_TRY(const audit::Query query, audit_query(call));
  if (names_somebody_else(call)) co_return Reply::of(list_body({}));
  PRYX_CO_TRY(const auto rows, co_await call.services().database.read(
                                   [&](db::Connection& c) { return call.services().audit.find(c, query); }));
  json::array items;
  for (const audit::Row& row : rows) items.push_back(encode(row));
  const bool is_full = rows.size() == static_cast<std::size_t>(query.limit) && rows.back().index > 1;
  co_return Reply::of(
      list_body(std::move(items), is_full ? std::to_string(rows.back().index) : std::string()));
}

async::Task<Result<Reply>> verify_audit(RouteCall& call) {
  audit::VerifyInput input{.log = &call.services().audit, .key = &call.services().checkpoints.public_key()};
  if (const json::value* against = json::find(call.body, "against")) {
    if (!against->is_array() || against->get_array().size() > kMaxKeptNotes)
      co_return fail(ErrorCode::kInvalidArgument, "against must be a list of at most {} checkpoints",
                     kMaxKeptNotes);
    for (const json::value& note : against->get_array()) {
      if (!note.is_string()) co_return fail(ErrorCode::kInvalidArgument, "against must hold texts");
      input.outside.emplace_back(note.get_string());
    }
  }
  PRYX_CO_TRY(audit::Verdict verdict, co_await call.services().database.read(
                                          [&](db::Connection& c) { return audit::verify_log(c, input); }));
  // The checkpoint outside of the database was compared when the daemon started, and each time since.
  if (verdict.ok()) verdict.reason = call.services().checkpoints.problem();
  // Held against notes that somebody brought along it says something of them, not of the log alone.
  if (input.outside.empty()) call.services().checkpoints.note_verified(verdict, call.caller().surface);
  co_return Reply::of(encode(verdict));
}

async::Task<Result<Reply>> get_audit_status(RouteCall& call) {
  const audit::Checkpointer& checkpoints = call.services().checkpoints;
  struct State {
    std::int64_t size = 0;
    std::optional<audit::StoredCheckpoint> last;
  };
  PRYX_CO_TRY(const State state,
              co_await call.services().database.read([](db::Connection& c) -> Result<State> {
                State out;
                PRYX_TRY(out.size, audit::AuditLog::size(c));
                PRYX_TRY(out.last, audit::last_checkpoint(c));
                return out;
              }));
  co_return Reply::of(
      encode(AuditState{.size = state.size,
                        .signed_size = state.last ? state.last->size : 0,
                        .signed_at = state.last ? std::optional(state.last->at) : std::nullopt,
                        .problem = checkpoints.problem(),
                        .verified = checkpoints.verified()}));
}

async::Task<Result<Reply>> get_audit_checkpoint(RouteCall& call) {
  audit::Checkpointer& checkpoints = call.services().checkpoints;
  PRYX_CO_TRY(const audit::StoredCheckpoint made, co_await checkpoints.make());
  co_return Reply::of(json::object{{"size", made.size},
                                   {"at", to_rfc3339(made.at)},
                                   {"note", made.note},
                                   {"key", checkpoints.public_key().to_text()},
                                   {"copies", checkpoints.copies()}});
}

async::Task<Result<Reply>> get_audit_proof(RouteCall& call) {
  PRYX_CO_TRY(const auto index, number_of(call, "index"));
  PRYX_CO_TRY(const auto from, number_of(call, "from"));
  if (index.has_value() == from.has_value())
    co_return fail(ErrorCode::kInvalidArgument,
                   "name the entry (index=N), or the size of an older checkpoint (from=N)");
  PRYX_CO_TRY(const audit::StoredCheckpoint to, co_await call.services().checkpoints.make());
  if (from) {
    PRYX_CO_TRY(const auto proof, co_await call.services().database.read([&](db::Connection& c) {
      return audit::prove_growth(c, static_cast<std::uint64_t>(*from), to.size);
    }));
    co_return json_reply({{"checkpoint", to.note},
                          {"entry", nullptr},
                          {"from", proof.older},
                          {"from_root", to_hex(proof.older_root)},
                          {"index", nullptr},
                          {"leaf", nullptr},
                          {"path", hex_of(proof.path)},
                          {"root", to_hex(proof.root)},
                          {"size", proof.size}});
  }
  std::optional<audit::Row> row;
  PRYX_CO_TRY(const auto proof,
              co_await call.services().database.read([&](db::Connection& c) -> Result<audit::InclusionProof> {
                PRYX_TRY(row, call.services().audit.get(c, call.principal(), *index));
                if (!row) return fail(ErrorCode::kNotFound, "there is no audit entry {}", *index);
                return audit::prove_entry(c, *index, to.size);
              }));
  Reply reply = json_reply({{"checkpoint", to.note},
                            {"from", nullptr},
                            {"from_root", nullptr},
                            {"index", proof.index},
                            {"leaf", to_hex(proof.leaf)},
                            {"path", hex_of(proof.path)},
                            {"root", to_hex(proof.root)},
                            {"size", proof.size}});
  // As it was hashed, byte by byte, so that whoever checks the proof need not take the leaf on trust.
  reply.body.insert(reply.body.find("\"from\":"), fmt::format("\"entry\":{},", audit::leaf_bytes(*row)));
  co_return reply;
}

async::Task<Result<Reply>> export_audit(RouteCall& call) {
  if (is_filtered(call)) co_return co_await export_chosen(call);
  PRYX_CO_TRY(Export plan, co_await plan_export(call));
  net::Headers headers = export_headers(call, plan.format);
  headers.add("Pryx-Audit-Size", std::to_string(plan.checkpoint.size));
  const auto started = co_await call.exchange.start_stream(200, std::move(headers));
  const bool has_body = call.request.method != "HEAD";
  if (started && has_body) (void)co_await send_export(call, std::move(plan));
  if (started && !has_body) (void)co_await call.exchange.finish();
  co_return Reply::sent();
}

}  // namespace pryx::server::routes

// SPDX-License-Identifier: MIT
// pryx audit: what was intended and done, and the proof that nobody rewrote it.
#include <fcntl.h>

#include <algorithm>
#include <climits>

#include "foundation/base/text.h"
#include "foundation/platform/files.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"
#include "trust/audit/checkpoint.h"

namespace pryx::cli {
namespace {

constexpr int kRowsOfAPage = 2'000;  // of an export
constexpr std::size_t kMaxKeptBytes = 512u << 20;
constexpr std::size_t kMaxKeptNotes = 10'000;  // that the daemon takes at once
constexpr int kCheckFailed = 3;

std::string one_line(const json::object& entry) {
  const json::value* personal = json::find(entry, "personal");
  const json::value* detail = json::find(entry, "detail");
  if (const json::value* erased = json::find(entry, "erased"); erased != nullptr && *erased == true)
    return "(erased)";
  if (personal != nullptr) {
    if (const json::value* rendering = json::find(personal->as_object(), "rendering"))
      if (rendering->is_string()) return std::string(rendering->get_string());
    return json::to_text(*personal);
  }
  return detail == nullptr ? std::string() : json::to_text(*detail);
}

// Which entries: of a list and of a filtered export. Their names are those of the API.
constexpr Flag kFilters[] = {
    {"--session", "ID", "of one session"},
    {"--turn", "ID", "of one turn"},
    {"--tool", "NAME", "about this tool, setting, provider…"},
    {"--surface", "NAME", "caused by cli, web, api, file…"},
    {"--action", "KIND", "tool.intent, approval.resolved…; tool.* names all of tool"},
    {"--user", "NAME", "of this person"},
    {"--success", "BOOL", "outcomes that went well (true) or not (false)"}};

constexpr std::string_view name_of(const Flag& flag) { return flag.name.substr(2); }

bool is_filtered(const Invocation& invocation) {
  return std::ranges::any_of(kFilters, [&](const Flag& flag) { return invocation.has(name_of(flag)); });
}

void add_filters(Query& query, const Invocation& invocation) {
  for (const Flag& flag : kFilters) query.add(name_of(flag), invocation.value_or(name_of(flag), ""));
}

std::vector<Flag> with_filters(std::vector<Flag> before, std::vector<Flag> after) {
  before.insert(before.end(), std::begin(kFilters), std::end(kFilters));
  before.insert(before.end(), after.begin(), after.end());
  return before;
}

Result<int> run_list(Context& context, const Invocation& invocation) {
  PRYX_TRY(const auto limit, invocation.find_integer("limit", 1, 200));
  PRYX_TRY(client::ApiClient * api, context.api());
  Query query;
  add_filters(query, invocation);
  for (const char* name : {"after", "before"}) query.add(name, invocation.value_or(name, ""));
  query.add("cursor", invocation.value_or("cursor", "")).add("limit", limit ? fmt::format("{}", *limit) : "");
  PRYX_TRY(const client::Reply reply, api->get(query.on("/api/v1/audit")));
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows;
  for (const json::object& entry : items_of(reply.json)) {
    const bool tty = context.console().options().out_is_tty;
    const std::string at = json::string_or(entry, "at");
    const json::value* success = json::find(entry, "success");
    const std::string ok = success == nullptr ? "" : *success == true ? "ok" : "no";
    rows.push_back({Line(fmt::format("{}", json::integer_or(entry, "index", 0))),
                    Line(tty ? relative_time(at, context.clock().wall()) : at, kDim),
                    Line(json::string_or(entry, "kind")), Line(ok, ok == "no" ? kWarning : kDim),
                    Line(json::string_or(entry, "actor")), Line(json::string_or(entry, "subject")),
                    Line(one_line(entry), kDim)});
  }
  if (rows.empty())
    context.console().note("no entry fits");
  else
    context.console().print_table({{"INDEX"}, {"AT"}, {"ACTION"}, {"OK"}, {"BY"}, {"SUBJECT"}, {"DETAIL"}},
                                  rows);
  return 0;
}

Result<std::int64_t> entry_number(const std::string& text) {
  std::int64_t index = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || index > 1'000'000'000'000)
      return fail(ErrorCode::kInvalidArgument, "an entry is named by its number, not by '{}'", text);
    index = index * 10 + (c - '0');
  }
  return index;
}

Result<json::object> find_entry(client::ApiClient& api, std::int64_t index) {
  PRYX_TRY(const client::Reply reply, api.get(fmt::format("/api/v1/audit?limit=1&cursor={}", index + 1)));
  auto items = items_of(reply.json);
  if (items.empty() || json::integer_or(items.front(), "index", 0) != index)
    return fail(ErrorCode::kNotFound, "there is no audit entry {}", index);
  return std::move(items.front());
}

Result<int> run_show(Context& context, const Invocation& invocation) {
  PRYX_TRY(const std::int64_t index, entry_number(invocation.positional("index")));
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const json::object entry, find_entry(*api, index));
  if (context.wants_json()) {
    context.console().print_json(entry);
    return 0;
  }
  for (const auto& member : entry) {
    if (member.value().is_null()) continue;
    Line line(fmt::format("{:<11} ", std::string_view(member.key())), kDim);
    line.add(member.value().is_string() ? std::string(member.value().get_string())
                                        : json::to_text(member.value()));
    context.console().print(line);
  }
  return 0;
}

// A file of checkpoints: one note, or lines of {"note":…}.
Result<json::array> read_kept(const std::string& path) {
  PRYX_TRY(const std::string text, platform::read_file(path, kMaxKeptBytes));
  json::array notes;
  if (!text.starts_with('{')) {
    notes.push_back(json::value(text));
    return notes;
  }
  for (const std::string_view line : split(text, '\n')) {
    if (trim(line).empty()) continue;
    const auto object = json::parse_object(line);
    const std::string note = object ? json::string_or(*object, "note") : std::string();
    if (note.empty()) return fail(ErrorCode::kCheckFailed, "{} holds a line that is no checkpoint", path);
    notes.push_back(json::value(note));
  }
  if (notes.empty()) return fail(ErrorCode::kCheckFailed, "{} holds no checkpoint", path);
  // Each checkpoint covers all entries before it: the last ones say everything.
  if (notes.size() > kMaxKeptNotes)
    notes.erase(notes.begin(), notes.end() - static_cast<std::ptrdiff_t>(kMaxKeptNotes));
  return notes;
}

Result<int> run_verify(Context& context, const Invocation& invocation) {
  json::object body;
  json::array against;
  for (const std::string& path : invocation.all("against")) {
    PRYX_TRY(json::array notes, read_kept(path));
    for (json::value& note : notes) against.push_back(std::move(note));
  }
  const std::size_t kept = against.size();
  if (kept > 0) body["against"] = std::move(against);
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->post("/api/v1/audit/verify", std::move(body)));
  const json::value* ok = json::find(reply.json, "ok");
  const bool is_good = ok != nullptr && *ok == true;
  if (print_if_json(context, reply)) return is_good ? 0 : kCheckFailed;
  const auto number = [&](std::string_view name) { return json::integer_or(reply.json, name, 0); };
  if (!is_good) {
    const std::int64_t index = number("first_bad_index");
    return fail(ErrorCode::kCheckFailed, "{}{}; keep a copy of the data folder and find out who wrote to it",
                index > 0 ? fmt::format("audit entry {}: ", index) : "the audit log does not verify: ",
                json::string_or(reply.json, "reason"));
  }
  context.console().print(Line(fmt::format("{} entries verify, against {} signed checkpoints", number("rows"),
                                           number("checkpoints"))));
  if (kept == 0)
    context.console().note(
        "a log rewritten together with its checkpoints is only told by one kept elsewhere: --against FILE");
  return 0;
}

Result<audit::Digest> digest_of(std::string_view name, std::string_view hex) {
  const auto bytes = from_hex(hex);
  audit::Digest out{};
  if (!bytes || bytes->size() != out.size())
    return fail(ErrorCode::kCheckFailed, "{} of the proof is no hash", name);
  std::ranges::transform(*bytes, out.begin(),
                         [](char c) { return static_cast<audit::Digest::value_type>(c); });
  return out;
}

Result<audit::Digest> digest_in(const json::object& body, std::string_view name) {
  PRYX_TRY(const std::string text, json::get_string(body, name));
  return digest_of(name, text);
}

// The daemon's word is not taken for anything that can be computed here: that the leaf is the hash of the
// entry, that the path leads from it to a root, that the checkpoint names that root, and that the key signed
// it.
Result<audit::Checkpoint> verify_proof(const json::object& proof, std::int64_t index,
                                       const audit::PublicKey& key) {
  PRYX_TRY(const std::string note, json::get_string(proof, "checkpoint"));
  PRYX_TRY(const audit::Checkpoint checkpoint, audit::open_note(note, key));
  PRYX_TRY(const audit::Digest leaf, digest_in(proof, "leaf"));
  const json::value* entry = json::find(proof, "entry");
  if (entry == nullptr || !entry->is_object() || audit::hash_leaf(json::canonical(*entry)) != leaf ||
      json::integer_or(entry->get_object(), "index", 0) != index)
    return fail(ErrorCode::kCheckFailed, "the leaf of the proof is not the hash of entry {}", index);
  PRYX_TRY(const audit::Digest root, digest_in(proof, "root"));
  const json::value* list = json::find(proof, "path");
  if (list == nullptr || !list->is_array()) return fail(ErrorCode::kCheckFailed, "the proof has no path");
  std::vector<audit::Digest> path;
  for (const json::value& item : list->get_array()) {
    if (!item.is_string()) return fail(ErrorCode::kCheckFailed, "the proof's path is no list of hashes");
    PRYX_TRY(const audit::Digest hash, digest_of("path", item.get_string()));
    path.push_back(hash);
  }
  if (root != checkpoint.root)
    return fail(ErrorCode::kCheckFailed, "the signed checkpoint has another root than the proof");
  if (json::integer_or(proof, "index", 0) != index || index < 1 ||
      !audit::verify_inclusion(static_cast<std::uint64_t>(index - 1), checkpoint.size, leaf, path, root))
    return fail(ErrorCode::kCheckFailed, "the proof does not lead from entry {} to the signed root", index);
  return checkpoint;
}

// A key that was kept, or the daemon's own one.
Result<audit::PublicKey> proof_key(client::ApiClient& api, const Invocation& invocation) {
  if (const auto path = invocation.find("key")) {
    PRYX_TRY(const std::string text, platform::read_file(*path, 4096));
    return audit::PublicKey::parse(trim(text));
  }
  PRYX_TRY(const client::Reply reply, api.get("/api/v1/audit/checkpoint"));
  return audit::PublicKey::parse(json::string_or(reply.json, "key"));
}

Result<int> run_proof(Context& context, const Invocation& invocation) {
  PRYX_TRY(const std::int64_t index, entry_number(invocation.positional("index")));
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const audit::PublicKey key, proof_key(*api, invocation));
  PRYX_TRY(const client::Reply reply, api->get(fmt::format("/api/v1/audit/proof?index={}", index)));
  PRYX_TRY(const audit::Checkpoint checkpoint, verify_proof(reply.json, index, key));
  if (print_if_json(context, reply)) return 0;
  const auto row = [&](std::string_view name, std::string text) {
    Line line(fmt::format("{:<11} ", name), kDim);
    line.add(std::move(text));
    context.console().print(line);
  };
  const json::object& entry = reply.json.at("entry").as_object();
  row("entry", fmt::format("{}  {}  {} {}", index, to_rfc3339(WallTime{json::integer_or(entry, "at", 0)}),
                           json::string_or(entry, "kind"), json::string_or(entry, "subject")));
  row("leaf", json::string_or(reply.json, "leaf"));
  for (const json::value& hash : reply.json.at("path").as_array())
    row("  with", std::string(hash.as_string()));
  row("root", json::string_or(reply.json, "root"));
  row("signed", fmt::format("{} entries, by {}", checkpoint.size, key.to_text()));
  context.console().print(Line(fmt::format("entry {} is in the signed log", index)));
  if (!invocation.has("key"))
    context.console().note(
        "the key came from the daemon too; one kept elsewhere says more: pryx audit checkpoint --key, then "
        "--key FILE");
  return 0;
}

// The bounds of a part: numbers as they are, times by asking which entry was the last before them.
Result<std::int64_t> last_before(client::ApiClient& api, const std::string& time) {
  PRYX_TRY(const client::Reply reply,
           api.get(Query().add("limit", "1").add("before", time).on("/api/v1/audit")));
  const auto items = items_of(reply.json);
  return items.empty() ? 0 : json::integer_or(items.front(), "index", 0);
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

struct Part {
  std::int64_t first = 1, last = INT64_MAX;
  bool is_whole = true;
};

Result<Part> part_of(client::ApiClient& api, const Invocation& invocation) {
  Part part;
  if (const auto from = invocation.find("from")) {
    part.is_whole = false;
    if (is_number(*from)) {
      PRYX_TRY(part.first, entry_number(*from));
    } else {
      PRYX_TRY(const std::int64_t before, last_before(api, *from));
      part.first = before + 1;
    }
    part.first = std::max<std::int64_t>(part.first, 1);
  }
  if (const auto to = invocation.find("to")) {
    part.is_whole = false;
    if (is_number(*to)) {
      PRYX_TRY(part.last, entry_number(*to));
    } else {
      PRYX_TRY(part.last, last_before(api, *to));
    }
  }
  return part;
}

// Where an export goes. The file begins with the first bytes that there are, so that a request that is
// refused leaves the one before.
class Output {
 public:
  explicit Output(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] Result<void> put(std::string_view text) {
    size_ += text.size();
    if (path_.empty()) return platform::write_all(1, text, "stdout");
    if (!file_)
      file_ = platform::UniqueFd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file_) return fail(platform::system_error(fmt::format("write {}", path_), errno));
    return platform::write_all(file_.get(), text, path_);
  }
  // Says what the file holds now; what went to stdout says it itself.
  void report(Console& console) const {
    if (!path_.empty()) console.report_written(path_, size_);
  }

 private:
  std::string path_;
  std::size_t size_ = 0;
  platform::UniqueFd file_;
};

// One answer, written as it comes, so that any length of it passes through little memory.
Result<int> write_answer(Context& context, client::ApiClient& api, std::string target, Output& output) {
  const auto take = [&](std::string_view piece) { return output.put(piece); };
  PRYX_TRY_VOID(api.download({.method = "GET", .target = std::move(target)}, take));
  output.report(context.console());
  return 0;
}

// Asks for the entries that fit, newest first, to be read and not to be verified.
Result<std::string> chosen_target(const Invocation& invocation, const Part& part, std::string_view format) {
  if (format == "jsonl")
    return fail(ErrorCode::kInvalidArgument,
                "an export that can be verified is whole: filters go with --format csv or json");
  Query query;
  query.add("format", format);
  add_filters(query, invocation);
  if (part.first > 1) query.add("from", fmt::format("{}", part.first));
  if (part.last < part.first)
    return fail(ErrorCode::kInvalidArgument, "--to lies before --from: there is nothing between them");
  if (part.last < INT64_MAX) query.add("limit", fmt::format("{}", part.last - part.first + 1));
  return query.on("/api/v1/audit/export");
}

// The whole log goes page by page: each is asked for up to the first one's checkpoint.
Result<int> run_export(Context& context, const Invocation& invocation) {
  const bool has_filter = is_filtered(invocation);
  const std::string format = invocation.value_or("format", has_filter ? "csv" : "jsonl");
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const Part part, part_of(*api, invocation));
  Output output(invocation.value_or("output", ""));
  if (has_filter) {
    PRYX_TRY(std::string target, chosen_target(invocation, part, format));
    return write_answer(context, *api, std::move(target), output);
  }
  if (format == "json" && !part.is_whole)
    return fail(
        ErrorCode::kInvalidArgument,
        "a part of the log exists in the formats jsonl and csv; leave out --from and --to, or name one");
  if (format == "json") return write_answer(context, *api, "/api/v1/audit/export?format=json", output);
  std::int64_t from = part.first, last = part.last, size = 0;
  do {
    const std::int64_t count = std::min<std::int64_t>(kRowsOfAPage, last - from + 1);
    if (count < 1) break;
    Query query;
    query.add("format", format).add("limit", fmt::format("{}", count));
    if (from > 1) query.add("from", fmt::format("{}", from));
    if (size > 0) query.add("size", fmt::format("{}", size));
    PRYX_TRY(const client::Reply reply, api->get(query.on("/api/v1/audit/export")));
    if (size == 0) {
      PRYX_TRY(size, entry_number(std::string(reply.headers.find("Pryx-Audit-Size").value_or("0"))));
      last = std::min(last, size);
    }
    PRYX_TRY_VOID(output.put(reply.body));
    from += count;
  } while (from <= last);
  PRYX_TRY_VOID(output.put(""));  // a part that holds nothing is an empty file
  output.report(context.console());
  if (!part.is_whole)
    context.console().note(
        "a part of the log cannot be verified as a file; each entry has its proof: pryx audit proof INDEX");
  return 0;
}

Result<int> run_status(Context& context, const Invocation&) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/audit/status"));
  if (print_if_json(context, reply)) return 0;
  std::vector<std::vector<Line>> rows = {
      {Line("entries", kDim), Line(fmt::format("{}", json::integer_or(reply.json, "size", 0)))},
      {Line("signed", kDim),
       Line(fmt::format("{} entries, {}", json::integer_or(reply.json, "signed_size", 0),
                        json::string_or(reply.json, "signed_at")))}};
  if (const std::string problem = json::string_or(reply.json, "problem"); !problem.empty())
    rows.push_back({Line("problem", kDim), Line(problem, kBad)});
  const json::value* verified = json::find(reply.json, "verified");
  if (verified == nullptr || !verified->is_object()) {
    rows.push_back(
        {Line("verified", kDim), Line("not since the daemon started: pryx audit verify", kWarning)});
  } else {
    const json::object& one = verified->get_object();
    const std::string reason = json::string_or(one, "reason");
    rows.push_back({Line("verified", kDim),
                    Line(fmt::format("up to entry {}, {}, by {}", json::integer_or(one, "rows", 0),
                                     json::string_or(one, "at"), json::string_or(one, "by")))});
    rows.push_back(
        {Line("found", kDim), reason.empty() ? Line("all as it was signed", kGood) : Line(reason, kBad)});
  }
  context.console().print_table({{"WHAT"}, {""}}, rows);
  return 0;
}

Result<int> run_checkpoint(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/audit/checkpoint"));
  if (print_if_json(context, reply)) return 0;
  if (invocation.has("key"))
    context.console().print(Line(json::string_or(reply.json, "key")));
  else
    PRYX_TRY_VOID(platform::write_all(1, json::string_or(reply.json, "note"), "stdout"));
  return 0;
}

}  // namespace

std::vector<Command> audit_commands() {
  Command list{.noun = "audit",
               .verb = "list",
               .summary = "what was intended and what came of it, newest first",
               .examples = {"audit list --limit 20", "audit list --tool shell.exec --success false",
                            "audit list --action 'policy.*' --after 2026-11-01T00:00:00Z"},
               .flags = with_filters({}, {{"--after", "TIME", "since this time, RFC 3339"},
                                          {"--before", "TIME", "until this time"},
                                          {"--limit", "N", "at most so many, 1 to 200"},
                                          {"--cursor", "C", "the next page: next_cursor of --json"}}),
               .positionals = {},
               .handler = run_list};
  Command show{.noun = "audit",
               .verb = "show",
               .summary = "one entry with everything it says",
               .examples = {"audit show 17"},
               .flags = {},
               .positionals = {{"index", "the entry's number"}},
               .handler = run_show};
  Command verify{
      .noun = "audit",
      .verb = "verify",
      .summary = "recompute the log and hold it against its signed checkpoints",
      .examples = {"audit verify", "audit verify --against /media/usb/pryx.note"},
      .flags = {{"--against", "FILE", "a checkpoint that was kept elsewhere, or checkpoints.jsonl", true}},
      .positionals = {},
      .handler = run_verify};
  Command proof{
      .noun = "audit",
      .verb = "proof",
      .summary = "that one entry is in the signed log: path, root and signature are computed here",
      .examples = {"audit proof 17", "audit proof 17 --key /media/usb/pryx.key", "audit proof 17 --json"},
      .flags = {{"--key", "FILE", "the log's public key, as audit checkpoint --key printed it once"}},
      .positionals = {{"index", "the entry's number"}},
      .handler = run_proof};
  Command exported{
      .noun = "audit",
      .verb = "export",
      .summary = "the whole log; pryx-audit-verify reads jsonl",
      .examples = {"audit export --output log.jsonl", "audit export --format csv",
                   "audit export --from 2026-11-01T00:00:00Z --to 2026-12-01T00:00:00Z -o november.jsonl",
                   "audit export --from 120 --to 140",
                   "audit export --format csv --tool shell.exec --success false -o failed.csv"},
      .flags = with_filters({{"--format", "jsonl|json|csv",
                              "jsonl when none is given, csv with a filter of entries: those exist in csv "
                              "and json only"}},
                            {{"--from", "N|TIME", "from this entry, or this time (RFC 3339), on"},
                             {"--to", "N|TIME", "up to this entry, or before this time"},
                             {"-o,--output", "FILE", "instead of stdout"}}),
      .positionals = {},
      .handler = run_export};
  Command checkpoint{.noun = "audit",
                     .verb = "checkpoint",
                     .summary = "sign the log as it is; keep what is printed on another machine",
                     .examples = {"audit checkpoint", "audit checkpoint --key"},
                     .flags = {{"--key", "", "print the public key instead"}},
                     .positionals = {},
                     .handler = run_checkpoint};
  Command status{.noun = "audit",
                 .verb = "status",
                 .summary = "how far the log is signed, and what the last verification found",
                 .examples = {"audit status", "audit status --json"},
                 .flags = {},
                 .positionals = {},
                 .handler = run_status};
  return {std::move(list),     std::move(show),       std::move(verify), std::move(proof),
          std::move(exported), std::move(checkpoint), std::move(status)};
}

}  // namespace pryx::cli

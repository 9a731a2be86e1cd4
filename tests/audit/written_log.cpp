// SPDX-License-Identifier: MIT
#include "written_log.h"

#include <unistd.h>

#include <filesystem>

namespace pryx::audit::testing {
namespace {
int logs_made = 0;
const PrincipalId kMe("prn_owner");
const SessionId kSessions[] = {SessionId("ses_01JBX000000000000000000001"),
                               SessionId("ses_01JBX000000000000000000002")};
}  // namespace

WrittenLog::WrittenLog(char key, std::string folder)
    : log(clock, {.master = Secret(std::string(32, key)), .random = random}),
      signer(Secret(std::string(32, key))),
      path((folder.empty() ? std::filesystem::temp_directory_path().string() : folder) +
           fmt::format("/pryx-audit-{}-{}.db", ::getpid(), ++logs_made)) {
  std::filesystem::remove(path);
  db = std::move(*db::Connection::open({.path = path, .key = Secret(std::string(64, 'a'))}));
  for (const auto& step : AuditLog::migrations().migrations) PRYX_CHECK(db->execute(step.sql).has_value());
}

WrittenLog::~WrittenLog() {
  db.reset();
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
}

void WrittenLog::add(int count) {
  PRYX_CHECK(db->execute("BEGIN").has_value());
  db::Transaction t(*db);
  for (int i = 0; i < count; ++i, ++next_) {
    const bool is_intent = next_ % 2 == 0;
    const auto done = log.append(
        t, {.principal = kMe,
            .kind = is_intent ? "tool.intent" : "tool.outcome",
            .actor = "cli",
            .session = kSessions[next_ % 4 / 2],
            .turn = TurnId("trn_01JBX000000000000000000001"),
            .step = StepId("stp_01JBX000000000000000000001"),
            .subject = "shell.exec",
            .detail = {{"attempt", 1}, {"rule", "workspace: ask \"shell\""}, {"n", next_}},
            .success = is_intent ? std::nullopt : std::optional(true),
            .personal = is_intent ? json::object{{"args", {{"command", fmt::format("make test-{}", next_)}}}}
                                  : json::object()});
    PRYX_CHECK(done.has_value());
  }
  PRYX_CHECK(db->execute("COMMIT").has_value());
}

void WrittenLog::erase_first_session() {
  PRYX_CHECK(db->execute("BEGIN").has_value());
  db::Transaction t(*db);
  PRYX_CHECK(log.erase(t, kMe, kSessions[0], "cli").has_value());
  PRYX_CHECK(db->execute("COMMIT").has_value());
}

std::string WrittenLog::note() const {
  const auto size = static_cast<std::uint64_t>(*AuditLog::size(*db));
  return signer.sign(size, root_at(*db, size).value());
}

std::vector<std::string> WrittenLog::lines() const {
  const std::int64_t size = *AuditLog::size(*db);
  std::vector<std::string> out{export_head(signer.public_key().name, static_cast<std::uint64_t>(size))};
  const auto walked = log.walk(*db, 1, size, [&](const Row& row) {
    out.push_back(export_entry(row));
    return true;
  });
  PRYX_CHECK(walked.has_value());
  out.push_back(export_tail(note()));
  return out;
}

std::string WrittenLog::entry(std::int64_t index) const {
  std::string out;
  const auto walked = log.walk(*db, index, index, [&](const Row& row) {
    out = leaf_bytes(row);
    return true;
  });
  PRYX_CHECK(walked.has_value() && !out.empty());
  return out;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

}  // namespace pryx::audit::testing

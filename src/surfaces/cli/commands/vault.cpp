// SPDX-License-Identifier: MIT
// pryx vault: the passphrase that locks the secrets, and the one that seals the file of the database's key.
#include <unistd.h>

#include "foundation/platform/files.h"
#include "foundation/platform/hardening.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"
#include "surfaces/cli/read_secret.h"
#include "trust/vault/database_key.h"

namespace pryx::cli {
namespace {

Result<int> print_state(Context& context, const client::Reply& reply) {
  if (print_if_json(context, reply)) return 0;
  const auto flag = [&](std::string_view name) {
    const json::value* value = json::find(reply.json, name);
    return value != nullptr && value->is_bool() && value->get_bool();
  };
  if (!flag("has_passphrase"))
    context.console().note("open; no passphrase is set (pryx vault passphrase)");
  else
    context.console().note(flag("locked") ? "locked; pryx vault unlock" : "unlocked; pryx vault lock");
  return 0;
}

Result<int> run_status(Context& context, const Invocation&) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->get("/api/v1/vault"));
  return print_state(context, reply);
}

Result<int> run_lock(Context& context, const Invocation&) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply, api->post("/api/v1/vault/lock", json::object{}));
  return print_state(context, reply);
}

Result<int> run_unlock(Context& context, const Invocation& invocation) {
  PRYX_TRY(const Secret passphrase, read_secret(context, "passphrase", invocation.has("passphrase-stdin")));
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply reply,
           api->post("/api/v1/vault/unlock", json::object{{"passphrase", passphrase.reveal()}}));
  return print_state(context, reply);
}

// A new one is typed twice: a slip of the finger would lock its owner out. From standard input: the present
// one (when there is one) on the first line, the new one on the next.
Result<Secret> ask_new_passphrase(Context& context) {
  PRYX_TRY(Secret first, context.console().ask_secret("new passphrase"));
  PRYX_TRY(const Secret again, context.console().ask_secret("once more"));
  if (!first.equals(again.reveal())) return fail(ErrorCode::kInvalidArgument, "the two passphrases differ");
  return first;
}

struct Lines {
  std::optional<Secret> first, second;
};
Result<Lines> read_lines(Context& context) {
  PRYX_TRY_VOID(platform::harden_process());
  PRYX_TRY(std::string text, context.console().read_stdin(4096));
  Lines lines;
  const std::size_t end = text.find('\n');
  if (end != 0 && !text.empty()) lines.first.emplace(text.substr(0, end));
  if (end != std::string::npos && end + 1 < text.size()) {
    std::string rest = text.substr(end + 1);
    if (rest.ends_with('\n')) rest.pop_back();
    lines.second.emplace(rest);
    wipe(rest);
  }
  wipe(text);
  return lines;
}

Result<int> run_passphrase(Context& context, const Invocation& invocation) {
  PRYX_TRY(client::ApiClient * api, context.api());
  PRYX_TRY(const client::Reply before, api->get("/api/v1/vault"));
  const json::value* flag = json::find(before.json, "has_passphrase");
  const bool has_one = flag != nullptr && flag->is_bool() && flag->get_bool();
  const bool remove = invocation.has("remove");
  if (remove && !has_one) return fail(ErrorCode::kConflict, "no passphrase is set");
  json::object body;
  if (invocation.has("passphrase-stdin") || !context.console().options().in_is_tty) {
    PRYX_TRY(Lines lines, read_lines(context));
    std::optional<Secret>& fresh = has_one ? lines.second : lines.first;
    if (has_one && lines.first) body["current"] = lines.first->reveal();
    if (!remove && !fresh)
      return fail(ErrorCode::kInvalidArgument, "standard input needs {}",
                  has_one ? "two lines: the present passphrase, then the new one" : "the new passphrase");
    body["passphrase"] = remove ? json::value(nullptr) : json::value(fresh->reveal());
  } else {
    if (has_one) {
      PRYX_TRY(const Secret current, context.console().ask_secret("present passphrase"));
      body["current"] = current.reveal();
    }
    if (remove) {
      body["passphrase"] = nullptr;
    } else {
      PRYX_TRY(const Secret fresh, ask_new_passphrase(context));
      body["passphrase"] = fresh.reveal();
    }
  }
  PRYX_TRY(const client::Reply reply, api->put("/api/v1/vault/passphrase", std::move(body)));
  return print_state(context, reply);
}

// Works on the files of a daemon that is down, as the user whose files they are.
Result<config::Places> places_at_rest(Context& context, std::optional<platform::FileLock>& lock) {
  if (!context.globals().host.empty())
    return fail(ErrorCode::kInvalidArgument, "the key file is on this machine; leave out --host");
  PRYX_TRY(const config::Places places, context.places());
  PRYX_TRY(const platform::FileFacts owner, platform::file_facts(places.key_record()));
  if (owner.uid != ::geteuid())
    return fail(ErrorCode::kForbidden,
                "the key belongs to user {}; run this as that user (runuser -u USER -- pryx …)", owner.uid);
  auto taken = platform::FileLock::acquire(places.lock_file());
  if (!taken) return fail(ErrorCode::kConflict, "the daemon runs; stop it first: pryx daemon stop");
  lock.emplace(std::move(*taken));
  return places;
}

Result<int> run_seal_key(Context& context, const Invocation& invocation) {
  std::optional<platform::FileLock> lock;
  PRYX_TRY(const config::Places places, places_at_rest(context, lock));
  const bool from_stdin = invocation.has("passphrase-stdin") || !context.console().options().in_is_tty;
  PRYX_TRY(const Secret passphrase,
           from_stdin ? read_secret(context, "passphrase", true) : ask_new_passphrase(context));
  PRYX_TRY_VOID(vault::seal_key_file(places, passphrase, *context.hooks().random, context.clock()));
  if (context.wants_json()) {
    context.console().print_json({{"backend", "sealed_file"}, {"path", places.sealed_master_key()}});
    return 0;
  }
  context.console().note(
      fmt::format("sealed {}; pryx daemon start asks for the passphrase from now on, and nothing can bring "
                  "back a forgotten one",
                  places.sealed_master_key()));
  return 0;
}

Result<int> run_unseal_key(Context& context, const Invocation& invocation) {
  std::optional<platform::FileLock> lock;
  PRYX_TRY(const config::Places places, places_at_rest(context, lock));
  PRYX_TRY(const Secret passphrase, read_secret(context, "passphrase", invocation.has("passphrase-stdin")));
  PRYX_TRY_VOID(vault::unseal_key_file(places, passphrase, *context.hooks().random, context.clock()));
  if (context.wants_json()) {
    context.console().print_json({{"backend", "file"}, {"path", places.master_key()}});
    return 0;
  }
  context.console().note(fmt::format("the key is in {} again, readable by you alone", places.master_key()));
  return 0;
}

}  // namespace

std::vector<Command> vault_commands() {
  const Flag from_stdin{"--passphrase-stdin", "", "read it from standard input"};
  return {{.noun = "vault",
           .verb = "status",
           .summary = "whether the secrets are locked",
           .examples = {"vault status"},
           .handler = run_status},
          {.noun = "vault",
           .verb = "lock",
           .summary = "forget the key of the secrets until you unlock it",
           .examples = {"vault lock"},
           .handler = run_lock},
          {.noun = "vault",
           .verb = "unlock",
           .summary = "open it with the passphrase",
           .examples = {"vault unlock", "vault unlock --passphrase-stdin < passphrase.txt"},
           .flags = {from_stdin},
           .handler = run_unlock},
          {.noun = "vault",
           .verb = "passphrase",
           .summary = "set, change or remove the passphrase of the secrets",
           .examples = {"vault passphrase", "vault passphrase --remove"},
           .flags = {{"--remove", "", "go without one"}, from_stdin},
           .handler = run_passphrase},
          {.noun = "vault",
           .verb = "seal-key",
           .summary = "put the database's key file under a passphrase; the daemon must be down",
           .examples = {"vault seal-key"},
           .flags = {from_stdin},
           .handler = run_seal_key},
          {.noun = "vault",
           .verb = "unseal-key",
           .summary = "take the passphrase off the key file again",
           .examples = {"vault unseal-key"},
           .flags = {from_stdin},
           .handler = run_unseal_key}};
}

}  // namespace pryx::cli

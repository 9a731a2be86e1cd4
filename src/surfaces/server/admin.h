// SPDX-License-Identifier: MIT
// What the API needs from modules that do not belong to it, as small abstract classes: apps/ implements them
// over the vault, the files of the config folder and the stores. Every call names its caller, so that the
// other side can scope and audit it. I/O thread only.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/agent/records.h"
#include "engine/memory/memory_store.h"
#include "engine/models/local_server_codec.h"
#include "engine/models/model_router.h"
#include "foundation/base/secret.h"
#include "foundation/platform/memory_info.h"
#include "trust/policy/policy_file.h"
#include "trust/policy_history/policy_history.h"
#include "trust/principals/caller.h"
#include "trust/vault/secret_ref.h"
#include "trust/vault/vault.h"

namespace pryx::server {

// --- model providers
// ------------------------------------------------------------------------------------------------------------------

struct ProviderChange {
  models::ProviderConfig config;                  // key_secret_name is ignored: the other side chooses it
  std::optional<Secret> key;                      // goes to the vault; nullopt keeps the present one
  std::optional<vault::SecretRef> key_reference;  // instead of a key: where it is
  bool remove_key = false;                        // `--no-key`
  bool keeps_api = false;                         // nothing was said of config.api: it stays what it was
};

struct HumanFile {
  std::string path;
  std::string text;  // empty when there is no file
  std::string hash;  // "sha256:…" of the text on disk; of the empty text when there is no file
  bool exists = false;
};

// What is known about models, and from whom.
struct CatalogStatus {
  std::string as_of;
  std::string source;
  std::size_t models = 0;
  std::string from;  // where it was fetched; empty: the built-in one
  std::string fetched_at;
  std::size_t own_models = 0;  // that config/models.yaml says something about
  std::string problem;         // of config/models.yaml; empty: none
};

// What was found on this machine, and what it has for that.
struct LocalServers {
  std::vector<models::LocalServer> servers;
  std::vector<std::uint16_t> ports;            // that were asked
  std::optional<platform::MemoryInfo> memory;  // nullopt: cannot be told
};

// Providers as a person configured them: persisted, put into the ModelRouter, keys in the vault. "starter" is
// not among them.
class ProviderAdmin {
 public:
  virtual ~ProviderAdmin() = default;
  [[nodiscard]] virtual async::Task<Result<std::vector<models::ProviderConfig>>> list(Caller caller) = 0;
  [[nodiscard]] virtual async::Task<Result<models::ProviderConfig>> put(Caller caller,
                                                                        ProviderChange change) = 0;
  [[nodiscard]] virtual async::Task<Result<bool>> remove(Caller caller,
                                                         std::string name) = 0;  // false: there is none
  // The default model for new turns; persisted. kInvalidArgument when no configured provider can serve it.
  [[nodiscard]] virtual async::Task<Result<void>> set_default_model(Caller caller, std::string model) = 0;
  [[nodiscard]] virtual CatalogStatus catalog(const Caller& caller) = 0;
  // Fetches a later catalog and keeps it; validated whole. `from` empty: where the last one came from.
  [[nodiscard]] virtual async::Task<Result<CatalogStatus>> update_catalog(Caller caller,
                                                                          std::string from) = 0;
  // config/models.yaml: what a person says about models, over the catalog. Checked whole before it is
  // written.
  [[nodiscard]] virtual async::Task<Result<HumanFile>> own_models(Caller caller) = 0;
  [[nodiscard]] virtual async::Task<Result<HumanFile>> put_own_models(Caller caller, std::string text,
                                                                      std::string expected_hash) = 0;
  // Model servers that run on this machine. Looks, and changes nothing.
  [[nodiscard]] virtual async::Task<LocalServers> find_local(Caller caller) = 0;
};

// --- secrets
// --------------------------------------------------------------------------------------------------------------------------

struct SecretEntry {
  std::string name;
  WallTime updated_at;
  std::vector<std::string> hosts = {};  // who may be sent it; empty: nobody
};

// Values go in and never come out.
class SecretAdmin {
 public:
  virtual ~SecretAdmin() = default;
  [[nodiscard]] virtual async::Task<Result<std::vector<SecretEntry>>> list(Caller caller) = 0;
  [[nodiscard]] virtual async::Task<Result<void>> put(
      Caller caller, std::string name, Secret value,
      std::optional<std::vector<std::string>> hosts) = 0;  // no hosts: those of before
  [[nodiscard]] virtual async::Task<Result<bool>> remove(Caller caller, std::string name) = 0;

  // For nothing but taking them out of what leaves: a report, a trace. kUnauthenticated while they are
  // locked.
  [[nodiscard]] virtual async::Task<Result<std::vector<Secret>>> values_to_redact(Caller caller) = 0;

  // The passphrase that locks them; trust/vault has the rules.
  [[nodiscard]] virtual vault::VaultStatus vault_status(const Caller& caller) = 0;
  [[nodiscard]] virtual async::Task<Result<void>> lock(Caller caller) = 0;
  [[nodiscard]] virtual async::Task<Result<void>> unlock(Caller caller, Secret passphrase) = 0;
  // No `passphrase`: removes it.
  [[nodiscard]] virtual async::Task<Result<void>> change_passphrase(Caller caller,
                                                                    std::optional<Secret> current,
                                                                    std::optional<Secret> passphrase) = 0;
};

// --- files a person edits
// -------------------------------------------------------------------------------------------------------------

struct FileProblem {
  std::optional<int> line;  // none: of the file as a whole
  std::string message;
};

struct ConfigStatus {
  HumanFile file;
  // "file", "default" (there is none, or none was valid since the start), "last_good" (it became invalid)
  std::string in_force;
  std::optional<FileProblem> problem = {};  // why the file does not count
};

// config.yaml as a whole text, and the settings that Pryx itself changes (the overlay in the database).
class ConfigAdmin {
 public:
  virtual ~ConfigAdmin() = default;
  [[nodiscard]] virtual async::Task<Result<ConfigStatus>> get_text(Caller caller) = 0;
  // Replaces the whole text; kConflict when the file is not what `expected_hash` says, kInvalidArgument when
  // the text is no config.
  [[nodiscard]] virtual async::Task<Result<ConfigStatus>> put_text(Caller caller, std::string text,
                                                                   std::string expected_hash) = 0;
  // {"settings": {name: value…}, "origins": {name: "default"|"file"|"overlay"…}, "sources": {name: where},
  // "items": [what config::Config::describe says]}
  [[nodiscard]] virtual async::Task<Result<json::object>> get_settings(Caller caller) = 0;
  // Merges into the overlay; null removes an entry. kInvalidArgument names the setting.
  [[nodiscard]] virtual async::Task<Result<json::object>> put_settings(Caller caller,
                                                                       json::object changes) = 0;
};

// What there is to say of a policy's text.
struct PolicyCheck {
  std::vector<trust::PolicyProblem>
      problems;  // failing tests are problems too; empty: it may come into force
  std::vector<trust::PolicyTestResult> tests;  // empty when the text cannot be read
};

struct PolicyStatus {
  HumanFile file;
  std::string
      in_force;  // "file", "default" (there is no file), "last_good" or "read_only" (the file is invalid)
  std::string in_force_text;                        // what the rules in force were read from
  std::string version;                              // hash of the rules in force
  std::vector<trust::PolicyProblem> problems;       // of the file
  std::vector<trust::PolicyTestResult> tests = {};  // of the file
  std::shared_ptr<const trust::Layer> rules = {};   // in force
};

class PolicyAdmin {
 public:
  virtual ~PolicyAdmin() = default;
  [[nodiscard]] virtual async::Task<Result<PolicyStatus>> get(Caller caller) = 0;
  // Whether a text could come into force: its problems, and what its tests say. Without one: the file as it
  // is.
  [[nodiscard]] virtual async::Task<Result<PolicyCheck>> check(Caller caller,
                                                               std::optional<std::string> text) = 0;
  // Newest first, without texts. `before`: only older ones.
  [[nodiscard]] virtual async::Task<Result<std::vector<trust::PolicyVersion>>> history(
      Caller caller, std::int64_t before, std::int64_t limit) = 0;
  [[nodiscard]] virtual async::Task<Result<trust::PolicyVersion>> version(
      Caller caller,
      std::int64_t number) = 0;  // kNotFound
  // Replaces the file and the rules in force. kConflict when stale, kCheckFailed when the text is no valid
  // policy or one of its tests fails.
  [[nodiscard]] virtual async::Task<Result<PolicyStatus>> put(Caller caller, std::string text,
                                                              std::string expected_hash) = 0;
};

// --- the rest
// -------------------------------------------------------------------------------------------------------------------------

class WorkspaceAdmin {
 public:
  virtual ~WorkspaceAdmin() = default;
  // The workspace of this directory, made when it is the first time: by its real path. kNotFound (no such
  // directory), kDenied (a directory of Pryx's own, or one this user cannot write: the message has the
  // command that fixes it).
  [[nodiscard]] virtual async::Task<Result<agent::Workspace>> open(Caller caller, std::string path) = 0;
  // Of a session that was deleted: removes the folder that it was given when nobody had named one.
  [[nodiscard]] virtual async::Task<Result<void>> forget_session(SessionId session) = 0;
};

class MemoryAdmin {
 public:
  virtual ~MemoryAdmin() = default;
  [[nodiscard]] virtual async::Task<Result<std::vector<memory::Memory>>> list(
      Caller caller, memory::ListRequest request) = 0;
  [[nodiscard]] virtual async::Task<Result<memory::Memory>> save(Caller caller,
                                                                 memory::SaveRequest request) = 0;
  [[nodiscard]] virtual async::Task<Result<std::vector<memory::Memory>>> search(
      Caller caller, memory::SearchRequest request) = 0;
  [[nodiscard]] virtual async::Task<Result<memory::Memory>> get(Caller caller, MemoryId id) = 0;  // kNotFound
  [[nodiscard]] virtual async::Task<Result<void>> remove(Caller caller, MemoryId id) = 0;         // kNotFound
  // What a deleted session remembered for itself goes with it.
  [[nodiscard]] virtual async::Task<Result<void>> forget_session(Caller caller, SessionId session) = 0;
};

struct Component {
  std::string name;      // "store", "vault", "events", "sandbox"…
  std::string state;     // "ok", "degraded", "down"
  bool required = true;  // a required component that is down makes the daemon not ready
  std::string detail;    // for a person: what is wrong and what to do
  std::string version;   // may be empty
};

class Diagnostics {
 public:
  virtual ~Diagnostics() = default;
  [[nodiscard]] virtual async::Task<std::vector<Component>> components() = 0;
  // Reads the whole store and the whole audit log: seconds on a large one. For `pryx doctor`.
  [[nodiscard]] virtual async::Task<std::vector<Component>> integrity() = 0;
};

}  // namespace pryx::server

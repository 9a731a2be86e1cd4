// SPDX-License-Identifier: MIT
// Settings and rules that cannot be recorded do not come into force; with the log in order they do.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "admin.h"
#include "agent_keeper.h"
#include "engine/models/provider_store.h"
#include "foundation/async/testing/virtual_loop.h"
#include "foundation/base/testing/manual_clock.h"
#include "foundation/config/settings_store.h"
#include "foundation/net/http_client.h"
#include "foundation/platform/files.h"
#include "foundation/schema/schema.h"
#include "policy_keeper.h"
#include "recorded_marks.h"

namespace pryx::app {
namespace {

class Evidence : public ::testing::TestWithParam<bool> {
 protected:
  Evidence() : folder_(std::filesystem::temp_directory_path() / fmt::format("pryx-evidence-{}", ::getpid())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    const db::ModuleMigrations modules[] = {
        events::EventLog::migrations(),      audit::AuditLog::migrations(),
        config::SettingsStore::migrations(), trust::PolicyHistory::migrations(),
        vault::Vault::migrations(),          models::ProviderStore::migrations()};
    database_ = std::move(
        *db::Database::open(loop_, {.open = {.path = folder_ / "t.db"}, .inline_mode = true}, modules));
    events_.emplace(loop_, *database_);
    PRYX_CHECK(async::testing::run(loop_, events_->start()).has_value());
  }
  ~Evidence() override {
    events_.reset();
    database_.reset();
    std::filesystem::remove_all(folder_);
  }
  void fill_the_log() {
    if (!GetParam()) return;
    PRYX_CHECK(async::testing::run(loop_, database_->write([](db::Transaction& t) {
                 return t.db().execute(
                     "CREATE TRIGGER audit_is_full BEFORE INSERT ON audit BEGIN SELECT "
                     "raise(ABORT, 'no room'); END");
               })).has_value());
  }
  [[nodiscard]] static Caller me() {
    return {.principal = owner(), .scopes = Scopes::all(), .surface = "test"};
  }
  void reload(PolicyKeeper& keeper) {
    async::TaskGroup group(loop_, "reload");
    group.spawn("reload", keeper.reload());
    loop_.run_until_idle();
  }
  [[nodiscard]] std::string path(const char* name) const { return (folder_ / name).string(); }
  // Kind and actor of the rows since the last call, sorted.
  [[nodiscard]] std::vector<std::string> new_rows() {
    const auto rows = async::testing::run(loop_, database_->read([](db::Connection& c) {
      return c.list("SELECT kind, actor FROM audit ORDER BY idx",
                    [](const db::Row& row) { return row.text(0) + " " + row.text(1); });
    }));
    PRYX_CHECK(rows.has_value());
    std::vector<std::string> out(rows->begin() + static_cast<std::ptrdiff_t>(seen_rows_), rows->end());
    seen_rows_ = rows->size();
    std::ranges::sort(out);
    return out;
  }
  // What a start of the daemon does with the files, and which rows that left.
  std::vector<std::string> look_at_files_as_a_start_does() {
    const tools::Registry registry;
    Settings settings(loop_, *database_, *events_, audit_, path("config.yaml"), {});
    PRYX_CHECK(async::testing::run(loop_, settings.start()).has_value());
    PolicyKeeper rules(path("policy.yaml"), *database_, *events_, audit_, registry);
    rules.load_at_start();
    AgentKeeper agents(path("agents"), *database_, *events_, audit_);
    agents.load_at_start();
    async::TaskGroup group(loop_, "start");
    group.spawn("settings", settings.note_first_file());
    group.spawn("rules", rules.note_first_text());
    group.spawn("agents", agents.note_first_files());
    loop_.run_until_idle();
    return new_rows();
  }
  // The payload of an event fits its schema.
  static void expect_fits(const std::string& name, const json::object& payload) {
    const auto document =
        platform::read_file(std::string(PRYX_SOURCE_DIR) + "/api/events/" + name + ".json", 1 << 20);
    ASSERT_TRUE(document.has_value()) << name;
    const auto schema = schema::Schema::compile(*json::parse(*document), {});
    ASSERT_TRUE(schema.has_value()) << name;
    for (const schema::Violation& violation : schema->validate(payload))
      ADD_FAILURE() << name << ": " << violation.to_text() << " in " << json::to_text(payload);
  }
  void edit(const char* name, const std::string& text) {
    PRYX_CHECK(platform::atomic_write_file(path(name), text, 0600).has_value());
  }

  async::testing::VirtualLoop loop_;
  std::filesystem::path folder_;
  std::unique_ptr<db::Database> database_;
  std::optional<events::EventLog> events_;
  audit::AuditLog audit_{loop_.clock()};
  std::size_t seen_rows_ = 0;
};

TEST_P(Evidence, Rules) {
  const tools::Registry registry;
  PolicyKeeper keeper(path("policy.yaml"), *database_, *events_, audit_, registry);
  keeper.load_at_start();
  const std::string before = keeper.policy().version;
  const std::string seen = async::testing::run(loop_, keeper.get(me()))->file.hash;
  fill_the_log();
  const auto put = async::testing::run(loop_, keeper.put(me(), "tools:\n  denied: [\"fs.*\"]\n", seen));
  EXPECT_EQ(put.has_value(), !GetParam());
  EXPECT_EQ(platform::exists(path("policy.yaml")), !GetParam());
  EXPECT_EQ(keeper.policy().version == before, GetParam());
}

// What is told of them on the bus fits the schemas of api/events.
TEST_P(Evidence, ChangedRulesAreAnnounced) {
  if (GetParam()) return;  // a full log lets no change through, as Rules says
  const tools::Registry registry;
  PolicyKeeper keeper(path("policy.yaml"), *database_, *events_, audit_, registry);
  keeper.load_at_start();
  const std::string seen = async::testing::run(loop_, keeper.get(me()))->file.hash;
  ASSERT_TRUE(async::testing::run(loop_, keeper.put(me(), "tools:\n  denied: [\"fs.*\"]\n", seen)));
  ASSERT_TRUE(platform::atomic_write_file(path("policy.yaml"), "tools: [\n", 0600));
  reload(keeper);
  ASSERT_TRUE(std::filesystem::remove(path("policy.yaml")));
  reload(keeper);
  const auto rows = async::testing::run(loop_, database_->read([](db::Connection& c) {
    return c.list("SELECT name, payload FROM events WHERE name LIKE 'policy.%' ORDER BY version",
                  [](const db::Row& row) { return std::pair(row.text(0), row.text(1)); });
  }));
  ASSERT_TRUE(rows.has_value());
  std::vector<std::string> told;
  for (const auto& [name, text] : *rows) {
    const json::object payload = *json::parse_object(text);
    expect_fits(name, payload);
    told.push_back(fmt::format("{} {} {} {}", name, json::string_or(payload, "author"),
                               json::string_or(payload, "in_force"),
                               json::to_text(payload.at("history_version"))));
  }
  EXPECT_EQ(told, (std::vector<std::string>{"policy.changed test file 1", "policy.rejected file last_good 2",
                                            "policy.changed file default 3"}));
}

TEST_P(Evidence, SettingsAndTheirFile) {
  Settings settings(loop_, *database_, *events_, audit_, path("config.yaml"), {});
  PRYX_CHECK(async::testing::run(loop_, settings.start()).has_value());
  const std::string seen = async::testing::run(loop_, settings.get_text(me()))->file.hash;
  fill_the_log();
  const auto text = async::testing::run(loop_, settings.put_text(me(), "log:\n  level: warn\n", seen));
  EXPECT_EQ(text.has_value(), !GetParam());
  EXPECT_EQ(platform::exists(path("config.yaml")), !GetParam());
  const auto put = async::testing::run(loop_, settings.put_settings(me(), {{"log.level", "error"}}));
  EXPECT_EQ(put.has_value(), !GetParam());
  const auto shown = async::testing::run(loop_, settings.get_settings(me())).value();
  EXPECT_EQ(shown.at("settings").at("log.level"), GetParam() ? "info" : "error");
}

TEST_P(Evidence, AFileEditedByHand) {
  Settings settings(loop_, *database_, *events_, audit_, path("config.yaml"), {});
  PRYX_CHECK(async::testing::run(loop_, settings.start()).has_value());
  fill_the_log();
  PRYX_CHECK(platform::atomic_write_file(path("config.yaml"), "log:\n  level: debug\n", 0600).has_value());
  async::TaskGroup group(loop_, "test");
  group.spawn("reload", settings.reload_file("file"));
  loop_.run_until_idle();
  const auto shown = async::testing::run(loop_, settings.get_settings(me())).value();
  EXPECT_EQ(shown.at("settings").at("log.level"), GetParam() ? "info" : "debug");
}

// The kind and nothing else, once for each change.
TEST_P(Evidence, WhatIsSetUpOtherwiseIsAnnounced) {
  if (GetParam()) return;  // a full log lets no change through, as is said of each
  Settings settings(loop_, *database_, *events_, audit_, path("config.yaml"), {});
  PRYX_CHECK(async::testing::run(loop_, settings.start()).has_value());
  std::filesystem::create_directories(folder_ / "agents");
  AgentKeeper agents(path("agents"), *database_, *events_, audit_);
  agents.load_at_start();
  async::TaskGroup group(loop_, "reload");
  ASSERT_TRUE(async::testing::run(loop_, settings.put_settings(me(), {{"log.level", "error"}})));
  const std::string seen = async::testing::run(loop_, settings.get_text(me()))->file.hash;
  ASSERT_TRUE(async::testing::run(loop_, settings.put_text(me(), "log:\n  level: warn\n", seen)));
  for (const char* text : {"log:\n  level: loud\n", "log:\n  level: debug\n", "log:\n  level: debug\n"}) {
    edit("config.yaml", text);
    group.spawn("config", settings.reload_file("file"));
    loop_.run_until_idle();
  }
  edit("agents/helper.yaml", "description: A helper\n");
  group.spawn("agents", agents.reload());
  loop_.run_until_idle();
  const auto rows = async::testing::run(loop_, database_->read([](db::Connection& c) {
    return c.list("SELECT surface, payload FROM events WHERE name = 'settings.changed' ORDER BY version",
                  [](const db::Row& row) { return std::pair(row.text(0), row.text(1)); });
  }));
  ASSERT_TRUE(rows.has_value());
  std::vector<std::string> told;
  for (const auto& [surface, text] : *rows) {
    const json::object payload = *json::parse_object(text);
    expect_fits("settings.changed", payload);
    told.push_back(json::string_or(payload, "what") + " " + surface);
  }
  EXPECT_EQ(told, (std::vector<std::string>{"settings test", "config test", "config file", "agents file"}));
}

// One row for each file that was edited while no daemon ran, at the next start and at no later one.
TEST_P(Evidence, FilesEditedWhileNoDaemonRan) {
  if (GetParam()) return;  // what a full log means for each file is said above
  using Rows = std::vector<std::string>;
  EXPECT_EQ(look_at_files_as_a_start_does(), Rows()) << "a home without files";
  std::filesystem::create_directories(folder_ / "agents");
  edit("config.yaml", "log:\n  level: debug\n");
  edit("policy.yaml", "tools:\n  denied: [\"fs.*\"]\n");
  edit("agents/helper.yaml", "description: A helper\n");
  edit("agents/broken.yaml", "description: [\n");
  EXPECT_EQ(look_at_files_as_a_start_does(), (Rows{"agent.changed file", "agent.rejected file",
                                                   "config.changed file", "policy.changed file"}));
  EXPECT_EQ(look_at_files_as_a_start_does(), Rows()) << "nothing changed";
  for (const char* name : {"config.yaml", "policy.yaml", "agents/helper.yaml", "agents/broken.yaml"})
    PRYX_CHECK(std::filesystem::remove(path(name)));
  EXPECT_EQ(look_at_files_as_a_start_does(),
            (Rows{"agent.removed file", "agent.removed file", "config.changed file", "policy.changed file"}));
  EXPECT_EQ(look_at_files_as_a_start_does(), Rows()) << "nothing changed";
}

// The same for where the database's key lies. The first start of a home has nothing to compare it with.
TEST_P(Evidence, ThePlaceOfTheKey) {
  const auto start_with = [this](const char* backend) {
    return async::testing::run(loop_, record_key_backend(*database_, audit_, backend)).has_value();
  };
  EXPECT_TRUE(start_with("file"));
  fill_the_log();
  EXPECT_TRUE(start_with("file"));
  EXPECT_EQ(new_rows(), std::vector<std::string>());
  EXPECT_EQ(start_with("sealed_file"), !GetParam());
  EXPECT_EQ(start_with("sealed_file"), !GetParam()) << "what was not recorded is tried again";
  EXPECT_EQ(new_rows(),
            GetParam() ? std::vector<std::string>() : std::vector<std::string>{"key.backend_changed start"});
}

TEST_P(Evidence, Secrets) {
  pryx::testing::SeededRandom random(1);
  async::WorkerPool pool(loop_, 0);
  vault::Vault vault(*database_, pool, Secret(std::string(64, 'a')), random, loop_.clock(),
                     crypto::PassphraseCost{.passes = 1, .memory_bytes = 8u << 20});
  PRYX_CHECK(async::testing::run(loop_, vault.start()).has_value());
  Secrets secrets(*database_, *events_, audit_, vault);
  PRYX_CHECK(async::testing::run(loop_, vault.set(owner(), "old", Secret(std::string("value")))).has_value());
  fill_the_log();
  const auto names = [&] {
    std::string out;
    for (const auto& entry : async::testing::run(loop_, vault.list(owner())).value()) out += entry.name + " ";
    return out;
  };
  const auto put =
      async::testing::run(loop_, secrets.put(me(), "new", Secret(std::string("value")), std::nullopt));
  EXPECT_EQ(put.has_value(), !GetParam());
  EXPECT_EQ(names(), GetParam() ? "old " : "new old ");
  const auto sealed = async::testing::run(
      loop_, secrets.change_passphrase(me(), std::nullopt, Secret(std::string("a long passphrase"))));
  EXPECT_EQ(sealed.has_value(), !GetParam());
  EXPECT_EQ(secrets.vault_status(me()).has_passphrase, !GetParam());
  const auto removed = async::testing::run(loop_, secrets.remove(me(), "old"));
  EXPECT_EQ(removed.has_value(), !GetParam());
  EXPECT_EQ(names(), GetParam() ? "old " : "new ");
}

struct NoHttp final : net::HttpClient {
  async::Task<Result<std::unique_ptr<net::ClientResponse>>> start(net::ClientRequest) override {
    co_return fail(ErrorCode::kUnavailable, "no network in this test");
  }
  async::Task<void> stop() override { co_return; }
};
struct NoKeys final : models::KeySource {
  async::Task<Result<Secret>> get_key(std::string name, bool) override {
    co_return fail(ErrorCode::kNotFound, "no key {}", name);
  }
};

// Of the log: looks at something each time that a row is being written, so before its commit.
class LookingClock final : public Clock {
 public:
  LookingClock(const Clock& clock, std::function<std::string()> look)
      : clock_(clock), look_(std::move(look)) {}
  [[nodiscard]] MonotonicTime monotonic() const override { return clock_.monotonic(); }
  [[nodiscard]] WallTime wall() const override {
    seen.push_back(look_());
    return clock_.wall();
  }
  mutable std::vector<std::string> seen;

 private:
  const Clock& clock_;
  std::function<std::string()> look_;
};

// Where a provider's requests and its key go.
TEST_P(Evidence, Providers) {
  pryx::testing::SeededRandom random(1);
  async::WorkerPool pool(loop_, 0);
  vault::Vault vault(*database_, pool, Secret(std::string(64, 'a')), random, loop_.clock(),
                     crypto::PassphraseCost{.passes = 1, .memory_bytes = 8u << 20});
  PRYX_CHECK(async::testing::run(loop_, vault.start()).has_value());
  NoHttp http;
  NoKeys keys;
  models::ModelRouter router(loop_, http, keys, random);
  const auto address = [&router] {
    for (const models::ProviderHealth& provider : router.providers()) {
      if (provider.name == "acme") return provider.base_url;
    }
    return std::string("none");
  };
  const LookingClock clock(loop_.clock(), address);
  audit::AuditLog audit(clock);
  CatalogKeeper catalog(loop_, http, *database_, *events_, audit, router, config::Places{});
  Providers providers(loop_, *database_, *events_, audit, vault, router, catalog, http);
  const auto put = [&](const std::string& url, const std::string& key) {
    server::ProviderChange change;
    change.config = {.name = "acme", .kind = "openai", .base_url = url, .key_secret_name = {}};
    change.key.emplace(key);
    return async::testing::run(loop_, providers.put(me(), std::move(change))).has_value();
  };
  const std::string first = "http://127.0.0.1:1/v1", second = "http://127.0.0.1:2/v1";
  ASSERT_TRUE(put(first, "old"));
  EXPECT_FALSE(put("file:///etc/passwd", "new")) << "it is judged before anything is written";
  EXPECT_EQ(clock.seen, std::vector<std::string>{"none"});
  fill_the_log();
  EXPECT_EQ(put(second, "new"), !GetParam());
  EXPECT_EQ(clock.seen, (std::vector<std::string>{"none", first})) << "not in use before it is on record";
  EXPECT_EQ(address(), GetParam() ? first : second);
  const auto stored = async::testing::run(loop_, providers.list(me())).value();
  EXPECT_EQ(stored.at(0).base_url, GetParam() ? first : second);
  const auto key = async::testing::run(loop_, vault.get(owner(), "provider/acme"));
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->reveal(), GetParam() ? "old" : "new");
  const auto removed = async::testing::run(loop_, providers.remove(me(), "acme"));
  EXPECT_EQ(removed.has_value(), !GetParam());
  EXPECT_EQ(address(), GetParam() ? first : "none");
}

INSTANTIATE_TEST_SUITE_P(FullAndNot, Evidence, ::testing::Bool(), [](const auto& info) {
  return info.param ? std::string("FullLog") : std::string("TheControl");
});

}  // namespace
}  // namespace pryx::app

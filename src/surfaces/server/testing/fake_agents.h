// SPDX-License-Identifier: MIT
// Agents in memory, for tests of the routes.
#pragma once
#include <map>
#include <string>

#include "surfaces/server/agent_admin.h"
#include "surfaces/server/testing/fake_admins.h"

namespace pryx::server::testing {

class FakeAgents final : public AgentAdmin, public agent::ProfileSource {
 public:
  std::map<std::string, std::string, std::less<>> texts;
  async::Task<Result<std::vector<AgentEntry>>> list(Caller) override {
    std::vector<AgentEntry> all{entry("default")};
    for (const auto& [id, text] : texts) all.push_back(entry(id));
    co_return all;
  }
  async::Task<Result<AgentEntry>> get(Caller, std::string id) override {
    if (!exists(id)) co_return fail(ErrorCode::kNotFound, "there is no agent '{}'", id);
    co_return entry(id);
  }
  async::Task<Result<AgentEntry>> put(Caller, std::string id, std::string text, std::string hash) override {
    if (hash != text_hash(texts[id])) co_return fail(ErrorCode::kConflict, "it changed meanwhile");
    texts[id] = std::move(text);
    co_return entry(id);
  }
  async::Task<Result<void>> remove(Caller, std::string id) override {
    if (texts.erase(id) == 0) co_return fail(ErrorCode::kNotFound, "there is no agent '{}'", id);
    co_return Result<void>{};
  }
  [[nodiscard]] bool exists(std::string_view id) const override { return find(id) != nullptr; }
  [[nodiscard]] std::shared_ptr<const agent::AgentProfile> find(std::string_view name) const override {
    if (!texts.contains(name) && name != "default") return nullptr;
    agent::AgentProfile profile;
    profile.name = std::string(name);
    return std::make_shared<const agent::AgentProfile>(std::move(profile));
  }

 private:
  [[nodiscard]] AgentEntry entry(const std::string& id) const {
    AgentEntry out;
    out.profile.name = id;
    const auto text = texts.find(id);
    if (text == texts.end()) return out;
    out.state = "file";
    out.file = {"/config/agents/" + id + ".yaml", text->second, text_hash(text->second), true};
    return out;
  }
};

}  // namespace pryx::server::testing

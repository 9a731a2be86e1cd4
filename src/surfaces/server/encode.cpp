// SPDX-License-Identifier: MIT
#include "surfaces/server/encode.h"

namespace pryx::server {
namespace {

json::value text_or_null(std::string_view text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}
json::value positive_or_null(std::int64_t number) {
  return number > 0 ? json::value(number) : json::value(nullptr);
}

// Pico-USD a token, as money for a million tokens: what price lists say.
json::object money_per_million(std::int64_t pico) {
  // A pico-USD a token is a millionth of a USD a million tokens.
  std::string amount = fmt::format("{}.{:06}", pico / 1'000'000, pico % 1'000'000);
  while (amount.ends_with("000")) amount.resize(amount.size() - 3);
  if (amount.ends_with('.')) amount += "000";
  return {{"amount", std::move(amount)}, {"currency", "USD"}};
}

json::value money_or_null(const std::optional<std::int64_t>& pico) {
  return pico ? json::value(money_per_million(*pico)) : json::value(nullptr);
}

json::object encode_rates(const models::Rates& rates) {
  return {{"input_per_million", money_per_million(rates.input)},
          {"output_per_million", money_per_million(rates.output)},
          {"cached_input_per_million", money_or_null(rates.cache_read)},
          {"cache_write_per_million", money_or_null(rates.cache_write)}};
}

json::value encode_price(const std::optional<models::Price>& price) {
  if (!price) return nullptr;
  json::object out = encode_rates(price->rates);
  if (price->above) {
    json::object above = encode_rates(*price->above);
    above["tokens"] = price->above_tokens;
    out["above"] = std::move(above);
  }
  return out;
}

json::value flag_or_null(const std::optional<bool>& flag) {
  return flag ? json::value(*flag) : json::value(nullptr);
}

json::value list_or_null(const std::vector<std::string>& list) {
  return list.empty() ? json::value(nullptr) : json::value(json::array(list.begin(), list.end()));
}

}  // namespace

json::object encode_status(const StatusFacts& facts) {
  const DaemonInfo& info = facts.info;
  return {{"version", info.version},
          {"pid", info.pid},
          {"url", text_or_null(info.url)},
          {"public_url", text_or_null(info.public_url)},
          {"socket", text_or_null(info.socket)},
          {"started_at", to_rfc3339(info.started_at)},
          {"uptime_seconds", std::max<std::int64_t>(0, facts.now.unix_ms - info.started_at.unix_ms) / 1000},
          {"mode", info.mode},
          {"safe_mode_reason", text_or_null(info.safe_mode_reason)},
          {"key_backend", info.key_backend},
          {"default_model", facts.default_model},
          {"turns", json::object{{"running", facts.running_turns},
                                 {"queued", facts.queued_turns},
                                 {"paused", facts.is_paused}}},
          {"approvals_pending", facts.pending_approvals},
          {"event_version", facts.event_version},
          {"bus_clients", facts.bus_clients}};
}

json::array encode(const std::vector<Component>& components) {
  json::array list;
  for (const Component& c : components) {
    list.push_back(json::object{{"name", c.name},
                                {"state", c.state},
                                {"required", c.required},
                                {"detail", text_or_null(c.detail)},
                                {"version", text_or_null(c.version)}});
  }
  return list;
}

json::object encode(const agent::SessionHit& hit) {
  json::object o = hit.session.to_json();
  o["snippet"] = text_or_null(hit.snippet);
  return o;
}

json::object encode(const agent::ListedTurn& listed) {
  json::object o = listed.turn.to_json();
  o["session_title"] = listed.session_title;
  return o;
}

json::object encode_turn(const agent::Turn& turn, const std::vector<agent::Step>& steps,
                         json::array partial) {
  json::object o = turn.to_json();
  json::array list;
  for (const agent::Step& step : steps) list.push_back(step.to_json());
  o["steps"] = std::move(list);
  o["partial"] = std::move(partial);
  return o;
}

json::object encode(const HumanFile& file) {
  return {{"path", file.path}, {"exists", file.exists}, {"text", file.text}, {"hash", file.hash}};
}

json::object encode(const ConfigStatus& status) {
  json::object o = encode(status.file);
  o["in_force"] = status.in_force;
  o["problem"] = nullptr;
  if (status.problem) {
    const std::optional<int> line = status.problem->line;
    o["problem"] = json::object{{"line", line ? json::value(*line) : json::value(nullptr)},
                                {"message", status.problem->message}};
  }
  return o;
}

namespace {

json::array encode_problems(const std::vector<trust::PolicyProblem>& problems) {
  json::array out;
  for (const trust::PolicyProblem& p : problems)
    out.push_back(json::object{{"line", p.line}, {"key", p.key}, {"message", p.message}});
  return out;
}

json::array encode_tests(const std::vector<trust::PolicyTestResult>& tests) {
  json::array out;
  for (const trust::PolicyTestResult& test : tests) out.push_back(test.to_json());
  return out;
}

json::array encode_texts(const std::vector<std::string>& texts) {
  json::array out;
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}

json::object encode_rule(const trust::Layer::Entry& entry) {
  json::array when;
  for (const trust::Condition condition : entry.rule.when) when.emplace_back(trust::to_text(condition));
  return {{"line", entry.rule.line > 0 ? json::value(entry.rule.line) : json::value(nullptr)},
          {"decision", trust::to_text(entry.rule.verdict)},
          {"tool", entry.rule.tool},
          {"when", std::move(when)},
          {"commands", encode_texts(entry.rule.commands)},
          {"domains", encode_texts(entry.rule.domains)},
          {"paths", encode_texts(entry.rule.paths)},
          {"text", entry.text}};
}

}  // namespace

json::object encode(const PolicyStatus& status) {
  json::object o = encode(status.file);
  o["in_force"] = status.in_force;
  o["in_force_text"] = status.in_force_text;
  o["version"] = status.version;
  o["problems"] = encode_problems(status.problems);
  o["tests"] = encode_tests(status.tests);
  json::array rules;
  if (status.rules) {
    for (const trust::Layer::Entry& entry : status.rules->entries()) rules.push_back(encode_rule(entry));
  }
  o["rules"] = std::move(rules);
  return o;
}

json::object encode(const PolicyCheck& check) {
  return {{"valid", check.problems.empty()},
          {"problems", encode_problems(check.problems)},
          {"tests", encode_tests(check.tests)}};
}

json::object encode(const trust::PolicyTemplate& item) {
  return {{"name", item.name}, {"description", item.description}, {"text", item.text}};
}

json::object encode(const audit::Row& row) {
  return {{"index", row.index},
          {"at", to_rfc3339(row.at)},
          {"kind", row.entry.kind},
          {"actor", row.entry.actor},
          {"session_id", text_or_null(row.entry.session.str())},
          {"turn_id", text_or_null(row.entry.turn.str())},
          {"step_id", text_or_null(row.entry.step.str())},
          {"subject", row.entry.subject},
          {"detail", row.entry.detail},
          {"success", row.entry.success ? json::value(*row.entry.success) : json::value(nullptr)},
          {"personal",
           row.state == audit::Personal::kPresent ? json::value(row.entry.personal) : json::value(nullptr)},
          {"erased", row.state == audit::Personal::kErased},
          {"hash", row.hash}};
}

json::object encode(const audit::Verdict& verdict) {
  return {{"ok", verdict.ok()},
          {"rows", verdict.rows},
          {"first_bad_index",
           verdict.first_bad_index ? json::value(*verdict.first_bad_index) : json::value(nullptr)},
          {"reason", text_or_null(verdict.reason)},
          {"checkpoints", verdict.checkpoints},
          {"erased", verdict.erased},
          {"root", verdict.root}};
}

json::object encode(const AuditState& state) {
  json::value verified;
  if (state.verified) {
    json::object one = encode(state.verified->verdict);
    one["at"] = to_rfc3339(state.verified->at);
    one["by"] = state.verified->by;
    verified = std::move(one);
  }
  return {{"size", state.size},
          {"signed_size", state.signed_size},
          {"signed_at", state.signed_at ? json::value(to_rfc3339(*state.signed_at)) : json::value(nullptr)},
          {"problem", text_or_null(state.problem)},
          {"verified", std::move(verified)}};
}

json::object encode(const models::ModelInfo& model, std::string_view default_model) {
  return {{"id", model.full_name()},
          {"provider", model.provider},
          {"context_tokens", positive_or_null(model.context_tokens)},
          {"max_output_tokens", positive_or_null(model.max_output_tokens)},
          {"price", encode_price(model.price)},
          {"family", text_or_null(model.family)},
          {"tokenizer", text_or_null(model.tokenizer)},
          {"takes", list_or_null(model.takes)},
          {"gives", list_or_null(model.gives)},
          {"tools", flag_or_null(model.tools)},
          {"reasoning", flag_or_null(model.reasoning)},
          {"max_tools", positive_or_null(model.max_tools)},
          {"max_images", positive_or_null(model.max_images)},
          {"as_of", text_or_null(model.as_of)},
          {"source", text_or_null(model.source)},
          {"default", model.full_name() == default_model}};
}

json::object encode(const CatalogStatus& status) {
  return {{"as_of", status.as_of},
          {"source", status.source},
          {"models", status.models},
          {"from", text_or_null(status.from)},
          {"fetched_at", text_or_null(status.fetched_at)},
          {"own_models", status.own_models},
          {"problem", text_or_null(status.problem)}};
}

json::object encode(const models::Preset& preset) {
  return {{"name", preset.name},
          {"kind", preset.kind},
          {"base_url", preset.base_url},
          {"needs_key", preset.needs_key},
          {"about", preset.about}};
}

json::object encode(const models::LocalServer& server, const LocalServers& found,
                    const std::vector<models::ProviderHealth>& providers) {
  const platform::MemoryInfo memory = found.memory.value_or(platform::MemoryInfo{});
  json::array models;
  for (const models::LocalModel& model : server.models) {
    const models::Fit fit = models::fit_of(model, memory.total_bytes, memory.available_bytes);
    models.push_back(json::object{{"id", model.id},
                                  {"size_bytes", positive_or_null(model.size_bytes)},
                                  {"context_tokens", positive_or_null(model.context_tokens)},
                                  {"quantization", text_or_null(model.quantization)},
                                  {"parameters", text_or_null(model.parameters)},
                                  {"loaded", flag_or_null(model.loaded)},
                                  {"elsewhere", model.elsewhere},
                                  {"fit", models::fit_name(fit)}});
  }
  const auto same = std::ranges::find(providers, server.base_url, &models::ProviderHealth::base_url);
  return {{"server", server.server},
          {"kind", server.kind},
          {"name", server.name},
          {"base_url", server.base_url},
          {"version", text_or_null(server.version)},
          {"provider", same == providers.end() ? json::value(nullptr) : json::value(same->name)},
          {"models", std::move(models)}};
}

json::object encode(const models::ProviderHealth& health, const models::ProviderConfig* config) {
  std::string_view state = "ready";
  if (health.breaker == models::BreakerState::kOpen)
    state = "failing";
  else if (health.breaker == models::BreakerState::kHalfOpen)
    state = "recovering";
  return {{"name", health.name},
          {"kind", health.kind},
          {"base_url", text_or_null(health.base_url)},
          {"api", config != nullptr ? text_or_null(config->api) : json::value(nullptr)},
          {"has_key", config != nullptr && !config->key_secret_name.empty()},
          {"built_in", config == nullptr},
          {"state", state}};
}

json::object encode(const vault::VaultStatus& status) {
  json::object body{{"has_passphrase", status.has_passphrase}, {"locked", status.locked}};
  body["retry_after_ms"] =
      status.try_again_in
          ? json::value(std::chrono::ceil<std::chrono::milliseconds>(*status.try_again_in).count())
          : json::value(nullptr);
  return body;
}

json::object encode(const SecretEntry& secret) {
  return {{"name", secret.name},
          {"updated_at", to_rfc3339(secret.updated_at)},
          {"hosts", json::array(secret.hosts.begin(), secret.hosts.end())}};
}

json::object encode(const tools::ToolDescription& tool) {
  return {{"name", tool.name},
          {"description", tool.description},
          {"parameters", tool.parameters},
          {"effect_class", tools::to_text(tool.effect)},
          {"risk", tools::to_text(tool.risk)},
          {"read_only", tool.read_only}};
}

json::object encode(const memory::Memory& memory) {
  return {{"id", memory.id.str()},
          {"type", memory::to_text(memory.type)},
          {"text", memory.text},
          {"labels", memory.labels.to_json()},
          {"session_id", text_or_null(memory.session.str())},
          {"created_at", to_rfc3339(memory.created_at)}};
}

}  // namespace pryx::server

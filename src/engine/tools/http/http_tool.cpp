// SPDX-License-Identifier: MIT
#include "engine/tools/http/http_tool.h"

#include <algorithm>

#include "engine/tools/http/scrub.h"
#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"

namespace pryx::tools::http {
namespace {

constexpr std::size_t kMaxResponse = 8u << 20;
constexpr std::size_t kMaxText = 1u << 20;
constexpr std::size_t kMaxPreview = 8u << 10;

constexpr std::string_view kText =
    "Sends one HTTP request and returns the answer. HTML comes back as readable text with its links, unless "
    "format is "
    "raw. Each host is asked for once; a redirect to another host is reported, not followed. A field value "
    "\"secret:<name>\" (or \"Bearer secret:<name>\") stands for a stored secret.";
constexpr std::string_view kParameters = R"json({
  "type": "object",
  "properties": {
    "method": {"type": "string", "enum": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"], "description": "Default GET."},
    "url": {"type": "string", "minLength": 1, "maxLength": 8192, "description": "http:// or https://, with the host written plainly."},
    "headers": {"type": "object", "maxProperties": 50, "additionalProperties": {"type": "string", "maxLength": 8192}},
    "body": {"type": "string", "maxLength": 8388608},
    "timeout": {"type": "integer", "minimum": 1, "maximum": 300, "description": "Seconds (default 30)."},
    "format": {"type": "string", "enum": ["text", "raw", "json"], "description": "text (default): readable; raw: as it came; json: checked to be JSON."}
  },
  "required": ["url"],
  "additionalProperties": false
})json";

struct ContentType {
  std::string type;  // "text/html", lower case
  std::string charset;
};

ContentType content_type(const net::Headers& headers) {
  ContentType out;
  const std::string_view value = headers.find("Content-Type").value_or("");
  const std::vector<std::string_view> parts = split(value, ';');
  out.type = lower_ascii(trim(parts.empty() ? std::string_view() : parts[0]));
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::string_view part = trim(parts[i]);
    if (!lower_ascii(part.substr(0, 8)).starts_with("charset=")) continue;
    out.charset = trim(part.substr(8));
    std::erase(out.charset, '"');
  }
  return out;
}

bool is_html(const ContentType& type, std::string_view body) {
  if (type.type == "text/html" || type.type == "application/xhtml+xml") return true;
  if (!type.type.empty()) return false;
  const std::string begin = lower_ascii(trim(body.substr(0, 256)));
  return begin.starts_with("<!doctype html") || begin.starts_with("<html");
}

bool is_text(const ContentType& type, std::string_view body) {
  const auto holds = [&](std::string_view word) { return type.type.find(word) != std::string::npos; };
  if (type.type.starts_with("text/") || holds("json") || holds("xml") || holds("javascript") ||
      holds("yaml") || holds("x-www-form-urlencoded"))
    return true;
  if (!type.type.empty() && type.type != "application/octet-stream") return false;
  return body.find('\0') == std::string_view::npos && is_valid_utf8(body);
}

// This machine or its own network: TLS is rare there.
bool stays_near(const net::Host& host) {
  return host.address ? !net::is_public(*host.address) : host.name == "localhost";
}

ToolOutcome refusal(std::string text) {
  ToolOutcome out;
  out.ok = false;
  out.summary = text;
  out.text = std::move(text);
  return out;
}

// The request has happened: its answer stays an answer when nobody can read it.
std::string unreadable(const Error& error, ToolOutcome& out) {
  out.ok = false;
  out.details["unreadable"] = error.message;
  return "(" + error.message + ")";
}

}  // namespace

HttpRequestTool::HttpRequestTool(egress::Broker& broker, PageReader& pages, SecretSource* secrets)
    : broker_(broker), pages_(pages), secrets_(secrets) {
  auto schema = json::parse_object(kParameters);
  PRYX_CHECK(schema.has_value());
  description_.name = "http.request";
  description_.description = kText;
  description_.parameters = std::move(*schema);
  description_.effect = EffectClass::kOneShot;
  description_.risk = Risk::kMedium;
  description_.read_only = false;
}

EffectClass HttpRequestTool::effect(const json::object& arguments) const {
  const auto call = read_call(arguments);
  return call && call->is_safe() ? EffectClass::kIdempotent : EffectClass::kOneShot;
}

Result<Touches> HttpRequestTool::touches(const json::object& arguments) const {
  PRYX_TRY(const Call call, read_call(arguments));
  Touches touches;
  const bool is_usual = call.url.port == 80 || call.url.port == 443;
  touches.hosts = {is_usual ? call.url.host.text() : call.url.origin()};
  touches.is_outward_sink = true;
  touches.method = call.method;
  touches.hands_out_secret = call.uses_secret();
  return touches;
}

std::string HttpRequestTool::render(const json::object& arguments) const {
  const auto call = read_call(arguments);
  if (!call) return "http.request " + json::to_text(arguments);
  return "http.request " + call->one_line();
}

async::Task<Result<Binding>> HttpRequestTool::bind(json::object arguments, ToolContext) {
  PRYX_CO_TRY(const Call call, read_call(arguments));
  Binding binding;
  json::array fields;
  for (const Field& field : call.fields)
    fields.push_back(json::array{json::value(field.name), json::value(field.text())});
  json::array allowed;
  for (const std::string& host : call.allowed()) allowed.push_back(json::value(host));
  binding.facts = {{"method", call.method},
                   {"url", call.url.text()},
                   {"headers", crypto::hash_json("http-headers/1", fields)},
                   {"body", crypto::sha256_hex(call.body)},
                   {"hosts", std::move(allowed)}};
  const std::string whole = call.preview();
  binding.shown_whole = whole.size() <= kMaxPreview && is_valid_utf8(whole);
  binding.preview = to_valid_utf8(utf8_prefix(whole, kMaxPreview));
  if (!binding.shown_whole)
    binding.preview +=
        fmt::format("\n(cut: {} of {} bytes shown)", std::min(kMaxPreview, whole.size()), whole.size());
  co_return binding;
}

async::Task<Result<HttpRequestTool::Filled>> HttpRequestTool::headers_of(Call call, ToolContext context) {
  Filled filled;
  net::Headers& headers = filled.headers;
  bool has_key = false;
  for (const Field& field : call.fields) {
    has_key = has_key || equals_ignore_case(field.name, "Idempotency-Key");
    if (field.secret_name.empty()) {
      headers.add(field.name, field.value);
      continue;
    }
    if (secrets_ == nullptr)
      co_return fail(ErrorCode::kUnsupported, "there are no secrets in this version of Pryx");
    // It would travel in the open.
    if (!call.url.is_https && !stays_near(call.url.host))
      co_return fail(ErrorCode::kDenied, "the secret {} is not sent without TLS; use https",
                     field.secret_name);
    PRYX_CO_TRY(Secret secret, co_await secrets_->reveal(context.principal, field.secret_name, call.url));
    if (!is_field_value(secret.reveal()))
      co_return fail(ErrorCode::kInvalidArgument,
                     "the secret {} holds a line end or control character, so it cannot be a field value",
                     field.secret_name);
    headers.add(field.name, field.prefix + secret.reveal());
    filled.secrets.push_back(std::move(secret));
  }
  // Servers that know it do an effect once, however often it arrives.
  if (!call.is_safe() && !has_key && !context.idempotency_key.empty())
    headers.add("Idempotency-Key", context.idempotency_key);
  co_return filled;
}

async::Task<Result<ToolOutcome>> HttpRequestTool::run(const GatePass&, json::object arguments,
                                                      ToolContext context) {
  PRYX_CO_TRY(Call call, read_call(arguments));
  auto filled = co_await headers_of(call, context);
  if (!filled) co_return refusal(filled.error().message);
  egress::FetchRequest request;
  request.method = call.method;
  request.url = call.url.text();
  request.headers = std::move(filled->headers);
  request.body = call.body;
  request.allowed.entries = call.allowed();
  request.limits.time = call.timeout;
  request.limits.response_bytes = kMaxResponse;
  egress::Sender sender{context.principal, context.session, context.turn, context.step, description_.name};
  auto response = co_await broker_.fetch(std::move(sender), std::move(request));
  if (!response) {
    const ErrorCode code = response.error().code;
    // Nothing was sent, or it may be repeated: the model may try something else. Else nobody knows.
    const bool surely_not_sent = egress::says_nothing_was_sent(code);
    if (surely_not_sent || (call.is_safe() && code != ErrorCode::kCancelled && code != ErrorCode::kStorage))
      co_return refusal(response.error().message);
    if (code == ErrorCode::kCancelled || call.is_safe()) co_return std::unexpected(response.error());
    ToolOutcome lost =
        refusal(fmt::format("{}; the request may have arrived all the same: check before it is sent again",
                            response.error().message));
    lost.is_unknown = true;
    co_return lost;
  }
  // What a neighbour tells is not the web's to know: a service of this machine or its network counts on
  // nobody else reaching it.
  const bool is_near = std::ranges::any_of(response->hops, &egress::Hop::is_near);
  const bool private_data = call.uses_secret() || is_near;
  // What the other side says of the secret itself stays here.
  for (const Secret& secret : filled->secrets) scrub(*response, secret);
  auto outcome = co_await outcome_of(std::move(call), std::move(*response));
  if (outcome) {
    for (const Secret& secret : filled->secrets) scrub(*outcome, secret);
    outcome->labels = trust::Labels{"web"};
    // What is shown only to the owner's credentials, or only here, is the owner's private data.
    if (private_data) outcome->labels.join(trust::Labels{"private"});
  }
  co_return outcome;
}

async::Task<Result<ToolOutcome>> HttpRequestTool::outcome_of(Call call, egress::FetchResponse response) {
  const ContentType type = content_type(response.headers);
  const std::string final_url = response.hops.empty() ? call.url.text() : response.hops.back().url;
  ToolOutcome out;
  out.details = {{"status", response.status},
                 {"url", final_url},
                 {"content_type", type.type},
                 {"bytes", response.body.size()},
                 {"truncated", response.truncated},
                 {"peer", response.hops.empty() ? std::string() : response.hops.back().peer},
                 {"redirects", response.hops.empty() ? 0 : response.hops.size() - 1}};
  std::string text = fmt::format("HTTP {} {}\n", response.status, final_url);
  if (!type.type.empty()) text += "Content-Type: " + to_valid_utf8(type.type) + "\n";
  for (const char* name : {"Location", "Retry-After", "ETag", "Last-Modified", "Link"}) {
    if (const auto value = response.headers.find(name))
      text += fmt::format("{}: {}\n", name, to_valid_utf8(*value));
  }
  if (!response.refused_redirect.empty()) {
    text += "Not followed: " + response.refused_redirect + "\n";
    out.details["refused_redirect"] = response.refused_redirect;
  }
  text += "\n";
  bool cut = response.truncated;
  if (call.format == Format::kJson && !json::parse(response.body)) {
    out.ok = false;
    text += "(the answer is not valid JSON; it follows as it came)\n\n" + to_valid_utf8(response.body);
  } else if (call.format == Format::kText && is_html(type, response.body)) {
    const auto page = co_await pages_.read({response.body, "html", type.charset, final_url, kMaxText});
    if (page && !page->title.empty()) text += "Title: " + page->title + "\n\n";
    text += page ? page->text : unreadable(page.error(), out);
    cut = cut || (page && page->truncated);
  } else if (!is_text(type, response.body)) {
    text += fmt::format("({} bytes of {}, not shown; SHA-256 {})", response.body.size(),
                        type.type.empty() ? "unknown type" : to_valid_utf8(type.type),
                        crypto::sha256_hex(response.body));
  } else if (call.format == Format::kText && !type.charset.empty() && !is_valid_utf8(response.body)) {
    const auto page = co_await pages_.read({response.body, "text", type.charset, final_url, kMaxText});
    text += page ? page->text : unreadable(page.error(), out);
    cut = cut || (page && page->truncated);
  } else {
    text += to_valid_utf8(response.body);
  }
  if (cut) text += "\n(the answer goes on; this is its beginning)";
  out.summary =
      fmt::format("HTTP {}, {} bytes from {}", response.status, response.body.size(), call.url.host.name);
  out.text = std::move(text);
  co_return out;
}

}  // namespace pryx::tools::http

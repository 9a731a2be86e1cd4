// SPDX-License-Identifier: MIT
#include "surfaces/server/session_report.h"

#include <algorithm>

#include "foundation/base/clock.h"
#include "foundation/base/text.h"

namespace pryx::server {
namespace {

constexpr std::string_view kStyle =
    ":root{color-scheme:light dark;--line:#8884;--soft:#8882;--bar:#4a7fd4;--bad:#c8503c;--ask:#b8860b}"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "background:#fff;color:#1c1c1e}"
    "h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem;border-bottom:1px solid var(--line)}"
    "table{border-collapse:collapse}td,th{padding:.15rem .8rem .15rem 0;text-align:left;vertical-align:top}"
    "th{font-weight:500;opacity:.7}article{margin:1rem 0;padding:.6rem .9rem;border-left:3px solid "
    "var(--line)}"
    "article.user{border-color:var(--bar)}pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.3rem 0;"
    "font:inherit}pre.code{font:13px/1.45 ui-monospace,monospace;background:var(--soft);padding:.5rem;"
    "max-height:24rem;overflow:auto}.who{font-weight:600}.dim{opacity:.65;font-size:.85em}"
    ".row{display:grid;grid-template-columns:14rem 1fr 5rem;gap:.6rem;align-items:center;font-size:.85rem}"
    ".track{background:var(--soft);height:.7rem;border-radius:3px;overflow:hidden}.bar{background:var(--bar);"
    "height:100%;min-width:2px}.failed .bar,.denied .bar{background:var(--bad)}.approval .bar{"
    "background:var(--ask)}"
    "@media(prefers-color-scheme:dark){body{background:#17181a;color:#e6e6e6}}";

const json::object& object_in(const json::object& o, std::string_view key) {
  static const json::object empty;
  const json::value* found = json::find(o, key);
  return found != nullptr && found->is_object() ? found->get_object() : empty;
}
std::vector<const json::object*> objects_in(const json::object& o, std::string_view key) {
  std::vector<const json::object*> out;
  const json::value* found = json::find(o, key);
  if (found == nullptr || !found->is_array()) return out;
  for (const json::value& item : found->get_array())
    if (item.is_object()) out.push_back(&item.get_object());
  return out;
}

std::optional<std::int64_t> time_in(const json::object& o, std::string_view key) {
  const auto time = parse_rfc3339(json::string_or(o, key));
  return time ? std::optional(time->unix_ms) : std::nullopt;
}

std::string cost_of(const json::object& turn) {
  const json::object& cost = object_in(turn, "cost");
  if (cost.empty()) return "not priced";
  return json::string_or(cost, "amount") + " " + json::string_or(cost, "currency");
}

std::string step_name(const json::object& step) {
  const std::string tool = json::string_or(step, "tool");
  return tool.empty() ? json::string_or(step, "kind") : tool;
}

std::string duration_of(const json::object& step) {
  const auto from = time_in(step, "started_at");
  const auto to = time_in(step, "ended_at");
  return from && to ? fmt::format("{} ms", std::max<std::int64_t>(0, *to - *from)) : std::string();
}

// Where its bar lies on the turn's line, in thousandths.
struct Place {
  std::int64_t left = 0;
  std::int64_t width = 0;
};
Place place_of(const json::object& step, std::int64_t from, std::int64_t to) {
  const std::int64_t length = std::max<std::int64_t>(1, to - from);
  const auto at = [&](std::optional<std::int64_t> time, std::int64_t fallback) {
    return std::clamp<std::int64_t>((time.value_or(fallback) - from) * 1000 / length, 0, 1000);
  };
  const std::int64_t left = at(time_in(step, "started_at"), time_in(step, "planned_at").value_or(from));
  const std::int64_t right = at(time_in(step, "ended_at"), to);
  return {left, std::max<std::int64_t>(0, right - left)};
}

struct Span {
  std::int64_t from = 0;
  std::int64_t to = 0;
};
Span span_of(const json::object& turn) {
  Span span{INT64_MAX, INT64_MIN};
  const auto take = [&](const json::object& o) {
    for (const char* key : {"started_at", "ended_at", "planned_at"}) {
      const auto time = time_in(o, key);
      if (!time) continue;
      span.from = std::min(span.from, *time);
      span.to = std::max(span.to, *time);
    }
  };
  take(turn);
  for (const json::object* step : objects_in(turn, "steps")) take(*step);
  return span.from > span.to ? Span{} : span;
}

// Only letters: it becomes a class name.
std::string class_of(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 32))
    if ((c >= 'a' && c <= 'z') || c == '_') out += c;
  return out;
}

std::string html_turn(const json::object& turn) {
  const Span span = span_of(turn);
  const json::object& usage = object_in(turn, "usage");
  std::string out =
      fmt::format("<section><p class=dim>{} · {} · {} · {} in, {} out tokens · {}</p>\n",
                  escape_html(json::string_or(turn, "id")), escape_html(json::string_or(turn, "state")),
                  escape_html(json::string_or(turn, "answered_by", "no model")),
                  json::integer_or(usage, "input_tokens", 0), json::integer_or(usage, "output_tokens", 0),
                  escape_html(cost_of(turn)));
  for (const json::object* step : objects_in(turn, "steps")) {
    const Place place = place_of(*step, span.from, span.to);
    out += fmt::format(
        "<div class=\"row {} {}\"><span>{} <span class=dim>{}</span></span><span class=track><span class=bar "
        "style=\"display:block;margin-left:{}.{}%;width:{}.{}%\"></span></span><span "
        "class=dim>{}</span></div>\n",
        class_of(json::string_or(*step, "kind")), class_of(json::string_or(*step, "state")),
        escape_html(step_name(*step)), escape_html(json::string_or(*step, "state")), place.left / 10,
        place.left % 10, place.width / 10, place.width % 10, duration_of(*step));
    if (const std::string summary = json::string_or(*step, "summary"); !summary.empty())
      out += fmt::format("<pre class=dim>{}</pre>\n", escape_html(summary));
  }
  return out + "</section>\n";
}

std::string html_message(const json::object& message) {
  const std::string role = json::string_or(message, "role");
  std::string out =
      fmt::format("<article class=\"{}\"><span class=who>{}</span> <span class=dim>{}</span>\n",
                  class_of(role), escape_html(role), escape_html(json::string_or(message, "created_at")));
  for (const json::object* part : objects_in(message, "parts")) {
    const std::string type = json::string_or(*part, "type");
    const std::string text = escape_html(json::string_or(*part, "text"));
    const std::string tool = escape_html(json::string_or(*part, "tool"));
    if (type == "text" || type == "summary") {
      out += fmt::format("<pre>{}</pre>\n", text);
    } else {
      out += fmt::format("<details{}><summary>{} {}</summary><pre class=code>{}</pre></details>\n",
                         type == "tool_call" ? " open" : "", escape_html(type), tool, text);
    }
  }
  return out + "</article>\n";
}

std::string fact_row(std::string_view name, std::string_view value) {
  return fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", name, escape_html(value));
}

std::string redactions_of(const json::object& manifest) {
  std::string out;
  for (const auto& [kind, count] : object_in(manifest, "redactions"))
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", json::to_text(count), std::string_view(kind));
  return out.empty() ? "nothing was found" : out;
}
bool is_redacted(const json::object& manifest) {
  const json::value* flag = json::find(manifest, "redacted");
  return flag != nullptr && flag->is_bool() && flag->get_bool();
}

std::string title_of(const json::object& session) {
  const std::string title = json::string_or(session, "title");
  return title.empty() ? json::string_or(session, "id") : title;
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') out += c;
    }
  }
  return out;
}

std::string escape_markdown(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (std::string_view("[]\\`#|*_~").contains(c)) {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) >= 0x20 || c == '\t') {
      out += c;
    }
  }
  return out;
}

std::string quote_markdown(std::string_view text) {
  std::string out;
  for (const std::string_view line : split(text, '\n')) out += "> " + escape_markdown(line) + "\n";
  return out;
}

std::string report_html(const json::object& document) {
  const json::object& content = object_in(document, "content");
  const json::object& manifest = object_in(document, "manifest");
  const json::object& session = object_in(content, "session");
  const auto turns = objects_in(content, "turns");
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=en><head><meta charset=utf-8>\n<meta http-equiv=Content-Security-Policy "
      "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<meta name=viewport "
      "content=\"width=device-width\">\n<meta name=referrer "
      "content=no-referrer>\n<title>{}</title>\n<style>{}"
      "</style></head><body>\n<h1>{}</h1>\n<table>\n",
      escape_html(title_of(session)), kStyle, escape_html(title_of(session)));
  out += fact_row("session", json::string_or(session, "id"));
  out += fact_row("begun", json::string_or(session, "created_at"));
  out += fact_row("messages", std::to_string(objects_in(content, "messages").size()));
  out += fact_row("turns", std::to_string(turns.size()));
  out += fact_row("taken out",
                  is_redacted(manifest) ? redactions_of(manifest) : "nothing: this is the whole text");
  out += fact_row("SHA-256 of the content", json::string_or(manifest, "sha256"));
  out += "</table>\n";
  if (!turns.empty()) out += "<h2>Timeline</h2>\n";
  for (const json::object* turn : turns) out += html_turn(*turn);
  const auto approvals = objects_in(content, "approvals");
  if (!approvals.empty()) out += "<h2>Approvals</h2>\n<table>\n";
  for (const json::object* approval : approvals)
    out +=
        fact_row(escape_html(json::string_or(*approval, "state")), json::string_or(*approval, "rendering"));
  if (!approvals.empty()) out += "</table>\n";
  out += "<h2>Conversation</h2>\n";
  for (const json::object* message : objects_in(content, "messages")) out += html_message(*message);
  return out + "</body></html>\n";
}

std::string report_markdown(const json::object& document) {
  const json::object& content = object_in(document, "content");
  const json::object& manifest = object_in(document, "manifest");
  const json::object& session = object_in(content, "session");
  std::string out = "# Session\n\n" + quote_markdown(title_of(session)) + "\n";
  out += fmt::format(
      "- session: {}\n- begun: {}\n- taken out: {}\n- SHA-256 of the content: {}\n\n",
      escape_markdown(json::string_or(session, "id")),
      escape_markdown(json::string_or(session, "created_at")),
      is_redacted(manifest) ? escape_markdown(redactions_of(manifest)) : "nothing: this is the whole text",
      escape_markdown(json::string_or(manifest, "sha256")));
  for (const json::object* turn : objects_in(content, "turns")) {
    const json::object& usage = object_in(*turn, "usage");
    out += fmt::format("## Turn {}\n\n{}; {}; {} in, {} out tokens; cost: {}\n\n",
                       escape_markdown(json::string_or(*turn, "id")),
                       escape_markdown(json::string_or(*turn, "state")),
                       escape_markdown(json::string_or(*turn, "answered_by", "no model")),
                       json::integer_or(usage, "input_tokens", 0),
                       json::integer_or(usage, "output_tokens", 0), escape_markdown(cost_of(*turn)));
    for (const json::object* step : objects_in(*turn, "steps")) {
      std::string line = fmt::format("{} {} {} {}", json::string_or(*step, "started_at"), step_name(*step),
                                     json::string_or(*step, "state"), duration_of(*step));
      if (const std::string summary = json::string_or(*step, "summary"); !summary.empty())
        line += ": " + summary;
      std::ranges::replace(line, '\n', ' ');
      out += quote_markdown(line);
    }
    out += "\n";
  }
  out += "## Conversation\n\n";
  for (const json::object* message : objects_in(content, "messages")) {
    out += fmt::format("**{}**, {}\n\n", class_of(json::string_or(*message, "role")),
                       escape_markdown(json::string_or(*message, "created_at")));
    for (const json::object* part : objects_in(*message, "parts")) {
      const std::string type = json::string_or(*part, "type");
      if (type != "text") out += quote_markdown(fmt::format("({} {})", type, json::string_or(*part, "tool")));
      out += quote_markdown(json::string_or(*part, "text")) + "\n";
    }
  }
  return out;
}

}  // namespace pryx::server

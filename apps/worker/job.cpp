// SPDX-License-Identifier: MIT
#include "job.h"

#include "foundation/base/json.h"
#include "foundation/base/text.h"
#include "html_text.h"

namespace pryx::worker {

Result<Job> read_job(std::string_view input) {
  const std::size_t end = input.find('\n');
  if (end == std::string_view::npos || end > 64u << 10)
    return fail(ErrorCode::kInvalidArgument, "the job has no first line");
  PRYX_TRY(const json::object head, json::parse_object(input.substr(0, end)));
  Job job;
  job.kind = json::string_or(head, "kind");
  job.charset = json::string_or(head, "charset");
  job.base = json::string_or(head, "base");
  const std::int64_t most = json::integer_or(head, "max_bytes", 1 << 20);
  job.max_bytes = most > 0 && most <= (16 << 20) ? static_cast<std::size_t>(most) : 1u << 20;
  job.document = input.substr(end + 1);
  return job;
}

std::string run_job(const Job& job, std::string_view utf8) {
  json::object head{{"ok", true}, {"title", ""}, {"truncated", false}};
  std::string text;
  if (job.kind == "html") {
    const auto base = net::parse_url(job.base);
    auto page = read_html(utf8, base ? std::optional(*base) : std::nullopt, job.max_bytes);
    if (page) {
      head["title"] = page->title;
      head["truncated"] = page->truncated;
      text = std::move(page->text);
    } else {
      head["ok"] = false;
      head["error"] = page.error().message;
    }
  } else if (job.kind == "text") {
    text = utf8_prefix(utf8, job.max_bytes);
    head["truncated"] = text.size() < utf8.size();
  } else {
    head["ok"] = false;
    head["error"] = "unknown kind of job";
  }
  return json::to_text(head) + "\n" + text;
}

}  // namespace pryx::worker

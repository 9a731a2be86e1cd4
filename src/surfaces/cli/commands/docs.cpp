// SPDX-License-Identifier: MIT
// pryx docs: the manual, and the man pages that are written from the rows of the command line.
#include <filesystem>

#include "foundation/base/text.h"
#include "foundation/platform/files.h"
#include "surfaces/cli/commands/commands.h"
#include "surfaces/cli/context.h"
#include "surfaces/cli/man_page.h"
#include "surfaces/cli/markdown.h"
#include "surfaces/manual/manual.h"

namespace pryx::cli {
namespace {

// As the API prints it.
json::object as_json(const manual::Page& page) {
  return {{"topic", page.topic}, {"title", page.title}, {"text", page.text}};
}

Result<int> list_pages(Context& context) {
  if (context.wants_json()) {
    json::array items;
    for (const manual::Page& page : manual::pages()) items.push_back(as_json(page));
    context.console().print_json({{"items", std::move(items)}, {"next_cursor", nullptr}});
    return 0;
  }
  std::vector<std::vector<Line>> rows;
  for (const manual::Page& page : manual::pages()) rows.push_back({Line(page.topic), Line(page.title)});
  context.console().print_table({{"TOPIC"}, {"ABOUT"}}, rows);
  context.console().note("pryx docs TOPIC shows one, pryx docs PRYX-1004 explains an error code");
  return 0;
}

Result<void> make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return fail(ErrorCode::kInvalidArgument, "cannot make the folder {}: {}", path, error.message());
  return {};
}

Result<int> write_man_pages(Context& context, const std::string& directory) {
  PRYX_TRY_VOID(make_folder(directory));
  const std::vector<ManPage> pages = man_pages(context.commands(), PRYX_VERSION);
  for (const ManPage& page : pages)
    PRYX_TRY_VOID(platform::atomic_write_file(fmt::format("{}/{}", directory, page.file), page.text, 0644));
  if (context.wants_json())
    context.console().print_json({{"directory", directory}, {"pages", pages.size()}});
  else
    context.console().note(
        fmt::format("{} pages are in {}; man -l {}/pryx.1", pages.size(), directory, directory));
  return 0;
}

Result<int> run_docs(Context& context, const Invocation& invocation) {
  if (const auto directory = invocation.find("man")) return write_man_pages(context, *directory);
  const std::string topic = invocation.positional("topic");
  if (topic.empty()) return list_pages(context);
  PRYX_TRY(const manual::Page page, manual::find_page(topic));
  Console& console = context.console();
  if (context.wants_json()) {
    console.print_json(as_json(page));
  } else if (!console.options().out_is_tty) {
    console.write_data(page.text);
  } else {
    MarkdownStream markdown(console.options().columns);
    console.print_lines(markdown.feed(page.text));
    console.print_lines(markdown.finish());
  }
  return 0;
}

}  // namespace

std::vector<Command> docs_commands() {
  return {{.noun = "docs",
           .summary = "the manual: topics, and what an error code means",
           .examples = {"docs", "docs policy", "docs PRYX-1004", "docs --man ~/.local/share/man/man1"},
           .flags = {{"--man", "DIR", "write the man pages of all commands there"}},
           .positionals = {{"topic", "a topic or an error code; none: the list", false}},
           .handler = run_docs}};
}

}  // namespace pryx::cli

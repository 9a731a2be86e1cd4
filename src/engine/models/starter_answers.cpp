// SPDX-License-Identifier: MIT
#include "engine/models/starter_answers.h"

#include <algorithm>
#include <map>
#include <ranges>

#include "foundation/base/text.h"

namespace pryx::models {
namespace {

using Kind = Intent::Kind;

constexpr std::size_t kMaxQuotedLines = 200;
constexpr std::size_t kMaxQuotedBytes = 16u << 10;

constexpr std::string_view kWaysToAModel =
    "- a model on this machine: install Ollama, then `pryx provider add ollama --kind ollama --no-key`\n"
    "- a model in the cloud, with your API key: `pryx provider add openai --kind openai`\n";

constexpr std::string_view kFooter =
    "I am Pryx's built-in starter: no AI, a small set of commands. For a real model: `pryx provider add "
    "ollama --kind ollama --no-key` (local) or "
    "`pryx provider add openai --kind openai` (API key).";

constexpr std::string_view kHelp =
    "I understand commands in plain English, one or several in a message:\n\n"
    "- look around: \"list the files in src\", \"show the tree\", \"find files named *.md\", \"how many "
    "files are in src\", \"what kinds of files are here\"\n"
    "- read: \"read README.md\", \"show the first 10 lines of README.md\", \"lines 5 to 20 of main.c\", "
    "\"how big is README.md\"\n"
    "- search: \"find TODO in src\", \"where is main defined\", \"how many TODO in src\"\n"
    "- change: \"write 'hello' to notes.txt\", \"append 'more' to notes.txt\", \"replace 'old' with 'new' in "
    "notes.txt\", \"copy a.txt to b.txt\", \"delete notes.txt\"\n"
    "- run: \"run `make test`\", \"git status\", \"what time is it\"\n"
    "- fetch: \"fetch https://example.org\"\n"
    "- remember: \"remember that the demo is on Friday\", \"what do you remember about the demo\"\n"
    "- chain: \"list the files, find TODO in src, then read README.md\"\n\n"
    "Every one of them goes through the same gate as a real model's would: some run at once, some ask you "
    "first, some are denied.";

// The fence is longer than any run of backticks inside, so that a file cannot end the block.
std::string quoted_block(std::string_view text) {
  std::size_t run = 0;
  std::size_t longest = 2;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(longest + 1, '`');
  std::string_view shown = utf8_prefix(text, kMaxQuotedBytes);
  std::size_t lines = 0;
  for (std::size_t at = 0; at < shown.size(); ++at) {
    if (shown[at] == '\n' && ++lines == kMaxQuotedLines) {
      shown = shown.substr(0, at + 1);
      break;
    }
  }
  std::string out = fence + "\n" + std::string(shown);
  if (!out.ends_with('\n')) out += '\n';
  out += fence;
  if (shown.size() < text.size()) out += "\n(The rest is left out here; the tool result holds it.)";
  return out;
}

std::string in_ticks(std::string_view text) {
  std::string out(text.substr(0, 300));
  std::ranges::replace(out, '`', '\'');
  return "`" + out + "`";
}

std::string place(const Intent& intent) {
  const std::string path = json::string_or(intent.arguments, "path");
  return path.empty() ? "the workspace" : in_ticks(path);
}

// Names of a listing: the result has one entry a line, "name  size" or "name/"; notes of the tool start
// otherwise.
struct Listing {
  std::vector<std::string_view> files;
  std::size_t folders = 0;
};
Listing read_listing(std::string_view text) {
  Listing out;
  for (const std::string_view line : split(text, '\n')) {
    if (line.ends_with('/')) {
      ++out.folders;
      continue;
    }
    const std::size_t gap = line.rfind("  ");
    if (gap != std::string_view::npos) out.files.push_back(line.substr(0, gap));
  }
  return out;
}

std::string counted(std::size_t n, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

std::string overview(const Intent& intent, std::string_view text) {
  const Listing listing = read_listing(text);
  std::map<std::string_view, std::size_t> by_type;
  for (const std::string_view file : listing.files) {
    const std::string_view name = file.substr(file.rfind('/') + 1);
    const std::size_t dot = name.rfind('.');
    ++by_type[dot == std::string_view::npos || dot == 0 ? std::string_view("without an ending")
                                                        : name.substr(dot)];
  }
  std::vector<std::pair<std::string_view, std::size_t>> types(by_type.begin(), by_type.end());
  std::ranges::sort(types, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  std::string out =
      fmt::format("In {} there are {} in {}", place(intent), counted(listing.files.size(), "file", "files"),
                  counted(listing.folders, "folder", "folders"));
  if (types.empty()) return out + ".";
  out += ", by the endings of their names:\n";
  for (const auto& [type, count] : types | std::views::take(12))
    out += fmt::format("\n- {}: {}", type, count);
  if (types.size() > 12) out += fmt::format("\n- and {} more kinds", types.size() - 12);
  return out + "\n\nWhat is inside of them I cannot judge: that takes a real model.";
}

std::string found_files(const Intent& intent, std::string_view text) {
  const std::string pattern = lower_ascii(intent.subject);
  const bool is_glob = pattern.find_first_of("*?") != std::string::npos;
  std::string names;
  std::size_t count = 0;
  for (const std::string_view file : read_listing(text).files) {
    const std::string lower = lower_ascii(file);
    const std::string_view name = std::string_view(lower).substr(lower.rfind('/') + 1);
    const bool fits =
        is_glob ? glob_match(pattern, pattern.find('/') == std::string::npos ? name : std::string_view(lower))
                : name.find(pattern) != std::string_view::npos;
    if (!fits) continue;
    ++count;
    names += fmt::format("{}\n", file);
  }
  if (count == 0) return fmt::format("No file in {} is named {}.", place(intent), in_ticks(intent.subject));
  return fmt::format("{} in {} named {}:\n\n{}", counted(count, "file", "files"), place(intent),
                     in_ticks(intent.subject), quoted_block(names));
}

std::string describe_success(const Intent& intent, std::string_view text) {
  switch (intent.kind) {
    case Kind::kList:
      return fmt::format("This is in {}:\n\n{}", place(intent), quoted_block(text));
    case Kind::kTree:
      return fmt::format("Everything below {}:\n\n{}", place(intent), quoted_block(text));
    case Kind::kFindFiles:
      return found_files(intent, text);
    case Kind::kCountFiles: {
      const Listing listing = read_listing(text);
      return fmt::format("There are {} and {} below {}.", counted(listing.files.size(), "file", "files"),
                         counted(listing.folders, "folder", "folders"), place(intent));
    }
    case Kind::kOverview:
      return overview(intent, text);
    case Kind::kRead:
      return fmt::format("{} says:\n\n{}", in_ticks(intent.subject), quoted_block(text));
    case Kind::kBeginning:
      return fmt::format("{} begins like this:\n\n{}", in_ticks(intent.subject), quoted_block(text));
    case Kind::kLines:
      return fmt::format("These are the lines of {}:\n\n{}", in_ticks(intent.subject), quoted_block(text));
    case Kind::kSearch:
      return fmt::format("I looked for {} in {}:\n\n{}", in_ticks(intent.subject), place(intent),
                         quoted_block(text));
    case Kind::kCountMatches: {
      // The tool's own count is in its last lines: "3 matches in 2 files (9 searched)."
      for (const std::string_view line : split(text, '\n')) {
        if (line.find(" searched).") != std::string_view::npos || line.starts_with("No match"))
          return fmt::format("{}: {}", in_ticks(intent.subject), line);
      }
      return fmt::format("{} in {}:\n\n{}", in_ticks(intent.subject), place(intent), quoted_block(text));
    }
    case Kind::kStat:
      return fmt::format("About {}:\n\n{}", in_ticks(intent.subject), quoted_block(text));
    case Kind::kWrite:
      return fmt::format("I wrote {}. {}", in_ticks(intent.subject), text);
    case Kind::kAppend:
      return fmt::format("I added to {}. {}", in_ticks(intent.subject), text);
    case Kind::kEdit:
      return fmt::format("I changed {}. {}", in_ticks(intent.subject), text);
    case Kind::kRun:
      return trim(text).empty()
                 ? fmt::format("I ran {}; it printed nothing.", in_ticks(intent.subject))
                 : fmt::format("I ran {}:\n\n{}", in_ticks(intent.subject), quoted_block(text));
    case Kind::kFetch:
      return fmt::format("{} answered:\n\n{}", intent.subject, quoted_block(text));
    case Kind::kRemember:
      return fmt::format("I will remember: {}", intent.subject);
    case Kind::kRecall:
      return fmt::format("About {} I remember:\n\n{}", in_ticks(intent.subject), quoted_block(text));
    default:
      return fmt::format("{} says:\n\n{}", in_ticks(intent.tool), quoted_block(text));
  }
}

std::string describe_result(const Intent& intent, const CommandResult& result) {
  const std::string what = fmt::format("{} (\"{}\")", in_ticks(intent.tool), utf8_prefix(intent.said, 200));
  if (!result.ran) return fmt::format("I asked for {}, but no result came back.", what);
  if (!result.failed) return describe_success(intent, result.text);
  const std::string_view reason = trim(result.text);
  return fmt::format("I did not get to do {}: {}", what,
                     reason.empty() ? "no reason was given." : utf8_prefix(reason, 1000));
}

std::string describe_talk(const Intent& intent) {
  switch (intent.kind) {
    case Kind::kHello:
      return "Hello! I can list, read and search files, run commands and remember things. Say \"help\" to "
             "see how.";
    case Kind::kThanks:
      return "You are welcome.";
    case Kind::kWho:
      return fmt::format(
          "I am `starter/commands`, the built-in starter of Pryx. I am no AI: I match your words against a "
          "small set of commands and turn them into "
          "tool calls. The two shortest ways to a real model:\n\n{}",
          kWaysToAModel);
    case Kind::kConnect:
      return fmt::format(
          "The two shortest ways to a real model:\n\n{}\nThen `pryx model list` shows what there is, and "
          "`pryx model use PROVIDER/MODEL` makes one the default.",
          kWaysToAModel);
    case Kind::kNeedsDetail:
      return intent.subject;
    case Kind::kUnknown:
      return fmt::format(
          "I did not understand \"{}\". I only know a small set of commands; say \"help\" to see them.",
          utf8_prefix(intent.said, 200));
    default:
      return std::string(kHelp);
  }
}

}  // namespace

std::string compose_answer(std::span<const Intent> intents, std::span<const CommandResult> results) {
  std::string out;
  std::size_t next = 0;
  for (const Intent& intent : intents) {
    if (!out.empty()) out += "\n\n";
    if (intent.tool.empty()) {
      out += describe_talk(intent);
      continue;
    }
    out += describe_result(intent, next < results.size() ? results[next] : CommandResult{});
    ++next;
  }
  // Whoever asked about models has just read it.
  const bool said_so = intents.size() == 1 && intents.front().kind == Kind::kWho;
  if (!said_so) out += fmt::format("\n\n{}", kFooter);
  return out;
}

std::vector<std::string> split_for_streaming(std::string_view text) {
  std::vector<std::string> out;
  bool in_block = false;
  while (!text.empty()) {
    const std::size_t line_end = std::min(text.find('\n'), text.size() - 1) + 1;
    std::string_view line = text.substr(0, line_end);
    text.remove_prefix(line_end);
    const bool is_fence = line.starts_with("```");
    if (is_fence || in_block) {
      out.emplace_back(line);
      in_block = in_block != is_fence;
      continue;
    }
    while (!line.empty()) {
      const std::size_t word_end = std::min(line.find(' '), line.size() - 1) + 1;
      out.emplace_back(line.substr(0, word_end));
      line.remove_prefix(word_end);
    }
  }
  return out;
}

}  // namespace pryx::models

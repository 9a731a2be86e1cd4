// SPDX-License-Identifier: MIT
#include "engine/tools/shell/call_binding.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <set>

#include "engine/tools/fs/path_pattern.h"
#include "engine/tools/fs/workspace_path.h"
#include "foundation/base/text.h"
#include "foundation/crypto/crypto.h"

namespace pryx::tools::shell {
namespace {

using platform::HeldDirectory;

constexpr std::size_t kMaxLooks = 100'000;  // names that are looked for on the disk

// Programs that read a file of a fixed name and run what it says.
struct Habit {
  std::string_view program;
  std::array<std::string_view, 3> files;
};
constexpr Habit kHabits[] = {
    {"make", {"GNUmakefile", "makefile", "Makefile"}},
    {"gmake", {"GNUmakefile", "makefile", "Makefile"}},
    {"npm", {"package.json", ".npmrc", ""}},
    {"npx", {"package.json", ".npmrc", ""}},
    {"yarn", {"package.json", ".yarnrc.yml", ""}},
    {"pnpm", {"package.json", ".npmrc", ""}},
    {"just", {"justfile", "Justfile", ".justfile"}},
    {"cargo", {"Cargo.toml", "build.rs", ".cargo/config.toml"}},
    {"cmake", {"CMakeLists.txt", "CMakePresets.json", ""}},
    {"ninja", {"build.ninja", "", ""}},
    {"meson", {"meson.build", "", ""}},
    {"rake", {"Rakefile", "rakefile", ""}},
    {"gradle", {"build.gradle", "settings.gradle", "build.gradle.kts"}},
    {"gradlew", {"build.gradle", "settings.gradle", "build.gradle.kts"}},
    {"mvn", {"pom.xml", "", ""}},
    {"tox", {"tox.ini", "pyproject.toml", ""}},
    {"pytest", {"conftest.py", "pyproject.toml", "pytest.ini"}},
    {"git", {".git/config", ".gitattributes", ""}},
};

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// The words of text that no grammar read to its end: whatever could be a name.
// `more` ends a word, too.
void rough_words(std::string_view text, std::string_view more, std::set<std::string>& out) {
  std::string word;
  for (const char c : text) {
    if (std::string_view(" \t\r\n;|&()<>\"'`$").find(c) == std::string_view::npos && !more.contains(c))
      word += c;
    else if (!word.empty())
      out.insert(std::exchange(word, {}));
  }
  if (!word.empty()) out.insert(std::move(word));
}

// The same as a shell would join them: quotes and escapes keep what is in them together, and are gone.
void joined_words(std::string_view text, std::set<std::string>& out) {
  std::string word;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_quote = c == '\'' || c == '"';
    if (quote != 0 ? c == quote : is_quote) {
      quote = quote == 0 ? c : '\0';
    } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      word += text[++i];
    } else if (quote != 0 || std::string_view(" \t\r\n;|&()<>`$").find(c) == std::string_view::npos) {
      word += c;
    } else if (!word.empty()) {
      out.insert(std::exchange(word, {}));
    }
  }
  if (!word.empty()) out.insert(std::move(word));
}

bool is_pattern(std::string_view word) { return word.find_first_of("*?[") != std::string_view::npos; }

bool moves(const std::vector<std::string>& argv) {
  return argv.size() > 1 && (argv.front() == "cd" || argv.front() == "pushd");
}

// Folders first, then programs and scripts, then everything else that is named: what runs is found whatever
// else the command names. What does not fit is no binding at all, because a part of it would be worth
// nothing.
class Gatherer {
 public:
  Gatherer(const HeldDirectory& workspace, std::string cwd, const std::vector<std::string>& search_path,
           std::stop_token stop, BindingLimits limits)
      : workspace_(workspace),
        search_path_(search_path),
        stop_(std::move(stop)),
        limits_(limits),
        folders_{cwd},
        stands_in_(std::move(cwd)) {}

  // Where the command may stand when it runs the rest: subshells come back, so each place it was in counts.
  // One that is not there may be made by a command before this one; it is taken where the line would lead to
  // it.
  void add_folders(const std::vector<std::string>& argv) {
    if (!moves(argv)) return;
    for (std::size_t i = 0, count = folders_.size(); i < count; ++i) {
      const auto folder = below(folders_[i], argv.back());
      if (!folder) continue;
      if (is_pattern(argv.back()))
        for_each_match("", fs::split_path(*folder), [&](const std::string& match) { add_if_folder(match); });
      else
        add_if_folder(*folder);
    }
    const std::string first = folders_.front();
    for (const std::string& from : {first, stands_in_}) {
      const auto folder = below(from, argv.back());
      if (folder && !workspace_.stat(*folder)) add_folder(*folder);
    }
    if (auto next = below(stands_in_, argv.back())) stands_in_ = std::move(*next);
  }
  void add_command(const std::vector<std::string>& argv) {
    for (const std::string& word : argv) add_word(word);
  }
  void add_search_path(std::string_view value, const std::string& program) {
    if (program.find('/') != std::string::npos) return;
    for (const std::string_view folder : split(value, ':'))
      add_script(fmt::format("{}/{}", folder.empty() ? "." : folder, program));
  }
  // A word may be a file, or hold its name: --file=X, -fX, @X.
  void add_word(std::string_view word) {
    add_file(word);
    const std::size_t equals = word.find('=');
    if (equals != std::string_view::npos) add_file(word.substr(equals + 1));
    if (word.size() > 2 && word[0] == '-' && word[1] != '-') add_file(word.substr(2));
    if (word.size() > 1 && word[0] == '@') add_file(word.substr(1));
  }
  // A pattern is bound as the names that it stands for now and what these files hold, one entry for all: what
  // a person approved is the list that the shell would make of it, however long that is.
  void add_pattern(std::string_view pattern) {
    if (pattern.size() > fs::kMaxPathBytes) return;
    for (std::size_t i = 0; i < folders_.size(); ++i) {
      const auto path = below(folders_[i], pattern);
      if (!path || !patterns_looked_at_.insert(*path).second) continue;
      crypto::Sha256 sum;
      std::size_t matches = 0;
      for_each_match("", fs::split_path(*path), [&](const std::string& match) {
        ++matches;
        const auto info = workspace_.stat(match);
        const bool regular = info && info->type == platform::FileType::kRegular;
        // Names have no zero byte: what one entry says cannot be read as another's.
        sum.update(match + '\0' + (regular ? std::string(identity(match, *info).as_string()) : "") + '\0');
      });
      if (stop_.stop_requested() || problem_) return;
      if (files_.size() >= limits_.files) return refuse(limits_.files, "files of the workspace");
      files_[fs::display_path(*path)] = fmt::format("{} found, sha256:{}", matches, to_hex(sum.finish()));
    }
  }
  // Text that a program may read as its commands (a here-document), or that no grammar read to its end.
  void add_text(std::string_view text) {
    std::set<std::string> words;
    rough_words(text, "{}[],", words);
    rough_words(text, "", words);  // brackets may be a pattern's
    joined_words(text, words);
    for (const std::string& word : words) add_named(word);
  }
  void add_named(std::string_view word) {
    add_word(word);
    if (is_pattern(word)) add_pattern(word);
  }
  void add_program(const std::string& name) {
    for (const Habit& habit : kHabits) {
      if (base_name(name) != habit.program) continue;
      for (const std::string_view file : habit.files) {
        if (!file.empty()) add_file(file);
      }
    }
    add_script(name);
    if (programs_.contains(name)) return;
    if (programs_.size() >= limits_.files) return refuse(limits_.files, "programs");
    programs_[name] = resolve(name);
  }

  [[nodiscard]] const std::optional<Error>& problem() const { return problem_; }

  [[nodiscard]] json::object take_programs() { return std::move(programs_); }
  [[nodiscard]] json::object take_files() { return std::move(files_); }
  [[nodiscard]] json::object take_scripts() { return std::move(scripts_); }

 private:
  // The way from a folder of the workspace to what a program would open, when that is inside.
  [[nodiscard]] std::optional<std::string> below(const std::string& folder, std::string_view word) const {
    std::string path(word);
    if (word.starts_with('/')) {
      if (!word.starts_with(workspace_.path() + "/")) return std::nullopt;
      path = word.substr(workspace_.path().size() + 1);
    } else if (!folder.empty()) {
      path = folder + "/" + path;
    }
    // Names of a program's arguments are bytes, not the escaped names of the file tools.
    const auto parsed = fs::parse_workspace_path(fs::encode_name(path));
    if (!parsed || parsed->outside) return std::nullopt;
    return parsed->bytes;
  }

  void add_if_folder(const std::string& path) {
    const auto info = workspace_.stat(path);
    if (info && info->type == platform::FileType::kDirectory) add_folder(path);
  }

  void add_folder(const std::string& folder) {
    if (std::ranges::find(folders_, folder) != folders_.end()) return;
    if (folders_.size() >= limits_.folders) return refuse(limits_.folders, "folders to go to");
    folders_.push_back(folder);
  }

  // Every file that has the name in a folder where the sandbox looks for programs, in its order: one that
  // comes to lie in front of the others is noticed, and so is a change of the one that runs.
  [[nodiscard]] json::value resolve(const std::string& name) const {
    std::vector<std::string> candidates;
    if (name.starts_with('/')) candidates.push_back(name);
    if (name.find('/') == std::string::npos) {
      for (const std::string& folder : search_path_) candidates.push_back(fmt::format("{}/{}", folder, name));
    }
    std::vector<std::string> found;
    for (const std::string& path : candidates) {
      std::error_code error;
      const auto real = std::filesystem::canonical(path, error);
      // Large and never ours to change: not read whole, but another file in its place is another program.
      struct stat info{};
      if (error || ::stat(real.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
      std::string identity = fmt::format("{} ({}:{}:{}:{}.{:09})", real.string(), info.st_dev, info.st_ino,
                                         info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
      if (std::ranges::find(found, identity) == found.end()) found.push_back(std::move(identity));
    }
    // None: a builtin, a path in the workspace (its digest is among the files), or nothing.
    if (found.empty()) return nullptr;
    return json::value(fmt::format("{}", fmt::join(found, "; ")));
  }

  // A program of the workspace.
  void add_script(const std::string& name) {
    if (name.find('/') == std::string::npos) return;
    add_file(name);
    for (const std::string& folder : folders_) {
      const auto path = below(folder, name);
      const auto known = path ? files_.find(fs::display_path(*path)) : files_.end();
      if (known != files_.end()) scripts_[known->key()] = known->value();
    }
  }

  void add_file(std::string_view word) {
    if (word.empty() || word.size() > fs::kMaxPathBytes) return;
    for (std::size_t i = 0; i < folders_.size(); ++i) {
      if (stop_.stop_requested() || problem_) return;
      const auto path = below(folders_[i], word);
      if (!path || path->empty() || !looked_at_.insert(*path).second) continue;
      if (looked_at_.size() > kMaxLooks) return refuse(kMaxLooks, "names");
      const auto info = workspace_.stat(*path);
      if (!info || info->type != platform::FileType::kRegular) continue;
      if (files_.size() >= limits_.files) return refuse(limits_.files, "files of the workspace");
      files_[fs::display_path(*path)] = identity(*path, *info);
    }
  }

  // Calls visit(path) for every name that the pattern stands for. Hidden ones count, too: the shell may be
  // told to take them.
  template <typename Visit>
  void for_each_match(const std::string& folder, fs::PathSegments pattern, const Visit& visit) {
    if (pattern.empty() || problem_ || stop_.stop_requested()) return;
    const auto listing = workspace_.list(folder, kMaxLooks);
    if (!listing) return;
    looks_ += listing->entries.size();
    if (listing->truncated || looks_ > kMaxLooks) return refuse(kMaxLooks, "names");
    const std::string segment(pattern.front());
    for (const platform::DirectoryEntry& entry : listing->entries) {
      if (::fnmatch(segment.c_str(), entry.name.c_str(), 0) != 0) continue;
      const std::string path = folder.empty() ? entry.name : folder + "/" + entry.name;
      if (pattern.size() > 1)
        for_each_match(path, pattern.subspan(1), visit);
      else
        visit(path);
    }
  }

  [[nodiscard]] json::value identity(const std::string& path, const platform::FileInfo& info) {
    if (info.size <= limits_.bytes) {
      limits_.bytes -= info.size;
      if (const auto digest = hash(path)) return json::value(*digest);
    }
    return json::value(
        fmt::format("stat:{}:{}:{}:{}", info.device, info.inode, info.size, info.modified_at.unix_ms));
  }

  [[nodiscard]] std::optional<std::string> hash(const std::string& path) const {
    const auto file = workspace_.open_file(path, O_RDONLY);
    if (!file) return std::nullopt;
    crypto::Sha256 sum;
    std::string buffer(256u << 10, '\0');
    for (;;) {
      const ssize_t got = ::read(file->get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 || stop_.stop_requested()) return std::nullopt;
      if (got == 0) break;
      sum.update(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
    }
    return "sha256:" + to_hex(sum.finish());
  }

  void refuse(std::size_t limit, std::string_view what) {
    problem_ = Error{ErrorCode::kTooLarge,
                     fmt::format("the command names more than {} {}, so that not all it depends on could be "
                                 "compared with what is approved; make several commands of it, or put the "
                                 "names into a file",
                                 limit, what)};
  }

  const HeldDirectory& workspace_;
  const std::vector<std::string>& search_path_;
  std::stop_token stop_;
  BindingLimits limits_;
  std::vector<std::string> folders_;  // where a command of the line may stand when it runs
  std::string stands_in_;             // where the line leads by itself, subshells left out
  std::set<std::string> looked_at_;
  std::set<std::string> patterns_looked_at_;
  std::size_t looks_ = 0;  // at names that a pattern may stand for
  std::optional<Error> problem_;
  json::object programs_;
  json::object files_;
  json::object scripts_;
};

void gather_what_runs(Gatherer& gatherer, const ExecRequest& request, const commands::Parse& parse) {
  for (const commands::SimpleCommand& command : parse.commands) {
    gatherer.add_folders(command.argv);
    if (command.final_argv != command.argv) gatherer.add_folders(command.final_argv);
  }
  if (request.command) gatherer.add_program("bash");
  if (!request.command) gatherer.add_program(request.argv.front());
  for (const commands::SimpleCommand& command : parse.commands) {
    if (!command.argv.empty()) gatherer.add_program(command.argv.front());
    if (!command.final_argv.empty()) gatherer.add_program(command.final_argv.front());
    for (const commands::Assignment& assignment : command.environment) {
      if (assignment.name != "PATH") continue;
      for (const auto& argv : {command.argv, command.final_argv}) {
        if (!argv.empty()) gatherer.add_search_path(assignment.value, argv.front());
      }
    }
  }
}

}  // namespace

Result<json::object> gather_binding(const ExecRequest& request, const commands::Parse& parse,
                                    const HeldDirectory& workspace,
                                    const std::vector<std::string>& search_path, std::stop_token stop,
                                    BindingLimits limits) {
  Gatherer gatherer(workspace, request.cwd, search_path, std::move(stop), limits);
  gather_what_runs(gatherer, request, parse);
  for (const commands::SimpleCommand& command : parse.commands) {
    gatherer.add_command(command.argv);
    gatherer.add_command(command.final_argv);
    for (const std::uint32_t i : command.patterns) gatherer.add_pattern(command.final_argv.at(i));
    for (const commands::Redirect& redirect : command.redirects) {
      if (redirect.op.find("<<") != std::string::npos)
        gatherer.add_text(redirect.target);
      else
        gatherer.add_named(redirect.target);
    }
    for (const commands::Assignment& assignment : command.environment) gatherer.add_word(assignment.value);
  }
  if (!parse.complete && request.command) gatherer.add_text(*request.command);
  if (!request.command) gatherer.add_command(request.argv);
  if (gatherer.problem()) return std::unexpected(*gatherer.problem());
  json::array environment{fmt::format("PATH={}", fmt::join(search_path, ":"))};
  for (const auto& [name, value] : own_environment(request, parse))
    environment.emplace_back(fmt::format("{}={}", name, value));
  return json::object{{"cwd", fs::display_path(request.cwd)}, {"environment", std::move(environment)},
                      {"programs", gatherer.take_programs()}, {"files", gatherer.take_files()},
                      {"scripts", gatherer.take_scripts()},   {"sandbox", kSandboxProfile}};
}

}  // namespace pryx::tools::shell

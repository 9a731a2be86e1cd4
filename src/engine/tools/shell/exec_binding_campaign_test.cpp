// SPDX-License-Identifier: MIT
// S15 for the real tool: every way to name a file in a command, times every way in which that file can become
// another one after the yes. The facts that an approval is bound to must differ each time, and must stay the
// same while nothing changes but what the command does not name.
#include <fstream>
#include <functional>

#include "engine/tools/shell/testing/shell_fixture.h"

namespace pryx::tools::shell {
namespace {

using testing::ShellFixture;

constexpr std::string_view kFolders[] = {"", "src/", "a/b c/"};
constexpr std::string_view kNames[] = {"s1.sh", "s2.sh", "s10.sh"};
constexpr std::size_t kLong = 20'000;

struct Call {
  json::object arguments;
  std::string file;  // the one that is changed
};

std::string in_quotes(std::string_view path) { return fmt::format("'{}'", path); }

// Every form of a command that runs, reads or hands on the file.
std::vector<Call> calls_of(const std::string& folder, const std::string& name) {
  const std::string file = folder + name;
  const std::string where = folder.empty() ? "." : in_quotes(folder.substr(0, folder.size() - 1));
  std::vector<Call> out;
  for (const std::string& line :
       {fmt::format("bash {}", in_quotes(file)), fmt::format("sh -x ./{}", in_quotes(file)),
        fmt::format(". ./{}", in_quotes(file)), fmt::format("cat {} | sh", in_quotes(file)),
        fmt::format("bash < {}", in_quotes(file)), fmt::format("cd {} && sh {}", where, name),
        fmt::format("cd {}; ls; ./{}", where, name), fmt::format("(cd {}; sh s*.sh)", where),
        fmt::format("cat {}/s*.sh | bash", where), fmt::format("bash <<'END'\n. ./{}\nEND", in_quotes(file)),
        fmt::format("python3 run.py --config={}", in_quotes(file)),
        fmt::format("curl -d @{} x", in_quotes(file)),
        fmt::format("FOO=$(sh {}); echo $FOO", in_quotes(file)),
        fmt::format("env X=1 sh {}", in_quotes(file)),
        fmt::format("if true; then sh {}; fi > out.txt", in_quotes(file)),
        fmt::format("for f in {}/s*.sh; do sh \"$f\"; done", where),
        fmt::format("true || sh {} & wait", in_quotes(file))})
    out.push_back({{{"command", line}}, file});
  out.push_back({{{"argv", json::array{"sh", file}}}, file});
  if (!folder.empty()) {
    const std::string cwd = folder.substr(0, folder.size() - 1);
    out.push_back({{{"argv", json::array{json::value("./" + name)}}, {"cwd", cwd}}, file});
  }
  return out;
}

// Every way in which a file becomes another one. `path` is below the workspace.
std::vector<std::pair<std::string_view, std::function<void(const std::filesystem::path&)>>> changes() {
  using Path = std::filesystem::path;
  const auto write = [](const Path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  };
  return {{"one bit",
           [](const Path& path) {
             std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
             file.seekp(kLong / 2);
             file.put('y');
           }},
          {"one byte more",
           [](const Path& path) { std::ofstream(path, std::ios::binary | std::ios::app) << "\n"; }},
          {"cut", [](const Path& path) { std::filesystem::resize_file(path, kLong / 2); }},
          {"emptied", [=](const Path& path) { write(path, ""); }},
          {"another of the same size, put in its place",
           [=](const Path& path) {
             write(path.string() + ".new", std::string(kLong, 'z'));
             std::filesystem::rename(path.string() + ".new", path);
           }},
          {"removed", [](const Path& path) { std::filesystem::remove(path); }},
          {"a link to another",
           [=](const Path& path) {
             write(path.parent_path() / "other", "echo other\n");
             std::filesystem::remove(path);
             std::filesystem::create_symlink("other", path);
           }},
          {"a folder", [](const Path& path) {
             std::filesystem::remove(path);
             std::filesystem::create_directory(path);
           }}};
}

class ExecBinding : public ShellFixture {
 protected:
  void reset(const std::string& file) {
    std::filesystem::remove_all(dir_ / "ws");
    std::filesystem::create_directories(dir_ / "ws");
    for (const std::string_view folder : kFolders) {
      for (const std::string_view name : kNames)
        dir_.put(fmt::format("ws/{}{}", folder, name), fmt::format("echo {}{}\n", folder, name));
    }
    dir_.put("ws/" + file, std::string(kLong, 'x'));
    dir_.put("ws/run.py", "print(1)\n");
  }
};

TEST_F(ExecBinding, HoldsForEveryWayToNameAFileAndEveryChangeOfIt) {
  int tried = 0;
  for (const std::string_view folder : kFolders) {
    for (const Call& call : calls_of(std::string(folder), "s2.sh")) {
      for (const auto& [how, change] : changes()) {
        reset(call.file);
        const json::object before = bind(call.arguments).facts;
        dir_.put("ws/unnamed.sh", std::to_string(tried));
        dir_.put("ws/src/unnamed.sh", std::to_string(tried));
        ASSERT_EQ(bind(call.arguments).facts, before) << json::to_text(call.arguments) << ": the control";
        change(dir_ / ("ws/" + call.file));
        ASSERT_NE(bind(call.arguments).facts, before) << json::to_text(call.arguments) << ": " << how;
        ++tried;
      }
    }
  }
  EXPECT_GE(tried, 400);
}

}  // namespace
}  // namespace pryx::tools::shell

// SPDX-License-Identifier: MIT
// The four file tools against hostile directories: what they never reach and what never stops them.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/tools/fs/testing/fs_fixture.h"

namespace pryx::tools::fs {
namespace {

using testing::kCanary;
class FsEscape : public testing::FsFixture {};

TEST_F(FsEscape, NothingOutsideIsEverReached) {
  const std::string absolute = dir_ / "outside";
  link("../outside", "out");
  link(absolute, "abs");
  link("../outside/secret.txt", "outfile");
  link("c2", "c1");
  link("c3", "c2");
  link("src/../../outside", "c3");
  link("/proc/self/root", "root");
  link("/proc/self/cwd", "cwd");
  link("/proc/self/fd/0", "magic");
  link("loop2", "loop1");
  link("loop1", "loop2");
  link("/", "slash");
  std::filesystem::create_directories(at("a/b"));
  std::filesystem::create_symlink("../../../outside", at("a/b/up"));
  const std::string rooted = "root" + absolute;
  const std::vector<std::string> paths = {"..",
                                          "../outside",
                                          "../outside/secret.txt",
                                          "src/../../outside/secret.txt",
                                          "./../ws/../outside/secret.txt",
                                          absolute,
                                          absolute + "/secret.txt",
                                          "//etc/passwd",
                                          "/proc/self/root/etc/passwd",
                                          "out",
                                          "out/secret.txt",
                                          "out/../outside/secret.txt",
                                          "abs",
                                          "abs/secret.txt",
                                          "outfile",
                                          "c1",
                                          "c1/secret.txt",
                                          "root",
                                          rooted,
                                          rooted + "/secret.txt",
                                          "cwd",
                                          "magic",
                                          "loop1",
                                          "loop1/x",
                                          "slash",
                                          "slash" + absolute + "/secret.txt",
                                          "a/b/up",
                                          "a/b/up/secret.txt",
                                          "\\x2e\\x2e/outside/secret.txt",
                                          "\\x2e./outside/secret.txt",
                                          "..\\x2foutside\\x2fsecret.txt",
                                          "\\x2f" + absolute.substr(1) + "/secret.txt",
                                          ".../../../outside/secret.txt",
                                          "~/../../outside/secret.txt",
                                          "src/./../../outside/secret.txt",
                                          "%2e%2e/outside/secret.txt",
                                          "..%2foutside%2fsecret.txt",
                                          "\xC0\xAE\xC0\xAE/outside/secret.txt",
                                          std::string("src\0/../../outside/secret.txt", 29),
                                          "\xEF\xBC\x8E\xEF\xBC\x8E/outside/secret.txt"};
  for (const std::string& path : paths) {
    for (Tool* tool : {&list_, &read_, &search_}) {
      const auto outcome = call(*tool, {{"path", path}, {"pattern", "c"}, {"recursive", true}});
      EXPECT_FALSE(outcome.ok) << tool->description().name << " " << path << ": " << outcome.text;
      EXPECT_EQ(outcome.text.find(kCanary), std::string::npos) << path;
    }
    EXPECT_EQ(call(stat_, {{"path", path}}).text.find(fmt::format("size: {} bytes", kCanary.size())),
              std::string::npos)
        << path;
  }
  // A walk passes the same links by.
  EXPECT_EQ(call(search_, {{"pattern", "canary"}}).details.at("matches").as_uint64(), 0u);
  EXPECT_EQ(call(list_, {{"recursive", true}}).text.find("out/secret"), std::string::npos);
}

TEST_F(FsEscape, LinksThatStayInsideWork) {
  link("src", "alias");
  link("../readme.md", "src/up");
  link("alias/main.cpp", "chain");
  EXPECT_TRUE(call(read_, {{"path", "alias/main.cpp"}}).text.starts_with("int main"));
  EXPECT_TRUE(call(read_, {{"path", "src/up"}}).text.starts_with("# Title"));
  EXPECT_TRUE(call(read_, {{"path", "chain"}}).text.starts_with("int main"));
  EXPECT_NE(call(list_, {{"path", "alias"}}).text.find("alias/main.cpp  36"), std::string::npos);
  EXPECT_EQ(call(search_, {{"pattern", "TODO"}, {"path", "alias"}}).summary, "2 matches in 2 files");
  // Met on a walk they are not followed, so nothing is found twice.
  EXPECT_EQ(call(search_, {{"pattern", "TODO"}}).summary, "2 matches in 2 files");
}

// A limit that is stated: a name of the workspace is the workspace's own file, whatever else has a name for
// it, and what is mounted in it is a part of it. A person made these; what an agent may run or write makes
// none.
TEST_F(FsEscape, AHardLinkThatSomebodyMadeIsTheWorkspacesOwnFile) {
  std::filesystem::create_hard_link(dir_ / "outside/secret.txt", at("twin.txt"));
  EXPECT_TRUE(call(read_, {{"path", "twin.txt"}}).text.starts_with(kCanary));
  EXPECT_EQ(call(search_, {{"pattern", "canary"}}).details.at("matches").as_uint64(), 1u);
  EXPECT_NE(call(stat_, {{"path", "twin.txt"}}).text.find("hard links: 2 "), std::string::npos)
      << "a look at it says so";
}

TEST_F(FsEscape, WhatIsMountedInTheWorkspaceIsAPartOfIt) {
  struct stat above{}, below{};
  if (::stat("/dev", &above) != 0 || ::stat("/dev/shm", &below) != 0 || above.st_dev == below.st_dev)
    GTEST_SKIP() << "nothing is mounted at /dev/shm";
  std::string made = "/dev/shm/pryx-escape-XXXXXX";
  const int fd = ::mkstemp(made.data());
  if (fd < 0) GTEST_SKIP() << "/dev/shm may not be written";
  ASSERT_EQ(::write(fd, kCanary.data(), kCanary.size()), static_cast<ssize_t>(kCanary.size()));
  ::close(fd);
  ToolContext context = this->context();
  auto held = platform::HeldDirectory::open("/dev");
  ASSERT_TRUE(held);
  context.workspace = std::make_shared<platform::HeldDirectory>(std::move(*held));
  const auto read =
      async::testing::run(loop_, read_.run(pass_, {{"path", made.substr(5)}}, std::move(context)));
  ::unlink(made.c_str());
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->text.starts_with(kCanary)) << read->text;
}

TEST_F(FsEscape, RenamingTheWorkspaceChangesNothing) {
  const ToolContext held = context();
  std::filesystem::rename(dir_ / "ws", dir_ / "moved");
  std::filesystem::create_symlink(dir_ / "outside", dir_ / "ws");
  const auto missing = async::testing::run(loop_, read_.run(pass_, {{"path", "secret.txt"}}, held));
  ASSERT_TRUE(missing);
  EXPECT_FALSE(missing->ok);
  const auto there = async::testing::run(loop_, read_.run(pass_, {{"path", "readme.md"}}, held));
  ASSERT_TRUE(there);
  EXPECT_TRUE(there->ok);
}

TEST_F(FsEscape, SpecialFilesDoNotHang) {
  ASSERT_EQ(::mkfifo(at("fifo").c_str(), 0600), 0);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string socket_path = at("socket");
  ASSERT_LT(socket_path.size(), sizeof address.sun_path);
  std::copy(socket_path.begin(), socket_path.end(), address.sun_path);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  std::vector<std::string> special = {"fifo", "socket"};
  if (::mknod(at("zero").c_str(), S_IFCHR | 0600, makedev(1, 5)) == 0)
    special.emplace_back("zero");  // root only
  for (const std::string& name : special) {
    EXPECT_FALSE(call(read_, {{"path", name}}).ok);
    EXPECT_FALSE(call(search_, {{"pattern", "x"}, {"path", name}}).ok);
    EXPECT_TRUE(call(stat_, {{"path", name}}).ok);
  }
  EXPECT_EQ(call(read_, {{"path", "fifo"}}).text, "'fifo' is a fifo; only regular files can be read.");
  EXPECT_NE(call(list_, {}).text.find("fifo  (fifo)\n"), std::string::npos);
  EXPECT_EQ(call(search_, {{"pattern", "TODO"}}).summary, "2 matches in 2 files");
  ::close(fd);
}

TEST_F(FsEscape, NamesAreBytesAndSurviveTheRoundTrip) {
  const std::vector<std::string> names = {"new\nline",
                                          "tab\there",
                                          "\xFF\xFE",
                                          "half\xC3",
                                          "bidi\xE2\x80\xAEtxt",
                                          "esc\x1b[31m",
                                          "back\\slash",
                                          "\\x41",
                                          "nbsp\xC2\xA0x",
                                          "caf\xC3\xA9",
                                          " lead",
                                          "trail ",
                                          "*",
                                          "[a]",
                                          "-rf",
                                          std::string(255, 'n')};
  for (const std::string& name : names) put("odd/" + name, "needle " + encode_name(name) + "\n");
  const auto listed = call(list_, {{"path", "odd"}});
  EXPECT_EQ(listed.details.at("count").as_uint64(), names.size());
  for (const std::string& name : names) {
    const std::string shown = encode_name("odd/" + name);
    EXPECT_NE(listed.text.find(shown), std::string::npos) << shown;
    EXPECT_EQ(call(read_, {{"path", shown}}).text, "needle " + encode_name(name) + "\n");
    EXPECT_TRUE(call(stat_, {{"path", shown}}).ok) << shown;
  }
  EXPECT_EQ(call(search_, {{"pattern", "needle"}}).details.at("files").as_uint64(), names.size());
  EXPECT_FALSE(call(read_, {{"path", std::string(256, 'n')}}).ok);
  EXPECT_FALSE(call(read_, {{"path", std::string(5000, 'n')}}).ok);
  std::string long_path = "a";
  while (long_path.size() < 4000) long_path += "/a";
  EXPECT_FALSE(call(read_, {{"path", long_path}}).ok);
}

TEST_F(FsEscape, HugeSparseFilesCostNothing) {
  put("text-then-hole", std::string(20'000, 'a') + "\nneedle\n");
  ASSERT_EQ(::truncate(at("text-then-hole").c_str(), off_t{10} << 30), 0);
  put("hole", "");
  ASSERT_EQ(::truncate(at("hole").c_str(), off_t{10} << 30), 0);
  const auto hole = call(read_, {{"path", "hole"}});
  EXPECT_TRUE(hole.details.at("binary").as_bool());
  EXPECT_EQ(hole.details.at("size").as_uint64(), std::uint64_t{10} << 30);
  const auto head = call(read_, {{"path", "text-then-hole"}, {"offset_line", 2}, {"limit_lines", 1}});
  EXPECT_TRUE(head.text.starts_with("needle\n[Lines 2-2 are shown. Go on with offset_line=3.]"));
  const auto far = call(read_, {{"path", "text-then-hole"}, {"offset_line", 4'000'000'000}});
  EXPECT_FALSE(far.ok);
  EXPECT_NE(far.text.find("more than 256 MiB"), std::string::npos);
  EXPECT_EQ(call(search_, {{"pattern", "needle"}}).details.at("binary_files").as_uint64(), 2u);
}

TEST_F(FsEscape, UnreadableThingsAreReported) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  put("locked/x", "needle");
  put("closed.txt", "needle");
  ASSERT_EQ(::chmod(at("locked").c_str(), 0), 0);
  ASSERT_EQ(::chmod(at("closed.txt").c_str(), 0), 0);
  EXPECT_EQ(call(read_, {{"path", "closed.txt"}}).text,
            "'closed.txt' may not be read: the file system gives no permission.");
  const auto outcome = call(search_, {{"pattern", "needle"}});
  EXPECT_NE(outcome.text.find("1 folder could not be read."), std::string::npos);
  EXPECT_NE(outcome.text.find("1 file could not be read."), std::string::npos);
  ASSERT_EQ(::chmod(at("locked").c_str(), 0700), 0);
}

}  // namespace
}  // namespace pryx::tools::fs

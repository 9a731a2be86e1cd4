// SPDX-License-Identifier: MIT
#include "trust/sandbox/launch.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <filesystem>

#include "foundation/platform/subprocess.h"
#include "foundation/platform/testing/temporary_directory.h"

namespace pryx::sandbox {
namespace {

// Profiles go by the real path of a program, and both of these make user namespaces.
TEST(NamespacesFix, NamesTheSettingAndBothPrograms) {
  const platform::testing::TemporaryDirectory folder;
  folder.put("lib/pryx-sandbox-init", "");
  std::filesystem::create_symlink("lib/pryx-sandbox-init", folder / "init");
  Machine machine;
  machine.bubblewrap = "/nowhere/bwrap";
  machine.init = folder / "init";
  folder.put("kernel/apparmor_restrict_unprivileged_userns", "1\n");
  const std::string profiles = namespaces_fix(machine, folder.path());
  EXPECT_NE(profiles.find("/nowhere/bwrap"), std::string::npos) << profiles;
  EXPECT_NE(profiles.find((folder / "lib/pryx-sandbox-init") + " an AppArmor profile"), std::string::npos)
      << profiles;
  folder.put("user/max_user_namespaces", "0\n");
  EXPECT_NE(namespaces_fix(machine, folder.path()).find("user.max_user_namespaces"), std::string::npos);
  folder.put("kernel/unprivileged_userns_clone", "0\n");
  EXPECT_NE(namespaces_fix(machine, folder.path()).find("kernel.unprivileged_userns_clone"),
            std::string::npos);
  EXPECT_NE(namespaces_fix(machine, folder / "absent").find("inside a container"), std::string::npos);
}

TEST(DescribeRefusal, ANamespaceThatIsRefusedNamesTheSetting) {
  const platform::testing::TemporaryDirectory folder;
  folder.put("user/max_user_namespaces", "0\n");
  const Machine machine;
  for (const char* step : {"make a user namespace: No space left on device",
                           "map users of the namespace in /proc/self/uid_map: Operation not permitted",
                           "detach the mounts: Permission denied"}) {
    const std::string told = describe_refusal(machine, step, folder.path());
    EXPECT_NE(told.find(step), std::string::npos) << told;
    EXPECT_NE(told.find("sudo sysctl -w user.max_user_namespaces"), std::string::npos) << told;
  }
  // The control: another layer has another fix.
  for (const char* step :
       {"use Landlock: Function not implemented", "set limit limit_data: Invalid argument"})
    EXPECT_EQ(describe_refusal(machine, step, folder.path()).find("sysctl"), std::string::npos) << step;
}

// The stage before bubblewrap is started while the mounts are still being worked out. A daemon that ends or
// fails then must leave nothing behind that goes on with what it has.
TEST(Stage, ExecutesNothingWithoutTheWordOfTheDaemon) {
  for (const std::string word : {"", "N", "G"}) {
    const platform::testing::TemporaryDirectory folder;
    int sockets[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
    platform::UniqueFd ours(sockets[0]);
    platform::UniqueFd theirs(sockets[1]);
    auto stage = platform::Subprocess::spawn(
        {.executable = PRYX_SANDBOX_INIT,
         .argv = {PRYX_SANDBOX_INIT, "hold", "3", "free", "/usr/bin/touch", folder / "executed"},
         .pass_fds = {theirs.get()}});
    ASSERT_TRUE(stage) << stage.error().message;
    theirs.reset();
    if (!word.empty()) ASSERT_EQ(::send(ours.get(), word.data(), word.size(), MSG_NOSIGNAL), 1);
    ours.reset();
    const auto status = stage->wait_for(std::chrono::seconds(20));
    ASSERT_TRUE(status && *status);
    // The control: with the word it does.
    EXPECT_EQ((*status)->code, word == "G" ? 0 : 125) << word;
    EXPECT_EQ(std::filesystem::exists(folder / "executed"), word == "G") << word;
  }
}

}  // namespace
}  // namespace pryx::sandbox

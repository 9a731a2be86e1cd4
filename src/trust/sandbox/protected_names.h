// SPDX-License-Identifier: MIT
// The one list of names that a program outside of Pryx runs or obeys later without being asked: hooks, rc
// files, editor tasks, unit files, settings of agents. The file tools refuse to write them, the sandbox keeps
// them read-only where they exist and refuses them where they did not. Pure; any thread.
//
// A list of names cannot be complete: what is meant here is whatever runs by entering a folder, opening it in
// an editor, logging in, or calling git. Code that a person runs on purpose (a Makefile, a script, a test) is
// not on it.
#pragma once
#include <optional>
#include <string_view>

namespace pryx::sandbox {

// `relative`: a path below the workspace, as bytes, without "." and ".." parts. Letters count as equal in
// either case, because some file systems do not tell them apart. The answer holds for an entry of any type
// with this name, and for everything below a protected folder, at every depth.
[[nodiscard]] bool is_protected(std::string_view relative);
// Why, in a few words for people ("a Git hook or setting"); nullopt when it is not protected.
[[nodiscard]] std::optional<std::string_view> protection_of(std::string_view relative);

// Folders that must exist as folders although their name as a file or a link is protected: ".git". Everything
// else in protection_of() is protected as a folder too.
[[nodiscard]] bool may_be_folder(std::string_view relative);

// Why no agent may work in this folder (a real absolute path); nullopt when nothing speaks against it. Below
// a protected folder, in a repository's own one, and in one such as "~/.config", what is run or obeyed later
// has ordinary names as seen from there.
[[nodiscard]] std::optional<std::string_view> protection_of_workspace(std::string_view path);

// Folders that are not protected and that hold something protected, such as ".cargo" for
// ".cargo/config.toml": a link of this name would bring it along from a place with another name.
[[nodiscard]] bool may_not_be_link(std::string_view relative);

// What agents read as their own instructions (AGENTS.md and its kin). Not protected, but a write of it is a
// write of the agent's own future: it asks when untrusted text is in the context.
[[nodiscard]] bool is_own_future(std::string_view relative);

}  // namespace pryx::sandbox

// SPDX-License-Identifier: MIT
// The grammar of the starter: each rule looks at the words of one command and either understands it or leaves
// it to the next. Pure; for starter_*.cpp only.
#pragma once
#include <optional>
#include <string>

#include "engine/models/starter_intents.h"
#include "engine/models/starter_words.h"

namespace pryx::models::grammar {

using Match = std::optional<Intent>;

// Words around a path that say nothing.
inline constexpr std::initializer_list<std::string_view> kPathFillers = {
    "the",     "a",          "an",        "my",          "this",      "our",     "file",      "files",
    "folder",  "folders",    "directory", "directories", "dir",       "content", "contents",  "content's",
    "of",      "in",         "inside",    "under",       "below",     "within",  "from",      "at",
    "on",      "me",         "all",       "everything",  "here",      "there",   "are",       "is",
    "entries", "named",      "called",    "recursively", "recursive", "hidden",  "current",   "workspace",
    "project", "subfolders", "including", "include",     "with",      "and",     "its",       "tree",
    "to",      "us",         "text",      "exist",       "exists",    "please",  "structure", "out",
    "whole",   "full",       "entire",    "names",
};

// What is left of the words when the fillers are gone; quoted words always stay.
[[nodiscard]] std::string path_in(Words words);
[[nodiscard]] std::optional<std::int64_t> number_in(const Word& word);
[[nodiscard]] std::string shell_quoted(std::string_view text);

[[nodiscard]] Intent make(Intent::Kind kind, std::string subject, std::string tool, json::object arguments);
[[nodiscard]] Intent talk(Intent::Kind kind);
[[nodiscard]] Intent ask_back(std::string question);
[[nodiscard]] Intent run(std::string command);
[[nodiscard]] Intent read(std::string path);
[[nodiscard]] Intent list(Intent::Kind kind, std::string path, bool recursive, bool hidden);
[[nodiscard]] Intent stat(std::string path);
[[nodiscard]] Intent recall(std::string topic);
[[nodiscard]] Intent remember(std::string note);

// Rules, in the order in which they are asked.
[[nodiscard]] Match parse_direct(Words words);
[[nodiscard]] Match parse_memory(Words words);
[[nodiscard]] Match parse_talk(Words words);
[[nodiscard]] Match parse_running(Words words);
[[nodiscard]] Match parse_fetching(Words words);
[[nodiscard]] Match parse_overview(Words words);
[[nodiscard]] Match parse_counting(Words words);
[[nodiscard]] Match parse_lines(Words words);
[[nodiscard]] Match parse_facts(Words words);
[[nodiscard]] Match parse_editing(Words words);
[[nodiscard]] Match parse_writing(Words words);
[[nodiscard]] Match parse_search(Words words);
[[nodiscard]] Match parse_listing(Words words);
[[nodiscard]] Match parse_reading(Words words);

}  // namespace pryx::models::grammar

// SPDX-License-Identifier: MIT
#include "surfaces/cli/line_editor.h"

#include <gtest/gtest.h>

namespace pryx::cli {
namespace {

using Kind = Key::Kind;
using Outcome = LineEditor::Outcome;

std::vector<Key> keys_of(std::string_view bytes, std::size_t piece = 4096) {
  KeyDecoder decoder;
  std::vector<Key> all;
  while (!bytes.empty()) {
    for (Key& key : decoder.feed(bytes.substr(0, piece))) {
      if (key.kind == Kind::kText && !all.empty() && all.back().kind == Kind::kText) {
        all.back().text += key.text;
      } else {
        all.push_back(key);
      }
    }
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  return all;
}

TEST(KeyDecoder, UnderstandsKeysInPiecesOfAnySize) {
  const std::string bytes =
      "aé\x1b[A\x1bOB\x1b[1;5C\x1b[3~\r\n\x7f\x03\x1b[200~p\rq\x1b[31m\x1b[201~z\x1b\r\x1b[13;2u\x1b[99;99X";
  const std::vector<Key> expected = {{Kind::kText, "aé"},   {Kind::kUp, ""},
                                     {Kind::kDown, ""},     {Kind::kWordRight, ""},
                                     {Kind::kDelete, ""},   {Kind::kEnter, ""},
                                     {Kind::kNewline, ""},  {Kind::kBackspace, ""},
                                     {Kind::kControl, "c"}, {Kind::kPaste, "p\nq\x1b[31m"},
                                     {Kind::kText, "z"},    {Kind::kNewline, ""},
                                     {Kind::kNewline, ""}};
  for (std::size_t piece : {1u, 2u, 5u, 4096u}) EXPECT_EQ(keys_of(bytes, piece), expected) << piece;
}

TEST(KeyDecoder, ALoneEscapeIsAKeyOnlyAfterAPause) {
  KeyDecoder decoder;
  EXPECT_TRUE(decoder.feed("\x1b").empty());
  EXPECT_TRUE(decoder.has_pending());
  EXPECT_EQ(decoder.flush(), (std::vector<Key>{{Kind::kEscape, ""}}));
  EXPECT_EQ(decoder.feed("x"), (std::vector<Key>{{Kind::kText, "x"}}));
}

void type(LineEditor& editor, std::string_view bytes) {
  for (const Key& key : keys_of(bytes)) (void)editor.apply(key);
}

TEST(LineEditor, EditsLikeAShell) {
  LineEditor editor;
  type(editor, "hello world");
  type(editor, "\x17");  // Ctrl-W
  EXPECT_EQ(editor.text(), "hello ");
  type(editor, "\x01say \x05!");
  EXPECT_EQ(editor.text(), "say hello !");
  type(editor, "\x1b[D\x7f");
  EXPECT_EQ(editor.text(), "say hello!");
  type(editor, "\x01\x0b");
  EXPECT_EQ(editor.text(), "");
  type(editor, "\x19");
  EXPECT_EQ(editor.text(), "say hello!");
  type(editor, "\x15");
  EXPECT_EQ(editor.text(), "");
}

TEST(LineEditor, MovesByWhatAPersonSees) {
  LineEditor editor;
  type(editor, "a👨‍👩‍👧é");
  type(editor, "\x1b[D\x1b[D|");
  EXPECT_EQ(editor.text(), "a|👨‍👩‍👧é");
  type(editor, "\x1b[3~");
  EXPECT_EQ(editor.text(), "a|é");
}

TEST(LineEditor, KeepsSeveralLinesAndHistoryApart) {
  LineEditor editor;
  editor.set_history({"old one", "old two"});
  type(editor, "first\nsecond");
  type(editor, "\x1b[A|");
  EXPECT_EQ(editor.text(), "first|\nsecond");
  type(editor, "\x1b[A");
  EXPECT_EQ(editor.text(), "old two");
  type(editor, "\x1b[A\x1b[A");
  EXPECT_EQ(editor.text(), "old one");
  type(editor, "\x1b[B\x1b[B");
  EXPECT_EQ(editor.text(), "first|\nsecond");
}

TEST(LineEditor, RemembersWhatIsWorthIt) {
  LineEditor editor;
  editor.remember("one");
  editor.remember("one");
  editor.remember(" secret");
  editor.remember("two\nlines \\ back");
  EXPECT_EQ(editor.history(), (std::vector<std::string>{"one", "two\nlines \\ back"}));
  EXPECT_EQ(parse_history(format_history(editor.history())), editor.history());
}

TEST(LineEditor, PastedControlsBecomeVisible) {
  LineEditor editor;
  type(editor, "\x1b[200~a\x1b[2Jb\tc\x1b[201~");
  EXPECT_EQ(editor.text(), "a\\x1b[2Jb    c");
}

TEST(LineEditor, SaysWhatTheKeysMean) {
  LineEditor editor;
  EXPECT_EQ(editor.apply({Kind::kControl, "d"}), Outcome::kEndOfInput);
  EXPECT_EQ(editor.apply({Kind::kControl, "c"}), Outcome::kInterrupted);
  EXPECT_EQ(editor.apply({Kind::kEnter, ""}), Outcome::kSubmitted);
  type(editor, "x");
  EXPECT_EQ(editor.apply({Kind::kControl, "d"}), Outcome::kEdited);
}

TEST(LineEditor, RendersAroundTheCursor) {
  LineEditor editor;
  type(editor, "one\ntwo\nthree\nfour");
  Frame frame;
  editor.render(frame, "› ", kAccent, 40, 2);
  ASSERT_EQ(frame.lines.size(), 2u);
  EXPECT_EQ(frame.lines[0].text(), "  three");
  EXPECT_EQ(frame.lines[1].text(), "  four");
  EXPECT_EQ(frame.cursor_row, 1);
  EXPECT_EQ(frame.cursor_column, 6);
  LineEditor wide;
  type(wide, "日本語日本語");
  Frame narrow;
  wide.render(narrow, "› ", kAccent, 12, 4);
  ASSERT_EQ(narrow.lines.size(), 2u);
  EXPECT_EQ(narrow.lines[0].text(), "› 日本語日");
  EXPECT_EQ(narrow.cursor_row, 1);
}

}  // namespace
}  // namespace pryx::cli

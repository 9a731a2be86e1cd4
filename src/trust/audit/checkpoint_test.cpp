// SPDX-License-Identifier: MIT
#include "trust/audit/checkpoint.h"

#include <gtest/gtest.h>

#include "foundation/base/json.h"
#include "foundation/base/text.h"
#include "foundation/platform/testing/temporary_directory.h"
#include "trust/audit/checkpointer.h"

namespace pryx::audit {
namespace {

Digest some_root() { return hash_leaf("root"); }
Signer some_signer(char seed = 's') { return Signer(Secret(std::string(32, seed))); }

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

TEST(Checkpoint, ANoteReadsBack) {
  const Signer signer = some_signer();
  const std::string note = signer.sign(1234, some_root());
  const auto opened = open_note(note, signer.public_key());
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(*opened, (Checkpoint{signer.public_key().name, 1234, some_root()}));
  EXPECT_EQ(PublicKey::parse(signer.public_key().to_text()).value(), signer.public_key());
}

TEST(Checkpoint, TheLastOnesAreReadFromAFileOfAnyLength) {
  const platform::testing::TemporaryDirectory folder;
  const std::string path = folder / "checkpoints.jsonl";
  EXPECT_TRUE(read_last_notes(path).value().empty());
  const Signer signer = some_signer();
  std::string text, last;
  for (std::uint64_t size = 1; size <= 3000; ++size) {
    last = signer.sign(size, some_root());
    text += json::canonical(json::object{{"note", last}, {"size", size}}) + "\n";
    if (size != 1 && size != 200 && size != 3000) continue;
    folder.put("checkpoints.jsonl", text);
    const auto notes = read_last_notes(path);
    ASSERT_TRUE(notes) << size << " " << notes.error().message;
    ASSERT_FALSE(notes->empty()) << size;
    EXPECT_EQ(notes->back(), last);
  }
  EXPECT_GT(text.size(), 512u << 10);
}

TEST(Checkpoint, EveryChangedByteIsNoticed) {
  const Signer signer = some_signer();
  const std::string note = signer.sign(77, some_root());
  for (std::size_t at = 0; at < note.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      if (static_cast<char>(value) == note[at]) continue;
      std::string forged = note;
      forged[at] = static_cast<char>(value);
      ASSERT_FALSE(open_note(forged, signer.public_key())) << "byte " << at << " as " << value;
    }
    ASSERT_FALSE(open_note(note.substr(0, at), signer.public_key()));
  }
}

TEST(Checkpoint, ForgedNotesAreRefused) {
  const Signer signer = some_signer();
  const PublicKey& key = signer.public_key();
  const std::string note = signer.sign(77, some_root());
  const std::size_t gap = note.find("\n\n") + 2;
  const std::string body = note.substr(0, gap), line = note.substr(gap);
  EXPECT_FALSE(open_note(body + line + line, key)) << "a signature twice";
  EXPECT_FALSE(open_note(body, key)) << "no signature";
  EXPECT_FALSE(open_note(some_signer('t').sign(77, some_root()), key)) << "another key";
  EXPECT_FALSE(open_note(replaced(note, "\n77\n", "\n077\n"), key));
  EXPECT_FALSE(open_note(replaced(note, "\n77\n", "\n+77\n"), key));
  EXPECT_FALSE(open_note(replaced(note, "\n77\n", "\n18446744073709551616\n"), key)) << "overflow";
  EXPECT_FALSE(open_note(replaced(note, "\n77\n", "\n-1\n"), key));
  EXPECT_FALSE(open_note(note + "\n", key));
  EXPECT_FALSE(open_note(replaced(note, "=\n\n", "\n\n"), key)) << "padding left out";
  // A key of the same name with another id, and the other way round.
  PublicKey renamed = key;
  renamed.id ^= 1;
  EXPECT_FALSE(open_note(note, renamed));
  PublicKey swapped = some_signer('t').public_key();
  swapped.name = key.name;
  swapped.id = key.id;
  EXPECT_FALSE(open_note(note, swapped));
  // Base64 has other texts for the same bytes: bits that nobody reads.
  const std::string loose = "AB==";
  EXPECT_FALSE(open_note(body + "\xE2\x80\x94 " + key.name + " " + loose + "\n", key));
}

TEST(Checkpoint, AWitnessMaySignToo) {
  const Signer signer = some_signer(), witness = some_signer('w');
  const std::string note = signer.sign(5, some_root());
  const std::string other = witness.sign(5, some_root());
  const std::string both = note + other.substr(other.find("\n\n") + 2);
  EXPECT_TRUE(open_note(both, signer.public_key()));
  EXPECT_FALSE(open_note(both, witness.public_key())) << "its own log has another origin";
}

TEST(Checkpoint, KeysHaveOneForm) {
  const std::string text = some_signer().public_key().to_text();
  EXPECT_FALSE(PublicKey::parse(text.substr(1))) << "the id follows from name and key";
  EXPECT_FALSE(PublicKey::parse(text + "="));
  EXPECT_FALSE(PublicKey::parse(""));
  EXPECT_FALSE(PublicKey::parse("a+b"));
  EXPECT_FALSE(PublicKey::parse("a b+00000000+AQ=="));
}

}  // namespace
}  // namespace pryx::audit

// SPDX-License-Identifier: MIT
// Signed notes: writer and verifier read them alike, what is read is written back the same, and nothing that
// the key did not sign is taken.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "note.h"
#include "trust/audit/checkpoint.h"
#include "trust/audit/checkpointer.h"

using namespace pryx;

namespace {
void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  static const audit::Signer signer(Secret(std::string(32, 'b')));
  static const auto key = audit_verify::parse_key(signer.public_key().to_text());
  require(key.has_value(), "the verifier reads the writer's key");
  const auto claimed = audit::parse_note(text);
  if (claimed) require(text.starts_with(audit::checkpoint_text(*claimed)), "a checkpoint has one text");
  const auto opened = audit::open_note(text, signer.public_key());
  std::string why;
  const auto verified = audit_verify::open_note(text, *key, why);
  require(opened.has_value() == verified.has_value(), "both read the note alike");
  if (opened) {
    require(signer.sign(opened->size, opened->root).starts_with(audit::checkpoint_text(*opened)), "signed");
    require(opened->size == verified->size && opened->root == verified->root, "both read the same");
  }
  const auto parsed = audit::PublicKey::parse(text);
  require(parsed.has_value() == audit_verify::parse_key(text).has_value(), "both read the key alike");
  if (parsed) require(parsed->to_text() == text, "a key has one text");
  (void)audit::notes_of(text);
  return 0;
}

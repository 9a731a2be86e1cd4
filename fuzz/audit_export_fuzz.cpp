// SPDX-License-Identifier: MIT
// The verifier's reader: whatever the export holds, it ends, names an index within reach, and never calls a
// text good whose checkpoint the key did not sign.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "export_reader.h"
#include "json_text.h"
#include "verifier.h"

using namespace audit_verify;

namespace {
void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Key key{.name = "pryx.local/audit/0000000000000000"};  // nobody has the private half of zeros
  std::string why;
  const auto members = members_of(text);
  if (members)
    for (const auto& [name, value] : *members) require(!value.empty(), "a member has a value");
  (void)items_of(text);
  (void)text_of(text);
  (void)notes_in(text);
  const auto entry = parse_entry(text, why);
  if (entry) require(leaf_hash(entry->bytes) == entry->leaf, "an entry is what its leaf is the hash of");
  require(!verify_proof(key, text, {}).ok, "no proof without a signature");
  Verifier verifier(key, {});
  std::uint64_t lines = 0;
  for (std::string_view rest = text; !rest.empty(); ++lines) {
    const std::size_t end = rest.find('\n');
    verifier.take_line(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  const Report report = verifier.finish(!text.ends_with('\n'));
  require(!report.ok, "no log without a signature");
  require(!report.first_bad_index || *report.first_bad_index <= lines + 1, "the index is within reach");
  return 0;
}

// SPDX-License-Identifier: MIT
// An ignore file and the paths it is asked about, separated by a line "----". Checked: bounds, and that a
// rule is judged the same whether it stands alone or below rules that do not match.
#include <cstdint>
#include <cstdlib>

#include "engine/tools/fs/ignore_rules.h"
#include "engine/tools/fs/workspace_path.h"
#include "foundation/base/text.h"

using namespace pryx::tools::fs;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  constexpr std::string_view kSeparator = "\n----\n";
  const std::size_t cut = input.find(kSeparator);
  const std::string_view text = input.substr(0, cut);
  const std::string_view paths =
      cut == std::string_view::npos ? std::string_view() : input.substr(cut + kSeparator.size());

  const IgnoreRules rules = IgnoreRules::parse(text);
  require(rules.size() <= IgnoreRules::kMaxRules);
  const IgnoreRules padded = IgnoreRules::parse(std::string(text) + "\n# a comment\n\n[\n");
  IgnoreStack stack;
  stack.push(rules, 0);
  stack.push(rules, 1);
  const GlobFilter glob(text.substr(0, text.find('\n')));
  std::size_t asked = 0;
  for (const std::string_view path : pryx::split(paths, '\n')) {
    if (++asked > 64) break;
    const auto segments = split_path(path);
    if (!segments.empty()) {
      const IgnoreVerdict verdict = rules.judge(segments, EntryKind::kFolder);
      require(rules.size() == IgnoreRules::kMaxRules || text.size() > 1000 ||
              padded.judge(segments, EntryKind::kFolder) == verdict);
      static_cast<void>(stack.is_ignored(segments, EntryKind::kOther));
      static_cast<void>(glob.accepts(segments, 1));
    }
    const std::string shown = encode_name(path);
    require(pryx::is_valid_utf8(shown));
    require(decode_name(shown) == path);
    const auto parsed = parse_workspace_path(path);
    if (parsed && !parsed->outside) {
      const auto again = parse_workspace_path(encode_name(parsed->bytes));
      require(again && !again->outside && again->bytes == parsed->bytes);
    }
  }
  return 0;
}

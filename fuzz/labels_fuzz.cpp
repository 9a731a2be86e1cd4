// SPDX-License-Identifier: MIT
// Labels out of stored or foreign text: one normal form, and joining never takes a suspicion away.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "trust/labels/labels.h"

using namespace pryx;
using trust::Labels;

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

void check_join(const Labels& a, const Labels& b) {
  const Labels both = trust::joined(a, b);
  require(both == trust::joined(b, a), "the order of a join does not matter");
  require(trust::joined(both, a) == both && trust::joined(both, b) == both, "joining again adds nothing");
  require(both.is_untrusted() == (a.is_untrusted() || b.is_untrusted()), "a join keeps suspicion");
  require(both.is_private() == (a.is_private() || b.is_private()), "a join keeps privacy");
  require(both.is_secret() == (a.is_secret() || b.is_secret()), "a join keeps secrets");
  require(trust::breaks_trifecta(both) || (!trust::breaks_trifecta(a) && !trust::breaks_trifecta(b)),
          "a join forces no less");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Labels single;
  if (single.add(text)) require(single.has(text) && single.items().size() == 1, "a label is kept as it is");
  (void)trust::parse_sink(text);
  // Two documents, a line each.
  const std::size_t end = std::min(text.find('\n'), size);
  const auto first = Labels::parse(text.substr(0, end));
  if (!first) return 0;
  const auto again = Labels::parse(first->to_text());
  require(again && *again == *first, "what is written is read back equal");
  const auto& items = first->items();
  for (std::size_t i = 1; i < items.size(); ++i) require(items[i - 1] < items[i], "sorted and without twins");
  check_join(*first, Labels::owner("prn_owner"));
  check_join(*first, Labels::unreadable());
  if (const auto second = Labels::parse(text.substr(std::min(end + 1, size)))) check_join(*first, *second);
  return 0;
}

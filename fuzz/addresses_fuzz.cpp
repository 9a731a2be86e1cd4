// SPDX-License-Identifier: MIT
// Addresses and URL pieces. What inet_pton reads otherwise is refused, an address written down is read back
// equal, and only loopback is listened on.
#include <arpa/inet.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "foundation/net/address_rules.h"
#include "foundation/net/http_types.h"
#include "surfaces/cli/listen_address.h"
#include "trust/vault/secret_ref.h"

using namespace pryx;

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

void check_ip(std::string_view text) {
  const auto ip = net::parse_ip(text);
  unsigned char bytes[16] = {};
  const std::string copy(text);
  const bool has_nul = text.find('\0') != std::string_view::npos;
  const bool is_v4 = !has_nul && ::inet_pton(AF_INET, copy.c_str(), bytes) == 1;
  const bool is_v6 = !has_nul && !is_v4 && ::inet_pton(AF_INET6, copy.c_str(), bytes) == 1;
  require(ip.has_value() == (is_v4 || is_v6), "the system reads the same addresses");
  if (!ip) return;
  require(ip->is_v6 == is_v6 && std::equal(ip->bytes.begin(), ip->bytes.begin() + (is_v6 ? 16 : 4), bytes),
          "and the same bytes in them");
  const std::string written = net::to_text(*ip);
  require(net::parse_ip(written) == ip, "an address is read back equal");
  if (is_v6 && IN6_IS_ADDR_V4MAPPED(reinterpret_cast<const in6_addr*>(bytes))) {
    net::IpAddress inner;
    std::copy_n(bytes + 12, 4, inner.bytes.begin());
    require(net::is_public(*ip) == net::is_public(inner), "a mapped address is as public as what it maps");
  }
}

// The refusals are fixed sentences; what stands in one anyway cannot have come out of the text.
bool is_part_of_a_refusal(std::string_view text) {
  for (const char* nothing : {"\x01", "keychain:\x01", "${\x01}"}) {
    if (vault::SecretRef::parse(nothing).error().message.find(text) != std::string::npos) return true;
  }
  return false;
}

void check_secret_ref(std::string_view text) {
  if (const auto ref = vault::SecretRef::parse(text)) {
    const auto again = vault::SecretRef::parse(ref->to_text());
    require(again && *again == *ref, "a reference is read back equal");
  } else {
    require(ref.error().message.find(text) == std::string::npos || is_part_of_a_refusal(text),
            "a refusal does not repeat what may be a secret");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_ip(text);
  // A command line holds no NUL.
  if (const auto listen = cli::parse_listen_address(text.substr(0, text.find('\0')))) {
    const auto ip = net::parse_ip(listen->address);
    require(ip.has_value() && !net::is_public(*ip), "a listen address is a literal one");
    require(ip->is_v6 ? net::to_text(*ip) == "::1" : ip->bytes[0] == 127, "and loopback");
  }
  const std::string encoded = net::percent_encode(text);
  require(net::percent_decode(encoded, false) == text && net::percent_decode(encoded, true) == text,
          "percent encoding can be undone");
  require(net::percent_decode(text, true).size() <= size, "decoding never grows");
  net::Request request;
  request.query = text;
  for (const std::string& value : request.query_values("a"))
    require(value.size() <= size, "a parameter is part of the query");
  check_secret_ref(text);
  return 0;
}

// SPDX-License-Identifier: MIT
// Bytes that claim to be an archive never crash the reader and never open without their passphrase.
#include "foundation/crypto/archive.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto opened = pryx::crypto::open_archive(pryx::Secret("no archive is made with this one"), bytes);
  if (opened) __builtin_trap();
  return 0;
}

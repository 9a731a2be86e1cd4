// SPDX-License-Identifier: MIT
#include "foundation/net/curl_library.h"

#include <dlfcn.h>
#include <malloc.h>
#include <string.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace pryx::net {
namespace {

// CURLOPT_PROTOCOLS_STR appeared here; older ones lack what is needed to keep transfers inside http and
// https.
constexpr unsigned kOldestVersion = 0x075500;

template <class Function>
bool bind(void* library, const char* name, Function& slot) {
  slot = reinterpret_cast<Function>(dlsym(library, name));
  return slot != nullptr;
}

// OpenSSL writes to sockets without MSG_NOSIGNAL; a peer that hangs up must not end the daemon.
void ignore_sigpipe() {
  struct sigaction current{};
  if (sigaction(SIGPIPE, nullptr, &current) != 0 || current.sa_handler != SIG_DFL) return;
  current.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &current, nullptr);
}

void wipe_and_free(void* memory) {
  if (memory == nullptr) return;
  ::explicit_bzero(memory, ::malloc_usable_size(memory));
  std::free(memory);
}

void* wipe_and_reallocate(void* memory, std::size_t size) {
  if (memory == nullptr) return std::malloc(size);
  const std::size_t had = ::malloc_usable_size(memory);
  if (size <= had && size > had / 2) return memory;
  void* moved = std::malloc(size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, memory, std::min(had, size));
  wipe_and_free(memory);
  return moved;
}

}  // namespace

Result<CurlLibrary> load_curl_from(const char* file) {
  void* library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return fail(
        ErrorCode::kUnsupported,
        "load {}: the HTTP client library is missing; install it (Debian, Ubuntu: apt install libcurl4)",
        file);
  }
  CurlLibrary curl;
  decltype(&::curl_version_info) version_info = nullptr;
  const bool complete =
      bind(library, "curl_global_init_mem", curl.global_init_mem) &&
      bind(library, "curl_version_info", version_info) && bind(library, "curl_easy_init", curl.easy_init) &&
      bind(library, "curl_easy_setopt", curl.easy_setopt) &&
      bind(library, "curl_easy_getinfo", curl.easy_getinfo) &&
      bind(library, "curl_easy_cleanup", curl.easy_cleanup) &&
      bind(library, "curl_easy_reset", curl.easy_reset) &&
      bind(library, "curl_easy_pause", curl.easy_pause) &&
      bind(library, "curl_easy_strerror", curl.easy_strerror) &&
      bind(library, "curl_multi_init", curl.multi_init) &&
      bind(library, "curl_multi_cleanup", curl.multi_cleanup) &&
      bind(library, "curl_multi_setopt", curl.multi_setopt) &&
      bind(library, "curl_multi_add_handle", curl.multi_add_handle) &&
      bind(library, "curl_multi_remove_handle", curl.multi_remove_handle) &&
      bind(library, "curl_multi_socket_action", curl.multi_socket_action) &&
      bind(library, "curl_multi_info_read", curl.multi_info_read) &&
      bind(library, "curl_multi_strerror", curl.multi_strerror) &&
      bind(library, "curl_slist_append", curl.slist_append) &&
      bind(library, "curl_slist_free_all", curl.slist_free_all) && bind(library, "curl_url", curl.url) &&
      bind(library, "curl_url_cleanup", curl.url_cleanup) && bind(library, "curl_url_set", curl.url_set) &&
      bind(library, "curl_url_get", curl.url_get) && bind(library, "curl_free", curl.free);
  if (!complete || version_info(CURLVERSION_NOW)->version_num < kOldestVersion) {
    return fail(ErrorCode::kUnsupported,
                "load {}: this libcurl is too old; install version 7.85 or later (package libcurl4)", file);
  }
  ignore_sigpipe();
  // Its memory holds the headers it sends, credentials among them.
  if (curl.global_init_mem(CURL_GLOBAL_DEFAULT, ::malloc, wipe_and_free, wipe_and_reallocate, ::strdup,
                           ::calloc) != CURLE_OK)
    return fail(ErrorCode::kUnsupported, "load {}: libcurl cannot start", file);
  return curl;
}

Result<const CurlLibrary*> load_curl() {
  // The I/O thread is the only caller; a failure is not kept, so that installing the package helps without a
  // restart.
  static std::unique_ptr<const CurlLibrary> loaded;
  if (!loaded) {
    PRYX_TRY(const CurlLibrary library, load_curl_from("libcurl.so.4"));
    loaded = std::make_unique<const CurlLibrary>(library);
  }
  return loaded.get();
}

}  // namespace pryx::net

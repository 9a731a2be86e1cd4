// SPDX-License-Identifier: MIT
// libcurl as a table of functions, loaded when the first request is made: a daemon that never calls out does
// not carry it nor its TLS library in memory. For http_client*.cpp only. Once loaded it stays.
#pragma once
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "foundation/base/result.h"

namespace pryx::net {

struct CurlLibrary {
  decltype(&::curl_global_init_mem) global_init_mem = nullptr;
  decltype(&::curl_easy_init) easy_init = nullptr;
  decltype(&::curl_easy_setopt) easy_setopt = nullptr;
  decltype(&::curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&::curl_easy_reset) easy_reset = nullptr;
  decltype(&::curl_easy_pause) easy_pause = nullptr;
  decltype(&::curl_easy_strerror) easy_strerror = nullptr;
  decltype(&::curl_multi_init) multi_init = nullptr;
  decltype(&::curl_multi_cleanup) multi_cleanup = nullptr;
  decltype(&::curl_multi_setopt) multi_setopt = nullptr;
  decltype(&::curl_multi_add_handle) multi_add_handle = nullptr;
  decltype(&::curl_multi_remove_handle) multi_remove_handle = nullptr;
  decltype(&::curl_multi_socket_action) multi_socket_action = nullptr;
  decltype(&::curl_multi_info_read) multi_info_read = nullptr;
  decltype(&::curl_multi_strerror) multi_strerror = nullptr;
  decltype(&::curl_slist_append) slist_append = nullptr;
  decltype(&::curl_slist_free_all) slist_free_all = nullptr;
  decltype(&::curl_url) url = nullptr;
  decltype(&::curl_url_cleanup) url_cleanup = nullptr;
  decltype(&::curl_url_set) url_set = nullptr;
  decltype(&::curl_url_get) url_get = nullptr;
  decltype(&::curl_free) free = nullptr;
};

// kUnsupported with the package to install when the library is missing or too old. The result lives for the
// rest of the process.
[[nodiscard]] Result<const CurlLibrary*> load_curl();
// The same from a named file, for tests.
[[nodiscard]] Result<CurlLibrary> load_curl_from(const char* file);

}  // namespace pryx::net

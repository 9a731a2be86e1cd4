// SPDX-License-Identifier: MIT
#include "foundation/platform/secret_service.h"

#include <dlfcn.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "foundation/platform/files.h"

namespace pryx::platform {
namespace {

// The parts of libsecret's and GLib's binary interface that are used, so that neither is needed to build.
struct GlibError {
  std::uint32_t domain;
  int code;
  char* message;
};
struct GlibList {
  void* data;
  GlibList* next;
  GlibList* previous;
};
struct SchemaAttribute {
  const char* name;
  int type;  // 0: string
};
struct Schema {
  const char* name;
  int flags;
  SchemaAttribute attributes[32];
  int reserved;
  void* reserved_pointers[7];
};
constexpr int kSecretErrorIsLocked = 2;
constexpr int kSearchAll = 1 << 1;
constexpr int kSessionBus = 2;

const Schema kSchema = {"org.pryx.Key", 0, {{"key_id", 0}, {nullptr, 0}}, 0, {}};
// gnome-keyring does not keep the schema's name with a locked item, so looking for those goes by the
// attribute alone.
constexpr int kDontMatchName = 1 << 1;
const Schema kAnySchema = {"org.pryx.Key", kDontMatchName, {{"key_id", 0}, {nullptr, 0}}, 0, {}};

struct Library {
  int (*store)(const Schema*, const char* collection, const char* label, const char* password,
               void* cancellable, GlibError**, ...);
  char* (*lookup)(const Schema*, void* cancellable, GlibError**, ...);
  GlibList* (*search)(const Schema*, int flags, void* cancellable, GlibError**, ...);
  int (*clear)(const Schema*, void* cancellable, GlibError**, ...);
  void (*free_password)(char*);
  std::uint32_t (*error_domain)();
  void (*free_error)(GlibError*);
  void* (*make_cancellable)();
  void (*cancel)(void*);
  void (*release)(void*);
  void (*free_list)(GlibList*, void (*)(void*));
  void* (*get_bus)(int type, void* cancellable, GlibError**);
  void (*set_exit_on_close)(void* connection, int exit_on_close);
};

template <class Function>
bool find(void* handle, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(handle, name));
  return function != nullptr;
}

// Stays loaded: GLib starts threads and cannot be unloaded.
const Library* load_library() {
  static const std::unique_ptr<const Library> library = []() -> std::unique_ptr<const Library> {
    void* handle = ::dlopen("libsecret-1.so.0", RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) return nullptr;
    auto table = std::make_unique<Library>();
    Library& t = *table;
    const bool complete =
        find(handle, "secret_password_store_sync", t.store) &&
        find(handle, "secret_password_lookup_nonpageable_sync", t.lookup) &&
        find(handle, "secret_password_search_sync", t.search) &&
        find(handle, "secret_password_clear_sync", t.clear) &&
        find(handle, "secret_password_free", t.free_password) &&
        find(handle, "secret_error_get_quark", t.error_domain) &&
        find(handle, "g_error_free", t.free_error) && find(handle, "g_cancellable_new", t.make_cancellable) &&
        find(handle, "g_cancellable_cancel", t.cancel) && find(handle, "g_object_unref", t.release) &&
        find(handle, "g_list_free_full", t.free_list) && find(handle, "g_bus_get_sync", t.get_bus) &&
        find(handle, "g_dbus_connection_set_exit_on_close", t.set_exit_on_close);
    if (!complete) return nullptr;
    return table;
  }();
  return library.get();
}

std::unexpected<Error> take_error(const Library& library, GlibError* error, std::string_view what) {
  if (error == nullptr) {
    return fail(ErrorCode::kUnauthenticated, "{}: the keychain refused; unlock it and try again", what);
  }
  const bool locked = error->domain == library.error_domain() && error->code == kSecretErrorIsLocked;
  const std::string message = error->message != nullptr ? error->message : "unknown error";
  library.free_error(error);
  if (locked || message.find("locked collection") != std::string::npos) {
    return fail(ErrorCode::kUnauthenticated, "{}: the keychain is locked; unlock it and try again", what);
  }
  return fail(ErrorCode::kUnavailable, "{}: {}", what, message);
}

// A connection that exits the process when the desktop session ends is GLib's default; a daemon must survive
// that.
Result<void> prepare_bus(const Library& library, void* cancellable) {
  GlibError* error = nullptr;
  void* connection = library.get_bus(kSessionBus, cancellable, &error);
  if (connection == nullptr) return take_error(library, error, "connect to the session bus");
  library.set_exit_on_close(connection, 0);
  library.release(connection);
  return {};
}

struct Outcome {
  std::mutex mutex;
  std::condition_variable finished;
  std::optional<Result<std::optional<Secret>>> result;
};
using Operation = std::function<Result<std::optional<Secret>>(const Library&, void* cancellable)>;

constexpr auto kCancelGrace =
    std::chrono::milliseconds(250);  // a cancelled call returns in a few; a stuck one is left behind

Result<std::optional<Secret>> run_limited(bool has_bus, Duration limit, Operation operation) {
  if (!has_bus) return fail(ErrorCode::kUnavailable, "no keychain: there is no session bus");
  auto outcome = std::make_shared<Outcome>();
  auto cancellable = std::make_shared<std::pair<const Library*, void*>>(nullptr, nullptr);
  std::thread([outcome, cancellable, operation = std::move(operation)] {
    Result<std::optional<Secret>> result =
        fail(ErrorCode::kUnavailable, "no keychain: libsecret is not installed");
    if (const Library* library = load_library()) {
      void* cancel_object = library->make_cancellable();
      {
        const std::lock_guard lock(outcome->mutex);
        *cancellable = {library, cancel_object};
      }
      const auto prepared = prepare_bus(*library, cancel_object);
      if (prepared)
        result = operation(*library, cancel_object);
      else
        result = std::unexpected(prepared.error());
      const std::lock_guard lock(outcome->mutex);
      *cancellable = {nullptr, nullptr};
      library->release(cancel_object);
    }
    const std::lock_guard lock(outcome->mutex);
    outcome->result = std::move(result);
    outcome->finished.notify_all();
  }).detach();  // a keychain that never answers keeps this thread; waiting for it would hang the daemon's
                // start

  std::unique_lock lock(outcome->mutex);
  const auto is_done = [&] { return outcome->result.has_value(); };
  if (!outcome->finished.wait_for(lock, limit, is_done)) {
    if (const auto& [library, object] = *cancellable; library != nullptr) library->cancel(object);
    outcome->finished.wait_for(lock, kCancelGrace, is_done);
    return fail(ErrorCode::kUnavailable, "the keychain did not answer within {}", format_duration(limit));
  }
  return std::move(*outcome->result);
}

constexpr char kAttribute[] = "key_id";
constexpr const char* kEnd = nullptr;

}  // namespace

SecretService::SecretService(const Environment& environment, Duration limit) : limit_(limit) {
  const auto runtime = environment.find("XDG_RUNTIME_DIR");
  has_bus_ =
      environment.find("DBUS_SESSION_BUS_ADDRESS").has_value() || (runtime && exists(*runtime + "/bus"));
}

Result<void> SecretService::store(const std::string& key_id, const std::string& label, const Secret& value) {
  const auto done = run_limited(
      has_bus_, limit_, [=](const Library& library, void* cancellable) -> Result<std::optional<Secret>> {
        GlibError* error = nullptr;
        const int stored = library.store(&kSchema, "default", label.c_str(), value.reveal().c_str(),
                                         cancellable, &error, kAttribute, key_id.c_str(), kEnd);
        if (stored == 0) return take_error(library, error, "store a key in the keychain");
        return std::nullopt;
      });
  if (!done) return std::unexpected(done.error());
  return {};
}

Result<std::optional<Secret>> SecretService::lookup(const std::string& key_id) {
  return run_limited(
      has_bus_, limit_, [=](const Library& library, void* cancellable) -> Result<std::optional<Secret>> {
        GlibError* error = nullptr;
        if (char* text = library.lookup(&kSchema, cancellable, &error, kAttribute, key_id.c_str(), kEnd)) {
          Secret value{std::string(text)};
          library.free_password(text);
          return value;
        }
        if (error != nullptr) return take_error(library, error, "read a key from the keychain");
        // No value and no error means absent or locked; attributes can be searched even then.
        GlibList* found =
            library.search(&kAnySchema, kSearchAll, cancellable, &error, kAttribute, key_id.c_str(), kEnd);
        if (error != nullptr) return take_error(library, error, "search the keychain");
        if (found == nullptr) return std::nullopt;
        library.free_list(found, library.release);
        return fail(ErrorCode::kUnauthenticated, "the keychain is locked; unlock it and try again");
      });
}

Result<void> SecretService::remove(const std::string& key_id) {
  const auto done = run_limited(
      has_bus_, limit_, [=](const Library& library, void* cancellable) -> Result<std::optional<Secret>> {
        GlibError* error = nullptr;
        library.clear(&kSchema, cancellable, &error, kAttribute, key_id.c_str(), kEnd);
        if (error != nullptr) return take_error(library, error, "remove a key from the keychain");
        return std::nullopt;
      });
  if (!done) return std::unexpected(done.error());
  return {};
}

}  // namespace pryx::platform

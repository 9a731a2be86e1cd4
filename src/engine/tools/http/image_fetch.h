// SPDX-License-Identifier: MIT
// A picture that a text points to, fetched because a person clicked on it. The policy decides as for
// http.request: a deny stands; where it would ask, the click is the answer for the public internet, and it
// is on record with the intent before anything is sent. Everything else is the broker's: one host, checked
// peers, bounded.
// I/O thread only; owned by apps/.
#pragma once
#include <functional>
#include <string>
#include <utility>

#include "foundation/async/event_loop.h"
#include "foundation/db/database.h"
#include "foundation/net/own_addresses.h"
#include "trust/audit/audit_log.h"
#include "trust/egress/broker.h"
#include "trust/labels/labels.h"
#include "trust/policy/policy_engine.h"
#include "trust/principals/caller.h"

namespace pryx::tools::http {

constexpr std::size_t kMaxFetchedImage = 8u << 20;
constexpr Duration kImageTimeout = std::chrono::seconds(20);  // somebody waits for it before a page
constexpr int kImagesAtOnce = 8;  // a page of pictures, without 8 MiB for each of a thousand clicks

struct ImageRequest {
  std::string url;
  SessionId session;  // these two may be empty; with a turn the request is drawn in its trace
  TurnId turn;
  trust::Labels labels;  // of the text that points there
};

class ImageFetch {
 public:
  // What the policy of this moment says of a call of http.request.
  using Decide = std::function<Result<trust::Decision>(const json::object& arguments, const trust::Labels&,
                                                       const PrincipalId&, const SessionId&)>;
  struct Parts {
    db::Database& database;
    audit::AuditLog& audit;
    egress::Broker& broker;
    Decide decide;
    // Public ones too: what listens there may trust this machine's own.
    bool (*is_own)(const net::IpAddress&) = net::is_own_address;
  };
  // One of kImagesAtOnce, for as long as it lives; not longer than what gave it.
  class Slot {
   public:
    Slot(Slot&& other) noexcept : running_(std::exchange(other.running_, nullptr)) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot() {
      if (running_ != nullptr) --*running_;
    }

   private:
    friend class ImageFetch;
    explicit Slot(int& running) : running_(&running) { ++running; }
    int* running_;
  };
  explicit ImageFetch(Parts parts) : parts_(std::move(parts)) {}

  // The click of this caller, counted before anything is read for it. kDenied: who may not click.
  // kOverloaded: who has to wait.
  [[nodiscard]] Result<Slot> admit(const Caller& caller);
  // The bytes of a PNG, JPEG, GIF or WebP. kDenied: by the policy or the broker. kCheckFailed: the answer is
  // no such image, or its server is not who it should be. kTooLarge, kTimeout, kUnavailable.
  [[nodiscard]] async::Task<Result<std::string>> fetch(Slot slot, Caller caller, ImageRequest request);

 private:
  struct Work;
  [[nodiscard]] async::Task<Result<std::string>> load(const Work& work);
  // `reason`: for people; empty: none.
  [[nodiscard]] async::Task<Result<std::int64_t>> record(const Work& work, std::string kind,
                                                         json::object detail, std::optional<bool> success,
                                                         std::string reason = {});
  [[nodiscard]] Result<void> decide(Work& work) const;
  Parts parts_;
  int running_ = 0;
};

}  // namespace pryx::tools::http

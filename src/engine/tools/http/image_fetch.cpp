// SPDX-License-Identifier: MIT
#include "engine/tools/http/image_fetch.h"

#include "engine/tools/http/call.h"
#include "foundation/base/image_type.h"
#include "foundation/base/log.h"
#include "foundation/crypto/crypto.h"
#include "foundation/net/address_rules.h"

namespace pryx::tools::http {
namespace {

constexpr std::string_view kSender = "images.fetch";

// This machine or its own network. Foreign text chose the address, and a picture of it says nothing of what
// asking for it does there.
bool stays_near(const net::Host& host, bool (*is_own)(const net::IpAddress&)) {
  if (!host.address) return host.name == "localhost" || host.name.ends_with(".localhost");
  return !net::is_public(*host.address) || is_own(*host.address);
}

// Only what happened over there, in words for the person who waits.
Result<std::string> image_of(egress::FetchResponse response, const net::Url& url) {
  if (!response.refused_redirect.empty())
    return fail(ErrorCode::kDenied, "{} points elsewhere: {}", url.host.text(), response.refused_redirect);
  if (response.status != 200)
    return fail(ErrorCode::kUnavailable, "{} answered HTTP {}", url.host.text(), response.status);
  if (response.truncated)
    return fail(ErrorCode::kTooLarge, "the image has more than {} MiB", kMaxFetchedImage >> 20);
  if (image_type_of(response.body).empty())
    return fail(ErrorCode::kCheckFailed, "what {} sent is no PNG, JPEG, GIF or WebP image", url.host.text());
  return std::move(response.body);
}

}  // namespace

struct ImageFetch::Work {
  Caller caller;
  ImageRequest request;
  json::object arguments;
  Call call;
  trust::Decision decision;
};

Result<void> ImageFetch::decide(Work& work) const {
  PRYX_TRY(work.decision, parts_.decide(work.arguments, work.request.labels, work.caller.principal.id,
                                        work.request.session));
  if (work.decision.verdict == trust::Verdict::kDeny)
    return fail(ErrorCode::kDenied, "{}", work.decision.reason);
  if (work.decision.verdict != trust::Verdict::kAllow && stays_near(work.call.url.host, parts_.is_own))
    return fail(ErrorCode::kDenied,
                "{} is this machine or its own network; a click does not open it, only a rule of policy.yaml "
                "that allows it",
                work.call.url.host.text());
  return {};
}

async::Task<Result<std::int64_t>> ImageFetch::record(const Work& work, std::string kind, json::object detail,
                                                     std::optional<bool> success, std::string reason) {
  json::object personal{{"url", work.call.url.text()}};  // the host is the owner's secret, too
  if (!reason.empty()) personal["reason"] = std::move(reason);
  co_return co_await parts_.database.write([&](db::Transaction& t) {
    return parts_.audit.append(t, {.principal = work.caller.principal.id,
                                   .kind = kind,
                                   .actor = work.caller.surface,
                                   .session = work.request.session,
                                   .turn = work.request.turn,
                                   .step = {},
                                   .subject = std::string(kSender),
                                   .detail = detail,
                                   .success = success,
                                   .personal = personal});
  });
}

async::Task<Result<std::string>> ImageFetch::load(const Work& work) {
  egress::FetchRequest request;
  request.url = work.call.url.text();
  request.headers.add("Accept", "image/png, image/jpeg, image/gif, image/webp");
  request.allowed.entries = work.call.allowed();
  request.limits.time = kImageTimeout;
  request.limits.response_bytes = kMaxFetchedImage;
  egress::Sender sender{.principal = work.caller.principal,
                        .session = work.request.session,
                        .turn = work.request.turn,
                        .step = {},
                        .tool = std::string(kSender)};
  auto response = co_await parts_.broker.fetch(std::move(sender), std::move(request));
  if (!response) co_return std::unexpected(response.error());
  co_return image_of(std::move(*response), work.call.url);
}

async::Task<Result<std::string>> ImageFetch::fetch(Slot slot, Caller caller, ImageRequest request) {
  const Slot held = std::move(slot);  // until the picture is here, whatever becomes of the argument
  Work work{.caller = std::move(caller),
            .request = std::move(request),
            .arguments = {},
            .call = {},
            .decision = {}};
  work.arguments = {{"method", "GET"}, {"url", work.request.url}};
  PRYX_CO_TRY(work.call, read_call(work.arguments));
  work.arguments["url"] = work.call.url.text();
  const std::string hash = crypto::hash_json("image-fetch/1", json::value(work.arguments));
  const auto allowed = decide(work);
  json::object detail{
      {"call_hash", hash}, {"policy", trust::to_text(work.decision.verdict)}, {"rule", work.decision.rule}};
  if (!allowed) {
    if (allowed.error().code != ErrorCode::kDenied) co_return std::unexpected(allowed.error());
    PRYX_CO_TRY_VOID(
        co_await record(work, "image.denied", std::move(detail), false, allowed.error().message));
    co_return std::unexpected(allowed.error());
  }
  // Evidence before effect: who clicked, and on what.
  detail["consent"] = "click";
  PRYX_CO_TRY(const std::int64_t intent,
              co_await record(work, "image.intent", std::move(detail), std::nullopt));
  Result<std::string> image = std::string();
  // Writing it down took time: a deny that came meanwhile counts.
  if (const auto still = decide(work); still)
    image = co_await load(work);
  else
    image = std::unexpected(still.error());
  json::object end{{"intent", intent}, {"call_hash", hash}};
  if (image) {
    end["bytes"] = image->size();
    end["type"] = image_type_of(*image);
  } else {
    end["error"] = facts(image.error().code).name;
  }
  const auto recorded = co_await record(work, "image.outcome", std::move(end), image.has_value());
  if (!recorded)
    log::error("image.outcome_not_recorded", {{"intent", intent}, {"error", recorded.error().message}});
  co_return image;
}

Result<ImageFetch::Slot> ImageFetch::admit(const Caller& caller) {
  // The answer of a person to a question: to chat is not to decide.
  PRYX_TRY_VOID(caller.require(Scope::kApprove));
  if (running_ >= kImagesAtOnce)
    return fail(Error{ErrorCode::kOverloaded,
                      fmt::format("{} images are being fetched; wait for one of them", running_), 1000});
  return Slot(running_);
}

}  // namespace pryx::tools::http

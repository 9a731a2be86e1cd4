// SPDX-License-Identifier: MIT
// The two halves of a provider that speaks HTTP. A codec is pure: it knows one vendor's bytes and nothing of
// connections, clocks or keys. wire_provider.h is the other half, one for all vendors: sending, time limits,
// framing, error bodies. A vendor is added by writing a codec and a row in provider_kinds.cpp.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/models/provider.h"
#include "foundation/base/secret.h"

namespace pryx::models {

struct WireHeader {
  std::string name;
  std::string value;
};

struct WireRequest {
  std::string method = "POST";
  std::string target;  // what follows the base URL: "/v1/messages"
  std::vector<WireHeader> headers = {};
  std::string body = {};
};

enum class Framing : std::uint8_t { kServerSentEvents, kJsonLines };

struct Frame {
  std::string_view event;  // of a server-sent event; empty otherwise
  std::string_view data;
};

// One answer, from frames to events. A server that ignores the wish for a stream answers with one JSON
// document: it comes as one frame.
class AnswerDecoder {
 public:
  virtual ~AnswerDecoder() = default;
  // Errors end the stream; what was appended before one is still handed out.
  [[nodiscard]] virtual Result<void> feed(const Frame& frame, std::vector<ModelEvent>& out) = 0;
  // The body ended properly, or is_done(). Appends what is left, Finished last. kUnavailable when the answer
  // was not complete.
  [[nodiscard]] virtual Result<void> finish(std::vector<ModelEvent>& out) = 0;
  // Nothing that follows matters.
  [[nodiscard]] virtual bool is_done() const = 0;
  // Grows with everything the model says, arguments and hidden thoughts included: silence is measured by it.
  [[nodiscard]] virtual std::size_t progress() const = 0;
  // Of that, what an answer that broke off is paid by: without signatures, which no model writes.
  [[nodiscard]] virtual std::size_t said() const { return progress(); }
  // Instead of finish(), when is_done(): the vendor paused a long answer and wants this request to go on with
  // it. The decoder then reads the continuation as part of the same answer.
  [[nodiscard]] virtual std::optional<WireRequest> continuation() { return std::nullopt; }
};

struct ModelPage {
  std::vector<ModelInfo> models;
  std::string next;  // what model_list() takes to ask for the next page; empty: the end
};

class WireCodec {
 public:
  virtual ~WireCodec() = default;
  [[nodiscard]] virtual FormAbilities form_abilities() const { return {}; }
  [[nodiscard]] virtual Framing framing() const { return Framing::kServerSentEvents; }
  [[nodiscard]] virtual WireHeader key_header(const Secret& key) const = 0;
  // kInvalidArgument for what this wire cannot carry; nothing is dropped in silence.
  [[nodiscard]] virtual Result<WireRequest> encode(const ModelRequest& request) const = 0;
  // `request_bytes` feeds the usage estimate.
  [[nodiscard]] virtual std::unique_ptr<AnswerDecoder> make_decoder(const ModelRequest& request,
                                                                    std::size_t request_bytes) const = 0;
  // The Error of an answer that is not 2xx; retry_after_ms only when the body says so.
  [[nodiscard]] virtual Error decode_error(int status, std::string_view body,
                                           std::string_view provider) const = 0;
  [[nodiscard]] virtual WireRequest model_list(std::string_view page) const = 0;
  [[nodiscard]] virtual Result<ModelPage> decode_models(std::string_view body,
                                                        std::string_view provider) const = 0;
  // What only the server knows about one model, when it has to be asked for each; nullopt: nothing.
  [[nodiscard]] virtual std::optional<WireRequest> model_question(std::string_view) const {
    return std::nullopt;
  }
  [[nodiscard]] virtual Result<void> decode_model_answer(std::string_view, ModelInfo&) const { return {}; }
};

}  // namespace pryx::models

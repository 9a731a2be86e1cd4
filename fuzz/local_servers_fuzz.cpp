// SPDX-License-Identifier: MIT
// What anything that listens on a port of this machine may say when it is asked whether it is a model server.
#include <cstdint>
#include <cstdlib>

#include "engine/models/local_server_codec.h"
#include "foundation/base/text.h"

namespace {

void check(const std::vector<pryx::models::LocalModel>& models) {
  using namespace pryx::models;
  if (models.size() > kMaxLocalModels) std::abort();
  for (const LocalModel& model : models) {
    if (model.id.empty() || model.size_bytes < 0 || model.context_tokens < 0) std::abort();
    for (const std::string* text : {&model.id, &model.quantization, &model.parameters}) {
      if (text->size() > 200 || !pryx::is_valid_utf8(*text) || text->find('\n') != std::string::npos)
        std::abort();
    }
    if (fit_name(fit_of(model, 1LL << 34, 1LL << 33)).empty()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pryx::models;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (auto models = read_ollama_models(bytes)) {
    mark_loaded(bytes, *models);
    check(*models);
  }
  if (const auto listed = read_openai_models(bytes)) check(listed->models);
  if (const auto models = read_lm_studio_models(bytes)) check(*models);
  if (read_ollama_context(bytes) < 0 || read_llama_properties(bytes).context_tokens < 0) std::abort();
  (void)read_server_version(bytes);
  (void)quantization_in(bytes);
  return 0;
}

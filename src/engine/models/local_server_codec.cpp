// SPDX-License-Identifier: MIT
#include "engine/models/local_server_codec.h"

#include <algorithm>
#include <array>

#include "engine/models/wire_text.h"
#include "foundation/base/json.h"
#include "foundation/base/text.h"

namespace pryx::models {
namespace {

constexpr std::size_t kMaxName = 200;
constexpr std::size_t kMaxWord = 40;
constexpr std::int64_t kMaxBytes = 1LL << 50;
constexpr std::int64_t kMaxContext = 1LL << 32;
constexpr std::int64_t kWork = 512LL << 20;

// A name or word of a stranger: short, one line, valid; else nothing.
std::string clean(std::string_view text, std::size_t limit) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (text.size() > limit || !is_valid_utf8(text) || std::ranges::any_of(text, is_control)) return {};
  return std::string(trim(text));
}

std::int64_t bounded(std::int64_t count, std::int64_t most) { return count <= most ? count : 0; }

const json::object* parsed_into(std::string_view body, std::optional<json::object>& holder) {
  auto parsed = json::parse_object(body);
  if (!parsed) return nullptr;
  holder = std::move(*parsed);
  return &*holder;
}

// Calls for each object of the list, up to the bound.
template <class Each>
void for_objects(const json::array& list, const Each& each) {
  std::size_t count = 0;
  for (const json::value& item : list) {
    if (!item.is_object()) continue;
    if (++count > kMaxLocalModels) return;
    each(item.get_object());
  }
}

void add_model(std::vector<LocalModel>& models, LocalModel model) {
  if (!model.id.empty()) models.push_back(std::move(model));
}

std::vector<LocalModel> read_new_lm_studio(const json::array& list) {
  std::vector<LocalModel> models;
  for_objects(list, [&](const json::object& item) {
    const json::object* quantization = find_object(item, "quantization");
    const json::array* instances = find_array(item, "loaded_instances");
    LocalModel model{
        .id = clean(find_text(item, "key"), kMaxName),
        .size_bytes = bounded(find_count(item, "size_bytes"), kMaxBytes),
        .context_tokens = bounded(find_count(item, "max_context_length"), kMaxContext),
        .quantization = quantization == nullptr ? "" : clean(find_text(*quantization, "name"), kMaxWord),
        .parameters = clean(find_text(item, "params_string"), kMaxWord)};
    if (instances != nullptr) model.loaded = !instances->empty();
    if (find_text(item, "type") != "embedding") add_model(models, std::move(model));
  });
  return models;
}

std::vector<LocalModel> read_old_lm_studio(const json::array& list) {
  std::vector<LocalModel> models;
  for_objects(list, [&](const json::object& item) {
    LocalModel model{.id = clean(find_text(item, "id"), kMaxName),
                     .context_tokens = bounded(find_count(item, "max_context_length"), kMaxContext),
                     .quantization = clean(find_text(item, "quantization"), kMaxWord),
                     .loaded = find_text(item, "state") == "loaded"};
    if (find_text(item, "type") != "embeddings") add_model(models, std::move(model));
  });
  return models;
}

bool is_quantization(std::string_view word) {
  static constexpr std::array<std::string_view, 8> kWhole{"F32",   "F16",   "BF16", "FP16",
                                                          "MXFP4", "NVFP4", "FP8",  "AWQ"};
  if (std::ranges::find(kWhole, word) != kWhole.end()) return true;
  if (word.starts_with("IQ") || word.starts_with("TQ")) word.remove_prefix(1);
  if (word.size() < 4 || word[0] != 'Q' || word[1] < '1' || word[1] > '8' || word[2] != '_') return false;
  const auto is_plain = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
  return word.size() <= 10 && std::ranges::all_of(word.substr(3), is_plain);
}

}  // namespace

std::string read_server_version(std::string_view body) {
  std::optional<json::object> holder;
  const json::object* parsed = parsed_into(body, holder);
  return parsed == nullptr ? "" : clean(find_text(*parsed, "version"), kMaxWord);
}

namespace {

// What turns text into numbers and cannot answer. Ollama has no word for it in its list.
bool is_embedding(std::string_view name, std::string_view family) {
  return lower_ascii(name).find("embed") != std::string::npos ||
         lower_ascii(family).find("bert") != std::string::npos;
}

}  // namespace

std::optional<std::vector<LocalModel>> read_ollama_models(std::string_view body) {
  std::optional<json::object> holder;
  const json::object* parsed = parsed_into(body, holder);
  const json::array* list = parsed == nullptr ? nullptr : find_array(*parsed, "models");
  if (list == nullptr) return std::nullopt;
  std::vector<LocalModel> models;
  for_objects(*list, [&](const json::object& item) {
    LocalModel model{.id = clean(find_text(item, "name"), kMaxName),
                     .size_bytes = bounded(find_count(item, "size"), kMaxBytes),
                     .elsewhere = !find_text(item, "remote_host").empty()};
    const json::object* details = find_object(item, "details");
    if (is_embedding(model.id, details == nullptr ? "" : find_text(*details, "family"))) return;
    if (details != nullptr) {
      model.quantization = clean(find_text(*details, "quantization_level"), kMaxWord);
      model.parameters = clean(find_text(*details, "parameter_size"), kMaxWord);
    }
    if (model.elsewhere) model.size_bytes = 0;
    add_model(models, std::move(model));
  });
  return models;
}

std::int64_t read_ollama_context(std::string_view body) {
  std::optional<json::object> holder;
  const json::object* parsed = parsed_into(body, holder);
  const json::object* known = parsed == nullptr ? nullptr : find_object(*parsed, "model_info");
  if (known == nullptr) return 0;
  // "llama.context_length": named after the architecture.
  const std::string key = fmt::format("{}.context_length", find_text(*known, "general.architecture"));
  return bounded(find_count(*known, key), kMaxContext);
}

void mark_loaded(std::string_view body, std::vector<LocalModel>& models) {
  std::optional<json::object> holder;
  const json::object* parsed = parsed_into(body, holder);
  const json::array* list = parsed == nullptr ? nullptr : find_array(*parsed, "models");
  if (list == nullptr) return;
  for (LocalModel& model : models) {
    model.loaded = std::ranges::any_of(*list, [&](const json::value& item) {
      return item.is_object() && find_text(item.get_object(), "name") == model.id;
    });
  }
}

std::optional<OpenAiModels> read_openai_models(std::string_view body) {
  std::optional<json::object> holder;
  const json::object* parsed = parsed_into(body, holder);
  const json::array* list = parsed == nullptr ? nullptr : find_array(*parsed, "data");
  if (list == nullptr) return std::nullopt;
  OpenAiModels out;
  for_objects(*list, [&](const json::object& item) {
    LocalModel model{.id = clean(find_text(item, "id"), kMaxName),
                     .context_tokens = bounded(find_count(item, "max_model_len"), kMaxContext)};
    if (out.models.empty()) out.owner = clean(find_text(item, "owned_by"), kMaxWord);
    if (const json::object* meta = find_object(item, "meta")) {
      model.size_bytes = bounded(find_count(*meta, "size"), kMaxBytes);
      if (model.context_tokens == 0)
        model.context_tokens = bounded(find_count(*meta, "n_ctx_train"), kMaxContext);
      if (const std::int64_t count = find_count(*meta, "n_params"); count >= 100'000'000)
        model.parameters = fmt::format("{:.1f}B", static_cast<double>(count) / 1e9);
    }
    if (const json::object* status = find_object(item, "status"))
      model.loaded = find_text(*status, "value") == "loaded";
    model.quantization = quantization_in(model.id);
    add_model(out.models, std::move(model));
  });
  return out;
}

LlamaProperties read_llama_properties(std::string_view body) {
  std::optional<json::object> holder;
  const json::object* parsed = parsed_into(body, holder);
  if (parsed == nullptr) return {};
  LlamaProperties out{.build = clean(find_text(*parsed, "build_info"), kMaxWord)};
  if (const json::object* settings = find_object(*parsed, "default_generation_settings"))
    out.context_tokens = bounded(find_count(*settings, "n_ctx"), kMaxContext);
  return out;
}

std::optional<std::vector<LocalModel>> read_lm_studio_models(std::string_view body) {
  std::optional<json::object> holder;
  const json::object* parsed = parsed_into(body, holder);
  if (parsed == nullptr) return std::nullopt;
  if (const json::array* list = find_array(*parsed, "models")) return read_new_lm_studio(*list);
  if (const json::array* list = find_array(*parsed, "data")) return read_old_lm_studio(*list);
  return std::nullopt;
}

std::string quantization_in(std::string_view name) {
  name = name.substr(0, kMaxName);
  if (const std::size_t slash = name.rfind('/'); slash != std::string_view::npos)
    name.remove_prefix(slash + 1);
  std::string upper(name);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  std::string found;
  std::string_view rest = upper;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find_first_of("-.:@ "), rest.size());
    if (is_quantization(rest.substr(0, end))) found = std::string(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return found;
}

Fit fit_of(const LocalModel& model, std::int64_t total_bytes, std::int64_t available_bytes) {
  if (model.elsewhere) return Fit::kUnknown;
  if (model.loaded.value_or(false)) return Fit::kFits;
  if (model.size_bytes <= 0 || total_bytes <= 0) return Fit::kUnknown;
  const std::int64_t need = model.size_bytes + model.size_bytes / 5 + kWork;
  if (need <= available_bytes) return Fit::kFits;
  return need <= total_bytes - total_bytes / 10 ? Fit::kTight : Fit::kTooBig;
}

std::string_view fit_name(Fit fit) {
  switch (fit) {
    case Fit::kFits:
      return "fits";
    case Fit::kTight:
      return "tight";
    case Fit::kTooBig:
      return "too_big";
    default:
      return "unknown";
  }
}

}  // namespace pryx::models

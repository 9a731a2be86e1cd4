// SPDX-License-Identifier: MIT
#include "engine/models/local_server_codec.h"

#include <gtest/gtest.h>

namespace pryx::models {
namespace {

constexpr std::int64_t kGiB = 1LL << 30;

TEST(LocalServerCodec, ReadsOllama) {
  auto models = read_ollama_models(
      R"({"models":[{"name":"llama3.2:3b","model":"llama3.2:3b","size":2019393189,"details":{"family":"llama",
      "parameter_size":"3.2B","quantization_level":"Q4_K_M"}},{"name":"huge:cloud","size":384,"remote_host":
      "https://ollama.example","details":{"parameter_size":"480B"}},{"name":7},"x",{},
      {"name":"all-minilm:latest","details":{"family":"bert"}},{"name":"EmbeddingGemma","details":{}}]})");
  ASSERT_TRUE(models.has_value());
  const LocalModel small{
      .id = "llama3.2:3b", .size_bytes = 2019393189, .quantization = "Q4_K_M", .parameters = "3.2B"};
  const LocalModel cloud{.id = "huge:cloud", .parameters = "480B", .elsewhere = true};
  EXPECT_EQ(*models, (std::vector<LocalModel>{small, cloud}));
  mark_loaded(R"({"models":[{"name":"llama3.2:3b","size":3000000000}]})", *models);
  EXPECT_EQ((*models)[0].loaded, true);
  EXPECT_EQ((*models)[1].loaded, false);
  EXPECT_EQ(
      read_ollama_context(R"({"model_info":{"general.architecture":"llama","llama.context_length":131072}})"),
      131072);
  EXPECT_EQ(read_ollama_context(R"({"model_info":{"llama.context_length":131072}})"), 0);
  EXPECT_EQ(read_server_version(R"({"version":"0.12.3"})"), "0.12.3");
  EXPECT_EQ(read_server_version(R"({"error":"Unexpected endpoint or method."})"), "");
}

TEST(LocalServerCodec, ReadsLlamaCpp) {
  const auto models = read_openai_models(
      R"({"object":"list","data":[{"id":"/models/Qwen2.5-7B-Instruct-Q4_K_M.gguf","owned_by":"llamacpp","meta":
      {"n_ctx_train":32768,"n_params":7615616512,"size":4677120000}}]})");
  ASSERT_TRUE(models.has_value());
  EXPECT_EQ(models->owner, "llamacpp");
  EXPECT_EQ(models->models, (std::vector<LocalModel>{{.id = "/models/Qwen2.5-7B-Instruct-Q4_K_M.gguf",
                                                      .size_bytes = 4677120000,
                                                      .context_tokens = 32768,
                                                      .quantization = "Q4_K_M",
                                                      .parameters = "7.6B"}}));
  const LlamaProperties properties =
      read_llama_properties(R"({"default_generation_settings":{"n_ctx":8192},"build_info":"b6700-abc"})");
  EXPECT_EQ(properties.build, "b6700-abc");
  EXPECT_EQ(properties.context_tokens, 8192);
}

TEST(LocalServerCodec, ReadsVllm) {
  const auto models = read_openai_models(
      R"({"object":"list","data":[{"id":"Qwen/Qwen3-8B","owned_by":"vllm","max_model_len":40960}]})");
  ASSERT_TRUE(models.has_value());
  EXPECT_EQ(models->owner, "vllm");
  EXPECT_EQ(models->models, (std::vector<LocalModel>{{.id = "Qwen/Qwen3-8B", .context_tokens = 40960}}));
}

TEST(LocalServerCodec, ReadsBothListsOfLmStudio) {
  EXPECT_EQ(
      read_lm_studio_models(
          R"({"models":[{"type":"llm","key":"qwen/qwen3-4b","size_bytes":2278968320,"params_string":"4B",
                "quantization":{"name":"Q4_K_M","bits_per_weight":4},"max_context_length":40960,
                "loaded_instances":[{"id":"a"}]},{"type":"embedding","key":"nomic"}]})"),
      (std::vector<LocalModel>{{.id = "qwen/qwen3-4b",
                                .size_bytes = 2278968320,
                                .context_tokens = 40960,
                                .quantization = "Q4_K_M",
                                .parameters = "4B",
                                .loaded = true}}));
  EXPECT_EQ(read_lm_studio_models(
                R"({"object":"list","data":[{"id":"qwen2-vl-7b","type":"vlm","quantization":"4bit","state":
                "not-loaded","max_context_length":32768},{"id":"nomic","type":"embeddings"}]})"),
            (std::vector<LocalModel>{
                {.id = "qwen2-vl-7b", .context_tokens = 32768, .quantization = "4bit", .loaded = false}}));
}

TEST(LocalServerCodec, BoundsWhatStrangersSay) {
  std::string many = R"({"data":[)";
  for (int i = 0; i < 1000; ++i) many += R"({"id":"m"},)";
  many += R"({"id":"last"}]})";
  EXPECT_EQ(read_openai_models(many)->models.size(), kMaxLocalModels);
  EXPECT_TRUE(read_openai_models(R"({"data":[{"id":")" + std::string(300, 'x') + R"("}]})")->models.empty());
  EXPECT_TRUE(read_openai_models("{\"data\":[{\"id\":\"a\\u001b[31m\"}]}")->models.empty());
  EXPECT_EQ(read_openai_models(R"({"data":[{"id":"m","max_model_len":9223372036854775807}]})")
                ->models[0]
                .context_tokens,
            0);
  for (const char* bad : {"", "[]", "{", R"({"data":7})", "<html>", R"({"models":{}})"}) {
    EXPECT_FALSE(read_openai_models(bad).has_value()) << bad;
    EXPECT_FALSE(read_ollama_models(bad).has_value()) << bad;
    EXPECT_FALSE(read_lm_studio_models(bad).has_value()) << bad;
    EXPECT_EQ(read_server_version(bad), "") << bad;
  }
}

TEST(LocalServerCodec, FindsTheQuantizationInAName) {
  EXPECT_EQ(quantization_in("Qwen2.5-7B-Instruct-Q4_K_M.gguf"), "Q4_K_M");
  EXPECT_EQ(quantization_in("org/model.IQ3_XXS.gguf"), "IQ3_XXS");
  EXPECT_EQ(quantization_in("gpt-oss-20b-mxfp4.gguf"), "MXFP4");
  EXPECT_EQ(quantization_in("llama3:8b-instruct-q8_0"), "Q8_0");
  EXPECT_EQ(quantization_in("phi-3-f16"), "F16");
  for (const char* none : {"", "Qwen3-8B", "Q", "q4-", "Q9_K", "queen_of_spades"})
    EXPECT_EQ(quantization_in(none), "");
}

TEST(LocalServerCodec, FitIsJudgedByWeightsAndRoomToWork) {
  const auto fit = [](std::int64_t size, std::int64_t total, std::int64_t available) {
    return fit_name(fit_of({.id = "m", .size_bytes = size}, total, available));
  };
  EXPECT_EQ(fit(4 * kGiB, 16 * kGiB, 8 * kGiB), "fits");
  EXPECT_EQ(fit(4 * kGiB, 16 * kGiB, 5 * kGiB), "tight");
  EXPECT_EQ(fit(12 * kGiB, 16 * kGiB, 16 * kGiB), "fits");
  EXPECT_EQ(fit(13 * kGiB, 16 * kGiB, 15 * kGiB), "too_big");
  EXPECT_EQ(fit(0, 16 * kGiB, 8 * kGiB), "unknown");
  EXPECT_EQ(fit(4 * kGiB, 0, 0), "unknown");
  EXPECT_EQ(fit_of({.id = "m", .size_bytes = 40 * kGiB, .loaded = true}, 16 * kGiB, 0), Fit::kFits);
  EXPECT_EQ(fit_of({.id = "m", .size_bytes = 1, .elsewhere = true}, 16 * kGiB, 8 * kGiB), Fit::kUnknown);
}

}  // namespace
}  // namespace pryx::models

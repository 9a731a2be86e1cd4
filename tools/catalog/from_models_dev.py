#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes data/models.yaml from a checkout of the models.dev data (MIT): facts only, one line a model.

usage: from_models_dev.py CHECKOUT REVISION AS_OF > data/models.yaml

Left out: what answers no text, what its vendor has withdrawn, and prices whose parts one price cannot say.
What the data does not know stays null. Models that people run on their own machine come from the table below.
"""

import os
import re
import sys
import tomllib

# Our name of the vendor, its folder in the data.
VENDORS = [
    ("openai", "openai"), ("anthropic", "anthropic"), ("google", "google"), ("mistral", "mistral"),
    ("xai", "xai"), ("groq", "groq"), ("deepseek", "deepseek"), ("together", "togetherai"),
    ("cohere", "cohere"), ("glm", "zai"), ("moonshot", "moonshotai"), ("ollama-cloud", "ollama-cloud"),
    ("openrouter", "openrouter"),
]
# Of OpenRouter's hundreds only the makers people ask for, and nothing that is older than this.
OPENROUTER_MAKERS = {"anthropic", "openai", "google", "deepseek", "qwen", "z-ai", "moonshotai", "meta-llama",
                     "mistralai", "x-ai", "minimax", "cohere", "nvidia", "amazon"}
OPENROUTER_SINCE = "2025-06"
NO_CHAT = re.compile(r"embed|whisper|tts|guard|rerank|-image|orpheus|moderation|safety|voicechat|lyria")
# Models of the Ollama library: name, the card their facts come from (or nothing: the server is asked).
LOCAL = [
    ("gpt-oss:20b", None), ("gpt-oss:120b", "openai/gpt-oss-120b"), ("llama3.1", None), ("llama3.2", None),
    ("llama3.2-vision", None), ("llama3.3", "meta/llama-3.3-70b-instruct"), ("llama4", None), ("qwen2.5", None),
    ("qwen2.5-coder", None), ("qwen3", None), ("qwen3:32b", "alibaba/qwen3-32b"),
    ("qwen3:235b", "alibaba/qwen3-235b-a22b"), ("qwen3-coder:30b", "alibaba/qwen3-coder-30b-a3b-instruct"),
    ("gemma2", None), ("gemma3", None), ("gemma4:26b", "google/gemma-4-26b-a4b-it"),
    ("gemma4:31b", "google/gemma-4-31b-it"), ("mistral", None), ("mistral-nemo", "mistral/mistral-nemo"),
    ("mistral-small3.2", None), ("devstral", None), ("magistral", None), ("phi3", None), ("phi4", None),
    ("phi4-mini", None), ("deepseek-r1", None), ("granite3.3", None), ("llava", None), ("codellama", None),
    ("command-r", None), ("smollm2", None), ("qwq", None),
]
TOKENIZERS = [
    (r"gpt-oss|gpt-4o|gpt-4\.1|gpt-5|chatgpt|(^|/)o[134](-|$)", "o200k"), (r"gpt-4|gpt-3", "cl100k"),
    (r"claude", "claude"), (r"gemini|gemma", "gemini"), (r"grok", "grok"), (r"qwen|qwq", "qwen"),
    (r"deepseek", "deepseek"), (r"kimi|moonshot", "kimi"), (r"glm", "glm"), (r"minimax", "minimax"),
    (r"command|aya|north-mini", "cohere"), (r"mistral|mixtral|codestral|devstral|magistral|pixtral|ministral", "mistral"),
    (r"llama|nemotron|codellama|llava", "llama"), (r"phi", "phi"), (r"granite", "granite"),
]


def merge(base, over):
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merge(base[key], value)
        else:
            base[key] = value


def load(root, path):
    with open(path, "rb") as f:
        model = tomllib.load(f)
    card = model.get("base_model")
    if card:
        base = load(root, f"{root}/models/{card}.toml")
        for dotted in model.get("base_model_omit", []):
            *parents, last = dotted.split(".")
            place = base
            for parent in parents:
                place = place.get(parent, {})
            place.pop(last, None)
        merge(base, model)
        model = base
    return model


def text(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    if isinstance(value, list):
        return "[" + ", ".join(value) + "]"
    return str(value)


def rates(cost):
    names = (("input", "input"), ("output", "output"), ("cache_read", "cache_read"), ("cache_write", "cache_write"))
    # A free cache of a model that costs money means that nobody wrote its price down.
    return [f"{ours}: {text(cost[theirs])}" for ours, theirs in names
            if cost.get(theirs) is not None and (cost[theirs] > 0 or cost["input"] == 0)]


def price(cost):
    if not cost or "input" not in cost or "output" not in cost:
        return "null"
    tiers = cost.get("tiers", [])
    if len(tiers) > 1 or cost.get("reasoning", cost["output"]) != cost["output"]:
        return "null"
    parts = rates(cost)
    for tier in tiers:
        parts.append(f"above: {{tokens: {tier['tier']['size']}, {', '.join(rates(tier))}}}")
    return "{" + ", ".join(parts) + "}"


def tokenizer(name):
    for pattern, family in TOKENIZERS:
        if re.search(pattern, name.lower()):
            return family
    return None


def line(name, model, cost, as_of, source):
    limit = model.get("limit", {})
    modalities = model.get("modalities", {})
    fields = [
        ("family", model.get("family")), ("tokenizer", tokenizer(name)), ("context", limit.get("context") or None),
        ("max_output", limit.get("output") or None), ("takes", modalities.get("input")),
        ("gives", modalities.get("output")), ("tools", model.get("tool_call")), ("reasoning", model.get("reasoning")),
    ]
    body = ", ".join(f"{key}: {text(value)}" for key, value in fields)
    key = f'"{name}"' if re.search(r"[:~@]", name) else name
    print(f"  {key}: {{{body}, price: {cost}, as_of: {as_of}, source: {source}}}")


def wanted(vendor, name, model):
    if NO_CHAT.search(name.lower()) or "text" not in model.get("modalities", {}).get("output", ["text"]):
        return False
    if model.get("status") == "deprecated":
        return False
    if vendor != "openrouter":
        return True
    return name.split("/")[0] in OPENROUTER_MAKERS and model.get("release_date", "") >= OPENROUTER_SINCE


def main():
    root, revision, as_of = sys.argv[1:4]
    source = f"models.dev@{revision[:10]}"
    print("# SPDX-License-Identifier: MIT\n"
          "# What is known about models: one line each. Prices in USD per million tokens; null: not known.\n"
          "# `above`: the prices of a request whose input is longer. Made by tools/catalog/from_models_dev.py from\n"
          "# the data of models.dev (MIT); edit config/models.yaml to correct it for yourself.")
    print(f"format: 1\nas_of: {as_of}\nsource: {source}\nmodels:")
    for vendor, folder in VENDORS:
        top = f"{root}/providers/{folder}/models"
        paths = sorted(os.path.join(d, f) for d, _, files in os.walk(top) for f in files if f.endswith(".toml"))
        for path in paths:
            name = path[len(top) + 1:-len(".toml")]
            model = load(root, path)
            if wanted(vendor, name, model):
                line(f"{vendor}/{name}", model, price(model.get("cost")), as_of, source)
    for name, card in LOCAL:
        model = load(root, f"{root}/models/{card}.toml") if card else {}
        known = (as_of, source) if card else ("2025-12-31", "general knowledge")
        line(f"ollama/{name}", model, "{input: 0, output: 0}", *known)


main()

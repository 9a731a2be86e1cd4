// SPDX-License-Identifier: MIT
// The vendors' own clients hold our fakes to their wires. Prints one JSON object: what each client understood of a tool call and a text.
import { createRequire } from 'node:module';

const [modules, root] = process.argv.slice(2);
const require = createRequire(modules + '/');
const OpenAI = require('openai').OpenAI ?? require('openai');
const { Ollama } = require('ollama');
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
console.log(JSON.stringify(out));

// SPDX-License-Identifier: MIT
// Judges the fronts with the official clients, beyond what openai_client.mjs asks: tools, loops, pictures, Responses and
// Messages. Prints one JSON object: what the clients understood of each call.
import { createRequire } from 'node:module';

const [modules, root, apiKey] = process.argv.slice(2);
const require = createRequire(modules + '/');
const OpenAI = require('openai').OpenAI ?? require('openai');
const Anthropic = require('@anthropic-ai/sdk').Anthropic ?? require('@anthropic-ai/sdk');
const openai = new OpenAI({ baseURL: root + '/v1', apiKey, maxRetries: 0, timeout: 30_000 });
const anthropic = new Anthropic({ baseURL: root, apiKey, maxRetries: 0, timeout: 30_000 });

const out = {};
async function attempt(name, call) {
  try {
    out[name] = await call();
  } catch (error) {
    out[name] = { error: error.constructor.name, status: error.status, type: error.error?.error?.type ?? error.type, param: error.param, message: error.message };
  }
}
const model = 'fake/fake';
const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

// --- Chat Completions
const chatTool = { type: 'function', function: { name: 'get_weather', description: 'The weather', parameters: schema } };
const ask = (text, more = {}) => ({ model, messages: [{ role: 'user', content: text }], ...more });
await attempt('chat_call', () => openai.chat.completions.create(ask('weather', { tools: [chatTool], tool_choice: 'required', parallel_tool_calls: false })));
await attempt('chat_call_stream', async () => {
  const stream = openai.chat.completions.stream(ask('weather', { tools: [chatTool] }));
  return await stream.finalMessage();
});
await attempt('chat_two_calls', async () => (await openai.chat.completions.create(ask('two cities', { tools: [chatTool] }))).choices[0].message.tool_calls);
for (const stream of [false, true]) {
  await attempt('chat_run_tools' + (stream ? '_stream' : ''), async () => {
    const seen = [];
    const runner = openai.chat.completions.runTools(ask('weather', {
      stream,
      tools: [{ type: 'function', function: { name: 'get_weather', description: 'The weather', parameters: schema, parse: JSON.parse, function: (args) => { seen.push(args); return `sunny in ${args.city}`; } } }],
    }));
    return { content: await runner.finalContent(), seen };
  });
}
await attempt('chat_image', () => openai.chat.completions.create(ask([{ type: 'text', text: 'look' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,' + pixel, detail: 'low' } }])));
await attempt('chat_remote_image', () => openai.chat.completions.create(ask([{ type: 'text', text: 'look' }, { type: 'image_url', image_url: { url: 'https://example.com/a.png' } }])));
await attempt('chat_options', () => openai.chat.completions.create(ask('options', { temperature: 0.2, top_p: 0.5, seed: 7, stop: ['END'], max_completion_tokens: 33, presence_penalty: 0.5, reasoning_effort: 'low',
  response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } } })));
await attempt('chat_length', async () => (await openai.chat.completions.create(ask('too long', { max_tokens: 5 }))).choices[0].finish_reason);
await attempt('chat_own_tools', () => openai.chat.completions.create(ask('hello', { pryx: { tools: true } })));

// --- Responses
const responseTool = { type: 'function', name: 'get_weather', description: 'The weather', parameters: schema, strict: false };
await attempt('responses_plain', async () => {
  const answer = await openai.responses.create({ model, input: 'hello', instructions: 'be brief', metadata: { a: 'b' } });
  return { ...answer, text: answer.output_text };
});
await attempt('responses_stream', async () => {
  const events = [];
  const stream = openai.responses.stream({ model, input: 'in pieces' });
  for await (const event of stream) events.push({ type: event.type, n: event.sequence_number });
  const final = await stream.finalResponse();
  return { events, text: final.output_text, status: final.status, usage: final.usage };
});
await attempt('responses_raw_stream', async () => {
  const types = [];
  for await (const event of await openai.responses.create({ model, input: 'thoughtful', stream: true })) types.push(event.type);
  return types;
});
await attempt('responses_chain', async () => {
  const first = await openai.responses.create({ model, input: 'first' });
  const second = await openai.responses.create({ model, input: 'second', previous_response_id: first.id });
  return { sessions: [first.pryx.session, second.pryx.session], previous: second.previous_response_id === first.id, text: second.output_text };
});
await attempt('responses_loop', async () => {
  let answer = await openai.responses.create({ model, input: 'weather', tools: [responseTool] });
  const seen = [];
  for (let i = 0; i < 5; ++i) {
    const calls = answer.output.filter((item) => item.type === 'function_call');
    if (!calls.length) break;
    const input = calls.map((call) => { seen.push(JSON.parse(call.arguments)); return { type: 'function_call_output', call_id: call.call_id, output: 'sunny' }; });
    answer = await openai.responses.create({ model, input, tools: [responseTool], previous_response_id: answer.id });
  }
  return { text: answer.output_text, seen };
});
await attempt('responses_stateless_loop', async () => {
  const input = [{ role: 'user', content: 'weather' }];
  for (let i = 0; i < 5; ++i) {
    const stream = openai.responses.stream({ model, input, tools: [responseTool], store: false });
    const answer = await stream.finalResponse();
    input.push(...answer.output);
    const calls = answer.output.filter((item) => item.type === 'function_call');
    if (!calls.length) return { text: answer.output_text, rounds: i };
    for (const call of calls) input.push({ type: 'function_call_output', call_id: call.call_id, output: 'rainy' });
  }
});
await attempt('responses_image', async () => (await openai.responses.create({ model, input: [{ role: 'user', content: [{ type: 'input_text', text: 'look' }, { type: 'input_image', image_url: 'data:image/png;base64,' + pixel }] }] })).output_text);
await attempt('responses_refused', () => openai.responses.create({ model, input: 'x', background: true }));
await attempt('responses_failing', () => openai.responses.create({ model, input: 'fail' }));

// --- Messages
const messageTool = { name: 'get_weather', description: 'The weather', input_schema: schema };
const say = (text, more = {}) => ({ model, max_tokens: 200, messages: [{ role: 'user', content: text }], ...more });
await attempt('messages_plain', () => anthropic.messages.create(say('hello', { system: 'be brief', temperature: 0.5, stop_sequences: ['END'] })));
await attempt('messages_stream', async () => {
  const stream = anthropic.messages.stream(say('in pieces'));
  let deltas = 0;
  stream.on('text', () => { deltas += 1; });
  const final = await stream.finalMessage();
  return { deltas, text: await stream.finalText(), stop: final.stop_reason, usage: final.usage };
});
await attempt('messages_raw_stream', async () => {
  const types = [];
  for await (const event of await anthropic.messages.create(say('hello', { stream: true }))) types.push(event.type);
  return types;
});
await attempt('messages_call', () => anthropic.messages.create(say('weather', { tools: [messageTool], tool_choice: { type: 'any', disable_parallel_tool_use: true } })));
await attempt('messages_loop', async () => {
  const messages = [{ role: 'user', content: 'weather' }];
  for (let i = 0; i < 5; ++i) {
    const answer = await anthropic.messages.stream({ model, max_tokens: 200, tools: [messageTool], messages }).finalMessage();
    messages.push({ role: 'assistant', content: answer.content });
    const uses = answer.content.filter((block) => block.type === 'tool_use');
    if (!uses.length) return { text: answer.content.map((b) => b.text ?? '').join(''), rounds: i };
    messages.push({ role: 'user', content: uses.map((use) => ({ type: 'tool_result', tool_use_id: use.id, content: `sunny in ${use.input.city}` })) });
  }
});
await attempt('messages_runner', async () => {
  const seen = [];
  const final = await anthropic.beta.messages.toolRunner(say('weather', {
    tools: [{ ...messageTool, run: (input) => { seen.push(input); return `sunny in ${input.city}`; } }],
  }));
  return { text: final.content.map((b) => b.text ?? '').join(''), seen };
});
await attempt('messages_image', async () => (await anthropic.messages.create(say([{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: pixel } }, { type: 'text', text: 'look' }]))).content[0].text);
await attempt('messages_count', () => anthropic.messages.countTokens({ model, messages: [{ role: 'user', content: 'how many tokens is this?' }] }));
await attempt('messages_thinking', async () => (await anthropic.messages.stream(say('thoughtful', { max_tokens: 4000, thinking: { type: 'enabled', budget_tokens: 2000 } })).finalMessage()).content);
await attempt('messages_refused', () => anthropic.messages.create(say('x', { container: 'c' })));
await attempt('messages_unknown_model', () => anthropic.messages.create(say('x', { model: 'nothing/here' })));
await attempt('messages_wrong_key', () => new Anthropic({ baseURL: root, apiKey: 'wrong', maxRetries: 0 }).messages.create(say('x')));
await attempt('messages_failing_stream', () => anthropic.messages.stream(say('cut')).finalMessage());
console.log(JSON.stringify(out));

// SPDX-License-Identifier: MIT
import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';
import { answer, asked, expectAccessible, problem, renderPage, startFakeDaemon } from '../../../test/page';
import { AgentsPage } from './agents-page';

const kAgent = {
  id: 'reader',
  description: 'Reads',
  model: null,
  built_in: false,
  state: 'file',
  fallbacks: [],
  tools: ['fs.*'],
  skills: [],
  limits: {},
  problems: [],
};
const kView = {
  ...kAgent,
  system_prompt: '',
  path: '/c/agents/reader.yaml',
  text: 'description: Reads\n',
  hash: 'sha256:aa',
};

beforeEach(() => {
  startFakeDaemon();
  answer('GET /api/v1/agents', { items: [kAgent], next_cursor: null });
  answer('GET /api/v1/agents/{id}', kView);
  answer('GET /api/v1/models', { items: [{ id: 'cloud/big', provider: 'cloud' }], next_cursor: null });
  answer('GET /api/v1/tools', { items: [{ name: 'fs.read' }, { name: 'web.search' }], next_cursor: null });
});

test('the form and the file are two views of one draft', async () => {
  const user = userEvent.setup();
  answer('PUT /api/v1/agents/{id}', kView);
  renderPage(<AgentsPage />, { at: '/agents?agent=reader' });
  await screen.findByRole('option', { name: 'cloud/big' });
  await user.selectOptions(screen.getByLabelText('Model'), 'cloud/big');
  await user.click(screen.getByRole('radio', { name: /Only these/ }));
  await user.click(await screen.findByRole('checkbox', { name: 'fs.read' }));
  await user.type(screen.getByLabelText('Patterns'), 'mcp.*, git.*');
  await user.type(screen.getByLabelText('Model calls'), '20');
  await user.type(screen.getByLabelText('Instructions'), 'Read.');
  await expectAccessible(screen.getByRole('dialog'));
  await user.click(screen.getByRole('radio', { name: 'As YAML' }));
  const file = screen.getByLabelText('File') as HTMLTextAreaElement;
  expect(file.value).toBe(
    'description: Reads\nmodel: cloud/big\ntools: [fs.read, "mcp.*", "git.*"]\nlimits:\n  max_steps: 20\nsystem_prompt: Read.\n',
  );
  await user.type(file, 'fallbacks: [[a/b]');
  await user.click(screen.getByRole('radio', { name: 'As a form' }));
  expect((screen.getByLabelText('When it cannot answer') as HTMLInputElement).value).toBe('a/b');
  await user.click(screen.getByRole('button', { name: 'Save agent' }));
  expect(JSON.stringify(asked.find((one) => one.method === 'PUT')?.body)).toContain('max_steps: 20');
});

test('one that is built in begins with what is known of it, not with other instructions', async () => {
  answer('GET /api/v1/agents/{id}', { ...kView, built_in: true, state: 'built_in', text: '', hash: '' });
  renderPage(<AgentsPage />, { at: '/agents?agent=reader' });
  expect(((await screen.findByLabelText('Description')) as HTMLInputElement).value).toBe('Reads');
  expect((screen.getByLabelText('Instructions') as HTMLTextAreaElement).value).toBe('');
});

test('what the form cannot show is shown as YAML, and says which line', async () => {
  answer('GET /api/v1/agents/{id}', { ...kView, text: 'description: >\n  folded\n' });
  renderPage(<AgentsPage />, { at: '/agents?agent=reader' });
  expect(await screen.findByText(/^Line 2 holds something/)).toBeTruthy();
  expect(screen.getByLabelText('File')).toBeTruthy();
});

test('an agent is changed with the hash of what was seen', async () => {
  const user = userEvent.setup();
  answer('PUT /api/v1/agents/{id}', kView);
  const { container } = renderPage(<AgentsPage />, { at: '/agents' });
  await user.click(await screen.findByRole('button', { name: /reader/ }));
  await user.click(await screen.findByRole('radio', { name: 'As YAML' }));
  await user.type(screen.getByLabelText('File'), '# x');
  await user.click(screen.getByRole('button', { name: 'Save agent' }));
  expect(asked.find((one) => one.method === 'PUT')?.body).toEqual({
    text: 'description: Reads\n# x',
    hash: 'sha256:aa',
  });
  await expectAccessible(container);
});

test('a file that changed in between is not overwritten', async () => {
  answer('PUT /api/v1/agents/{id}', problem(409, 'PRYX-1006', 'the file changed since it was read'));
  renderPage(<AgentsPage />, { at: '/agents?agent=reader' });
  await userEvent.click(await screen.findByRole('button', { name: 'Save agent' }));
  expect(await screen.findByText('the file changed since it was read')).toBeTruthy();
});

test('what is typed outlives a file that somebody else wrote meanwhile, and a person says which one counts', async () => {
  const user = userEvent.setup();
  const { queries } = renderPage(<AgentsPage />, { at: '/agents?agent=reader' });
  const about = (await screen.findByLabelText('Description')) as HTMLInputElement;
  await user.type(about, ' all');
  const theirs = 'description: Reads\nmodel: cloud/big\n# end\n';
  answer('GET /api/v1/agents/{id}', { ...kView, text: theirs, hash: 'sha256:bb' });
  await queries.invalidateQueries({ queryKey: ['agents'] });
  await screen.findByText(/Your text is kept/);
  expect(about.isConnected).toBe(true);
  expect(about.value).toBe('Reads all');
  await user.click(screen.getByRole('button', { name: 'Look at both' }));
  const both = await screen.findByRole('dialog', { name: 'The file was changed by somebody else' });
  expect(both.textContent).toContain('+ model: cloud/big');
  expect(both.textContent).toContain('+ description: "Reads all"');
  await expectAccessible(both);
  await user.click(within(both).getByRole('button', { name: 'Keep my text whole' }));
  expect(screen.queryByText(/Your text is kept/)).toBeNull();
  answer('PUT /api/v1/agents/{id}', kView);
  await user.click(screen.getByRole('button', { name: 'Save agent' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(asked.find((one) => one.method === 'PUT')?.body).toEqual({
    text: 'description: "Reads all"\n',
    hash: 'sha256:bb',
  });
});

test('a save that meets a newer file reads it, and theirs can be taken', async () => {
  const user = userEvent.setup();
  renderPage(<AgentsPage />, { at: '/agents?agent=reader' });
  const about = (await screen.findByLabelText('Description')) as HTMLInputElement;
  await user.type(about, ' all');
  answer('PUT /api/v1/agents/{id}', problem(409, 'PRYX-1006', 'the file changed since it was read'));
  answer('GET /api/v1/agents/{id}', { ...kView, text: 'description: Writes\n', hash: 'sha256:bb' });
  await user.click(screen.getByRole('button', { name: 'Save agent' }));
  await user.click(await screen.findByRole('button', { name: 'Look at both' }));
  expect(about.value).toBe('Reads all');
  await user.click(await screen.findByRole('button', { name: 'Take theirs, drop mine' }));
  expect(about.value).toBe('Writes');
  expect(screen.queryByText('the file changed since it was read')).toBeNull();
});

const kUnsaved = 'What you wrote here is not saved.';

test('Escape and the cross ask before they drop what was written', async () => {
  const user = userEvent.setup();
  renderPage(<AgentsPage />, { at: '/agents?agent=reader' });
  const about = (await screen.findByLabelText('Description')) as HTMLInputElement;
  await user.type(about, ' all');
  await user.keyboard('{Escape}');
  expect(screen.getByText(kUnsaved)).toBeTruthy();
  expect(document.activeElement).toBe(screen.getByRole('button', { name: 'Go on writing' }));
  await expectAccessible(screen.getByRole('dialog'));
  // The second Escape is about the question.
  await user.keyboard('{Escape}');
  expect(screen.queryByText(kUnsaved)).toBeNull();
  expect(document.activeElement).toBe(about);
  expect(about.value).toBe('Reads all');
  await user.click(screen.getByRole('button', { name: 'Close' }));
  await user.click(screen.getByRole('button', { name: 'Close without saving' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
});

test('an editor without a change closes at once; half a name is a change', async () => {
  const user = userEvent.setup();
  const { unmount } = renderPage(<AgentsPage />, { at: '/agents?agent=reader' });
  await screen.findByLabelText('Description');
  await user.keyboard('{Escape}');
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  unmount();
  renderPage(<AgentsPage />, { at: '/agents?agent=reader' });
  await user.type(await screen.findByLabelText('When it cannot answer'), 'cloud/b');
  await user.keyboard('{Escape}');
  expect(screen.getByText(kUnsaved)).toBeTruthy();
});

test('what a file has wrong is named by its line', async () => {
  answer('GET /api/v1/agents/{id}', {
    ...kView,
    state: 'invalid',
    problems: [{ line: 2, key: 'tools', message: 'must be a list', warning: false }],
  });
  renderPage(<AgentsPage />, { at: '/agents?agent=reader' });
  expect(await screen.findByText('line 2: tools: must be a list')).toBeTruthy();
});

test('skills say what is missing, and an empty list says where they come from', async () => {
  answer('GET /api/v1/skills', {
    items: [
      {
        name: 'tea',
        description: 'Makes tea',
        source: 'user',
        state: 'missing',
        folder: '/s',
        hash: 'h',
        missing: ['program kettle'],
        problems: [],
      },
    ],
    next_cursor: null,
  });
  const { unmount } = renderPage(<AgentsPage />, { at: '/agents?tab=skills' });
  expect(await screen.findByText('program kettle')).toBeTruthy();
  unmount();
  answer('GET /api/v1/skills', { items: [], next_cursor: null });
  renderPage(<AgentsPage />, { at: '/agents?tab=skills' });
  expect(await screen.findByText('No skills')).toBeTruthy();
});

test('a failure is said where it happened', async () => {
  answer('GET /api/v1/agents', problem(500, 'PRYX-1012', 'no agents today'));
  renderPage(<AgentsPage />, { at: '/agents' });
  expect(await screen.findByText('no agents today')).toBeTruthy();
});

const kSkill = {
  name: 'tea',
  description: 'Makes tea',
  source: 'user',
  state: 'ready',
  folder: '/s/tea',
  hash: 'h',
  missing: [],
  problems: [],
};
const kSkillText = '---\nname: tea\ndescription: Makes tea\n---\nBoil.\n';

test('a skill is checked while it is pasted, and what the daemon refuses is shown in place', async () => {
  const user = userEvent.setup();
  answer('GET /api/v1/skills', { items: [], next_cursor: null });
  const { router } = renderPage(<AgentsPage />, { at: '/agents?tab=skills' });
  await screen.findByText('No skills');
  await user.click(screen.getAllByRole('button', { name: 'Add skill' })[0] as HTMLElement);
  const text = await screen.findByLabelText('SKILL.md');
  // Not the field that chooses files: it is behind a button and takes no focus.
  await waitFor(() => expect(document.activeElement).toBe(text));
  await user.clear(text);
  await user.click(text);
  await user.paste('---\nname: Tea Time\n---\n');
  expect(screen.getByText('line 2: name: small letters, digits and single hyphens, at most 64')).toBeTruthy();
  expect(screen.getByText('line 1: description is missing')).toBeTruthy();
  expect((screen.getByRole('button', { name: 'Save skill' }) as HTMLButtonElement).disabled).toBe(true);
  await user.clear(text);
  await user.paste(kSkillText);
  answer('PUT /api/v1/skills/tea', problem(422, 'PRYX-1003', 'line 3: metadata: must be text'));
  await user.click(screen.getByRole('button', { name: 'Save skill' }));
  expect(await screen.findByText('line 3: metadata: must be text')).toBeTruthy();
  await expectAccessible(screen.getByRole('dialog'));
  answer('GET /api/v1/skills', { items: [kSkill], next_cursor: null });
  answer('GET /api/v1/skills/tea', { ...kSkill, text: kSkillText, files: ['SKILL.md'] });
  answer('PUT /api/v1/skills/tea', { ...kSkill, text: kSkillText, files: ['SKILL.md'] });
  await user.click(screen.getByRole('button', { name: 'Save skill' }));
  await waitFor(() => expect(router.state.location.search).toMatchObject({ skill: 'tea' }));
  expect(asked.findLast((one) => one.method === 'PUT')?.body).toEqual({
    files: [{ path: 'SKILL.md', text: kSkillText }],
    replace: false,
  });
});

test('Escape asks before it drops a skill that was written', async () => {
  const user = userEvent.setup();
  answer('GET /api/v1/skills', { items: [], next_cursor: null });
  renderPage(<AgentsPage />, { at: '/agents?tab=skills&skill=%2B' });
  await user.type(await screen.findByLabelText('SKILL.md'), 'Boil.');
  await user.keyboard('{Escape}');
  expect(screen.getByText(kUnsaved)).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Go on writing' }));
  expect((screen.getByLabelText('SKILL.md') as HTMLTextAreaElement).value).toContain('Boil.');
});

test('a changed skill keeps its other files, and a removed one is asked about first', async () => {
  const user = userEvent.setup();
  const view = { ...kSkill, text: kSkillText, files: ['SKILL.md', 'run.sh'] };
  answer('GET /api/v1/skills', { items: [kSkill], next_cursor: null });
  answer('GET /api/v1/skills/tea', view);
  answer('GET /api/v1/skills/tea/file', {
    path: 'run.sh',
    size: 9,
    text: '#!/bin/sh',
    base64: null,
    executable: false,
  });
  answer('PUT /api/v1/skills/tea', view);
  answer('DELETE /api/v1/skills/tea', { status: 204, body: null });
  renderPage(<AgentsPage />, { at: '/agents?tab=skills&skill=tea' });
  await user.click(await screen.findByRole('button', { name: 'Change' }));
  await user.type(await screen.findByLabelText('SKILL.md'), 'Pour.');
  await user.click(screen.getByRole('button', { name: 'Save skill' }));
  await user.click(await screen.findByRole('button', { name: 'Remove' }));
  expect(asked.find((one) => one.method === 'PUT')?.body).toEqual({
    files: [
      { path: 'SKILL.md', text: `${kSkillText}Pour.` },
      // As it was, and not as its first line looks.
      { path: 'run.sh', text: '#!/bin/sh', executable: false },
    ],
    replace: true,
  });
  expect(asked.some((one) => one.method === 'DELETE')).toBe(false);
  const sure = await screen.findByRole('dialog', { name: 'Remove skill tea?' });
  await user.click(within(sure).getByRole('button', { name: 'Remove' }));
  await waitFor(() => expect(asked.some((one) => one.method === 'DELETE')).toBe(true));
});

test('a folder without SKILL.md is not taken, and says so', async () => {
  const user = userEvent.setup();
  answer('GET /api/v1/skills', { items: [], next_cursor: null });
  renderPage(<AgentsPage />, { at: '/agents?tab=skills&skill=%2B' });
  const folder = await screen.findByLabelText('Choose a folder', { selector: 'input' });
  const file = (path: string, text: string) =>
    Object.defineProperty(new File([text], path.split('/').at(-1) ?? ''), 'webkitRelativePath', {
      value: path,
    });
  await user.upload(folder, [file('tea/docs/SKILL.md', kSkillText), file('tea/run.sh', 'x')]);
  expect(await screen.findByText(/There is no SKILL.md at the top/)).toBeTruthy();
  expect(screen.queryByText('run.sh')).toBeNull();
  await user.upload(folder, [file('tea/SKILL.md', kSkillText), file('tea/run.sh', 'x')]);
  expect(await screen.findByText('run.sh')).toBeTruthy();
  expect(screen.queryByText(/There is no SKILL.md at the top/)).toBeNull();
});

test('while the files of a skill are read its dialog is open and says so', async () => {
  answer('GET /api/v1/skills', { items: [kSkill], next_cursor: null });
  answer('GET /api/v1/skills/tea', { ...kSkill, text: kSkillText, files: ['SKILL.md', 'run.sh'] });
  answer('GET /api/v1/skills/tea/file', () => new Promise(() => {}));
  renderPage(<AgentsPage />, { at: '/agents?tab=skills&skill=tea' });
  await userEvent.click(await screen.findByRole('button', { name: 'Change' }));
  const dialog = await screen.findByRole('dialog', { name: 'Change skill tea' });
  expect(dialog.querySelector('[aria-busy=true]')).toBeTruthy();
  expect(screen.queryByLabelText('SKILL.md')).toBeNull();
});

// SPDX-License-Identifier: MIT
// What can be seen of a SKILL.md before it is sent: its front matter, its name, its description. The daemon judges in the end. Pure.

export type SkillProblem = { line: number; message: string };
export type SkillHead = { name: string; problems: SkillProblem[] };

const kName = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const kMaxName = 64;
const kMaxDescription = 1024;

const unquote = (text: string) => text.trim().replace(/^(["'])(.*)\1$/, '$2');

export function checkSkill(text: string): SkillHead {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const problems: SkillProblem[] = [];
  if (lines[0]?.trimEnd() !== '---')
    return { name: '', problems: [{ line: 1, message: 'skills.wrong.begin' }] };
  const end = lines.findIndex((line, at) => at > 0 && line.trimEnd() === '---');
  if (end < 0) return { name: '', problems: [{ line: lines.length, message: 'skills.wrong.end' }] };
  const field = (key: string) => {
    const at = lines.findIndex((line, index) => index < end && line.startsWith(`${key}:`));
    return { at, value: at < 0 ? '' : unquote(lines[at]?.slice(key.length + 1) ?? '') };
  };
  const name = field('name');
  if (name.at < 0) problems.push({ line: 1, message: 'skills.wrong.noName' });
  else if (!kName.test(name.value) || name.value.length > kMaxName)
    problems.push({ line: name.at + 1, message: 'skills.wrong.name' });
  const about = field('description');
  // A description over several lines begins below its key.
  const isBelow = /^[|>]/.test(about.value) || /^\s+\S/.test(lines[about.at + 1] ?? '');
  if (about.at < 0) problems.push({ line: 1, message: 'skills.wrong.noDescription' });
  else if (!about.value && !isBelow)
    problems.push({ line: about.at + 1, message: 'skills.wrong.noDescription' });
  else if (about.value.length > kMaxDescription)
    problems.push({ line: about.at + 1, message: 'skills.wrong.description' });
  return { name: kName.test(name.value) ? name.value : '', problems };
}

// A file as the daemon takes it.
export type SkillFile = { path: string; text?: string; base64?: string; executable?: boolean };

const kShebang = [0x23, 0x21];

export function encodeFile(path: string, bytes: Uint8Array): SkillFile {
  const executable = kShebang.every((byte, at) => bytes[at] === byte);
  try {
    return { path, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), executable };
  } catch {
    let binary = '';
    for (const byte of bytes) binary += String.fromCharCode(byte);
    return { path, base64: btoa(binary), executable };
  }
}

// The files of a chosen folder by their paths below it; hidden ones stay out.
export async function filesOf(chosen: Iterable<File>): Promise<SkillFile[]> {
  const files: SkillFile[] = [];
  for (const file of chosen) {
    const whole = file.webkitRelativePath || file.name;
    const path = file.webkitRelativePath ? whole.split('/').slice(1).join('/') : whole;
    if (path && !path.split('/').some((part) => part.startsWith('.')))
      files.push(encodeFile(path, new Uint8Array(await file.arrayBuffer())));
  }
  return files;
}

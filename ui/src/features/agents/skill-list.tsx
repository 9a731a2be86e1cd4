// SPDX-License-Identifier: MIT
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { Dialog } from '@/ui/dialog';
import { Table } from '@/ui/list';
import { Empty, Loaded } from '@/ui/states';
import { Chip, type Tone } from '@/ui/status';
import { useSkill, useSkills } from './queries';

const kTones: Record<Schemas['Skill']['state'], [Tone, string]> = {
  ready: ['ok', '✓'],
  missing: ['warn', '△'],
  invalid: ['bad', '✕'],
  shadowed: ['idle', '○'],
};

function SkillDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const skill = useSkill(name);
  return (
    <Dialog open wide onClose={onClose} title={t('skills.view', { name })}>
      <Loaded query={skill} what={t('skills.view.failed')}>
        {(view) => (
          <div className="flex flex-col gap-3">
            <p className="text-dense text-text-2">{view.description}</p>
            <pre className="max-h-[50vh] overflow-auto rounded-card border border-line bg-sunken p-3 font-mono text-label whitespace-pre-wrap">
              {view.text}
            </pre>
            <p className="text-label font-medium text-text-2">{t('skills.files')}</p>
            <ul className="font-mono text-label text-text-2">
              {view.files.map((file) => (
                <li key={file}>{file}</li>
              ))}
            </ul>
          </div>
        )}
      </Loaded>
    </Dialog>
  );
}

export function SkillList() {
  const skills = useSkills();
  const search: { skill?: string } = useSearch({ strict: false });
  const navigate = useNavigate();
  const open = (skill?: string) => void navigate({ to: '/agents', search: { tab: 'skills', skill } });
  return (
    <Loaded
      query={skills}
      what={t('skills.error')}
      empty={(data) =>
        data.items.length === 0 && <Empty title={t('skills.empty')} why={t('skills.empty.why')} />
      }
    >
      {(data) => (
        <>
          <Table
            label={t('agents.tab.skills')}
            head={[
              t('skills.col.name'),
              t('skills.col.source'),
              t('skills.col.state'),
              t('skills.col.missing'),
            ]}
          >
            {data.items.map((skill) => (
              <tr key={`${skill.source}/${skill.name}/${skill.folder}`}>
                <td className="min-w-56">
                  <button
                    type="button"
                    className="min-h-6 text-left font-medium text-accent underline"
                    onClick={() => open(skill.name)}
                  >
                    {skill.emoji} {skill.name}
                  </button>
                  <p className="text-text-2">{skill.description}</p>
                </td>
                <td>{skill.source}</td>
                <td>
                  <Chip
                    tone={kTones[skill.state][0]}
                    shape={kTones[skill.state][1]}
                    text={t(`skills.state.${skill.state}`)}
                  />
                </td>
                <td className="text-text-2">
                  {[...skill.missing, ...skill.problems.map((problem) => problem.message)].join(', ') || '–'}
                </td>
              </tr>
            ))}
          </Table>
          {search.skill && <SkillDialog name={search.skill} onClose={() => open()} />}
        </>
      )}
    </Loaded>
  );
}

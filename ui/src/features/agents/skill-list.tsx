// SPDX-License-Identifier: MIT
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { Schemas } from '@/api/client';
import { t } from '@/i18n';
import { Button } from '@/ui/button';
import { Table } from '@/ui/list';
import { Empty, Loaded } from '@/ui/states';
import { Chip, type Tone } from '@/ui/status';
import { useSkills } from './queries';
import { SkillDialog } from './skill-dialog';
import { SkillEditor } from './skill-editor';

const kTones: Record<Schemas['Skill']['state'], [Tone, string]> = {
  ready: ['ok', '✓'],
  missing: ['warn', '△'],
  invalid: ['bad', '✕'],
  shadowed: ['idle', '○'],
};

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
        data.items.length === 0 &&
        search.skill !== '+' && (
          <Empty
            title={t('skills.empty')}
            why={t('skills.empty.why')}
            action={
              <Button kind="primary" onClick={() => open('+')}>
                {t('skills.add')}
              </Button>
            }
          />
        )
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
          {search.skill === '+' && <SkillEditor onClose={open} />}
          {search.skill && search.skill !== '+' && <SkillDialog name={search.skill} onClose={() => open()} />}
        </>
      )}
    </Loaded>
  );
}

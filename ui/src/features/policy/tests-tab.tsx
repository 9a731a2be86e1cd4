// SPDX-License-Identifier: MIT
// Calls with the answer that must not change. A policy whose test fails is refused, so they guard every later edit.
import { Trash2 } from 'lucide-react';
import { t } from '@/i18n';
import { Button, IconButton } from '@/ui/button';
import { Table } from '@/ui/list';
import { Empty, ErrorNote, Waiting } from '@/ui/states';
import { Chip } from '@/ui/status';
import { readPolicy, removeTest } from './policy-text';
import { useCheck } from './queries';
import { Refused } from './refused';
import { LineLink, Verdict } from './verdict';
import { useEdit, type Working } from './working';

export function Tests({
  working,
  onGo,
  onDecide,
}: {
  working: Working;
  onGo: (line: number) => void;
  onDecide: () => void;
}) {
  const check = useCheck(working.text);
  const { error, attempt } = useEdit();
  if (check.isError)
    return <ErrorNote error={check.error} what={t('tests.what')} retry={() => void check.refetch()} />;
  if (working.text.trim() !== '' && !check.data) return <Waiting of={[check]} rows={4} />;
  const tests = check.data?.tests ?? [];
  const remove = (line: number, name: string) => {
    const placed = readPolicy(working.text).tests.find((one) => one.line === line);
    if (!placed) return onGo(line);
    void attempt(async () => working.change(removeTest(working.text, placed), t('tests.removed', { name })));
  };
  if (tests.length === 0)
    return (
      <Empty
        title={t('tests.none')}
        why={t('tests.none.why')}
        action={
          <Button kind="primary" onClick={onDecide}>
            {t('tests.none.do')}
          </Button>
        }
      />
    );
  const passed = tests.filter((one) => one.passed).length;
  return (
    <div className="flex flex-col gap-3">
      <p role="status" className="flex flex-wrap items-center gap-3 text-dense">
        {passed === tests.length ? (
          <Chip tone="ok" shape="✓" text={t('tests.pass', { count: tests.length })} />
        ) : (
          <Chip tone="bad" shape="✕" text={t('tests.fail', { count: tests.length - passed })} />
        )}
        <span className="text-text-2">{t('tests.lead')}</span>
      </p>
      <Refused error={error} />
      <Table
        label={t('policy.tab.tests')}
        head={[
          t('rules.col.line'),
          t('tests.col.result'),
          t('tests.col.name'),
          t('rules.col.tool'),
          t('tests.col.expect'),
          t('tests.col.got'),
          t('decide.col.rule'),
          t('rules.col.actions'),
        ]}
      >
        {tests.map((one) => (
          <tr key={one.line} className="hover:bg-sunken">
            <td className="text-right">
              <LineLink line={one.line} onGo={onGo} />
            </td>
            <td>
              {one.passed ? (
                <Chip bare tone="ok" shape="✓" text={t('tests.passes')} />
              ) : (
                <Chip tone="bad" shape="✕" text={t('tests.fails')} />
              )}
            </td>
            <td className="font-medium">{one.name}</td>
            <td className="font-mono text-label">{one.tool}</td>
            <td>
              <Verdict bare is={one.expect} />
            </td>
            <td>
              <Verdict bare={one.passed} is={one.got} />
            </td>
            <td className="text-text-2" title={one.reason}>
              <span className="font-mono text-label">{one.rule}</span>{' '}
              <LineLink line={one.rule_line} onGo={onGo} />
            </td>
            <td>
              <IconButton
                small
                icon={Trash2}
                label={t('tests.remove', { name: one.name })}
                busy={working.busy}
                offline={working.dirty}
                onClick={() => remove(one.line, one.name)}
              />
            </td>
          </tr>
        ))}
      </Table>
    </div>
  );
}

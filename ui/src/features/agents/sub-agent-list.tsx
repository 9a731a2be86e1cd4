// SPDX-License-Identifier: MIT
import { Link } from '@tanstack/react-router';
import { t } from '@/i18n';
import { shortId } from '@/lib/format';
import { Button } from '@/ui/button';
import { Table } from '@/ui/list';
import { Empty, ErrorNote, Loaded } from '@/ui/states';
import { Status } from '@/ui/status';
import { Time } from '@/ui/time';
import { toast } from '@/ui/toast';
import { useCancelSubAgent, useSubAgents } from './queries';

const kOver = new Set(['completed', 'failed', 'cancelled']);

export function SubAgentList() {
  const children = useSubAgents();
  const cancel = useCancelSubAgent();
  return (
    <Loaded
      query={children}
      what={t('subagents.error')}
      empty={(data) =>
        data.items.length === 0 && <Empty title={t('subagents.empty')} why={t('subagents.empty.why')} />
      }
    >
      {(data) => (
        <>
          {cancel.isError && <ErrorNote error={cancel.error} what={t('subagents.cancel.failed')} />}
          <Table
            label={t('agents.tab.work')}
            head={[
              t('subagents.col.session'),
              t('subagents.col.agent'),
              t('ui.col.state'),
              t('ui.col.started'),
              t('ui.col.actions'),
            ]}
          >
            {data.items.map((child) => (
              <tr key={child.id}>
                <td>
                  <Link
                    to="/chat/$session"
                    params={{ session: child.id }}
                    className="font-mono text-label text-accent underline"
                  >
                    {shortId(child.id)}
                  </Link>
                </td>
                <td>{child.agent}</td>
                <td>
                  <Status state={child.state} />
                </td>
                <td>
                  <Time at={child.created_at} />
                </td>
                <td>
                  {!kOver.has(child.state) && (
                    <Button
                      small
                      busy={cancel.isPending}
                      onClick={() =>
                        cancel.mutate(child.id, { onSuccess: () => toast(t('subagents.cancelled')) })
                      }
                    >
                      {t('subagents.cancel')}
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </Table>
        </>
      )}
    </Loaded>
  );
}

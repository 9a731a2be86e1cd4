// SPDX-License-Identifier: MIT
import { t } from '@/i18n';
import { Table } from '@/ui/list';
import { Loaded } from '@/ui/states';
import { Risk } from '@/ui/status';
import { useTools } from './queries';

export function ToolList() {
  const tools = useTools();
  return (
    <Loaded query={tools} what={t('tools.error')}>
      {(data) => (
        <Table
          label={t('agents.tab.tools')}
          head={[t('tools.col.tool'), t('tools.col.risk'), t('tools.col.effect'), t('tools.col.about')]}
        >
          {data.map((tool) => (
            <tr key={tool.name}>
              <td className="font-mono text-label whitespace-nowrap">{tool.name}</td>
              <td>
                <Risk level={tool.risk} />
              </td>
              <td className="whitespace-nowrap">{tool.effect_class.replaceAll('_', ' ')}</td>
              <td className="min-w-64 text-text-2">{tool.description}</td>
            </tr>
          ))}
        </Table>
      )}
    </Loaded>
  );
}

// SPDX-License-Identifier: MIT
// Which rows are selected: one by one, or a range from the last one that was.
import { useCallback, useMemo, useRef, useState } from 'react';
import type { Row } from './query';

export function useSelection(rows: Row[]) {
  const [chosen, setChosen] = useState<ReadonlyMap<string, Row>>(new Map());
  const anchor = useRef('');
  const toggle = useCallback(
    (row: Row, range: boolean) => {
      const from = rows.findIndex((one) => one.id === anchor.current);
      const to = rows.findIndex((one) => one.id === row.id);
      anchor.current = row.id;
      setChosen((old) => {
        const next = new Map(old);
        if (range && from >= 0 && to >= 0) {
          for (const one of rows.slice(Math.min(from, to), Math.max(from, to) + 1)) next.set(one.id, one);
        } else if (!next.delete(row.id)) next.set(row.id, row);
        return next;
      });
    },
    [rows],
  );
  const ids = useMemo(() => new Set(chosen.keys()), [chosen]);
  return {
    ids,
    rows: useMemo(() => [...chosen.values()], [chosen]),
    toggle,
    all: useCallback(() => setChosen(new Map(rows.map((row) => [row.id, row]))), [rows]),
    clear: useCallback(() => setChosen(new Map()), []),
    drop: useCallback(
      (id: string) =>
        setChosen((old) => {
          if (!old.has(id)) return old;
          const next = new Map(old);
          next.delete(id);
          return next;
        }),
      [],
    ),
  };
}

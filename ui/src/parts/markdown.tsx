// SPDX-License-Identifier: MIT
// Markdown of others. What parses it is large, so it comes after the page; until it is there, the text is shown as it was written.
import { lazy, Suspense } from 'react';
import type { MarkdownProps } from './markdown-view';

const load = () => import('./markdown-view');
// Asked for at once: whoever imports this is about to show some.
void load();
const View = lazy(() => load().then((module) => ({ default: module.MarkdownView })));

export function Markdown(props: MarkdownProps) {
  return (
    <Suspense fallback={<div className="break-words whitespace-pre-wrap">{props.text}</div>}>
      <View {...props} />
    </Suspense>
  );
}

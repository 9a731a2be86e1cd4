// SPDX-License-Identifier: MIT
// Markdown of others. What parses it is large, so it comes after the page; until it is there, the text is shown as it was written.
import { lazy, Suspense } from 'react';

const load = () => import('./markdown-view');
// Asked for at once: whoever imports this is about to show some.
void load();
const View = lazy(() => load().then((module) => ({ default: module.MarkdownView })));

// `session` and `message`: where the text stands, for what it makes a person ask for.
export function Markdown({
  text,
  streaming = false,
  session,
  message,
}: {
  text: string;
  streaming?: boolean;
  session?: string | undefined;
  message?: string | undefined;
}) {
  return (
    <Suspense fallback={<div className="break-words whitespace-pre-wrap">{text}</div>}>
      <View text={text} streaming={streaming} session={session} message={message} />
    </Suspense>
  );
}

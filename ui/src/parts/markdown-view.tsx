// SPDX-License-Identifier: MIT
// Markdown of others, as elements: no raw HTML, links say where they lead and open outside, remote pictures wait for a click, code can
// be copied. While it streams, only its last block is parsed anew.
import { useMutation } from '@tanstack/react-query';
import { Check, Copy, ImageOff } from 'lucide-react';
import {
  type ComponentProps,
  createContext,
  memo,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import ReactMarkdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import remend from 'remend';
import { api, take } from '@/api/client';
import { addMessages, t } from '@/i18n';
import { IconButton } from '@/ui/button';
import { copyText } from '@/ui/copy';
import { splitBlocks } from './markdown-blocks';

addMessages({
  'markdown.copy': 'Copy the code',
  'markdown.copied': 'Copied',
  'markdown.code': 'Code',
  'markdown.image': 'Load the picture from {host}',
  'markdown.image.busy': 'Loading from {host}',
  'markdown.image.again': 'Try again',
  'markdown.image.failed': 'Not loaded: {why}',
  'markdown.image.open': 'Open it outside',
  'markdown.table': 'Table',
});

function hostOf(href: string): string {
  try {
    const url = new URL(href);
    return url.protocol === 'mailto:' ? url.pathname : url.host;
  } catch {
    return '';
  }
}

function plainText(node: ReactNode): string {
  if (typeof node === 'string' || typeof node === 'number') return String(node);
  return Array.isArray(node) ? node.map(plainText).join('') : '';
}

function ExternalLink({ href, children }: { href?: string | undefined; children?: ReactNode }) {
  const host = href ? hostOf(href) : '';
  // An address that leads nowhere outside (a path, a script) stays text.
  if (!href || !host) return <span>{children}</span>;
  const saysHost = plainText(children).includes(host);
  return (
    <>
      <a
        href={href}
        target="_blank"
        rel="noreferrer noopener"
        title={href}
        className="text-accent underline underline-offset-2"
      >
        {children}
      </a>
      {!saysHost && <span className="ml-1 text-label text-text-3">({host})</span>}
    </>
  );
}

// Where the text stands: the request for a picture is drawn in the trace of its turn.
const Origin = createContext<{ session?: string | undefined; message?: string | undefined }>({});

// The daemon fetches it, and only when a person asks: this page itself asks nobody else for anything.
function useRemoteImage(url: string) {
  const { session, message } = useContext(Origin);
  const fetched = useMutation({
    mutationFn: async () =>
      (await take(
        api.POST('/api/v1/images/fetch', {
          body: { url, ...(session && message ? { session_id: session, message_id: message } : {}) },
          parseAs: 'blob',
        }),
      )) as unknown as Blob,
  });
  const [source, setSource] = useState('');
  useEffect(() => {
    if (!fetched.data) return undefined;
    const made = URL.createObjectURL(fetched.data);
    setSource(made);
    return () => URL.revokeObjectURL(made);
  }, [fetched.data]);
  return { source, load: () => fetched.mutate(), busy: fetched.isPending, error: fetched.error };
}

function RemoteImage({ src, alt }: { src?: string | undefined; alt?: string | undefined }) {
  const image = useRemoteImage(src ?? '');
  const host = src ? hostOf(src) : '';
  if (!src || !host) return <span className="text-text-3">{alt}</span>;
  if (image.source)
    return (
      <img
        src={image.source}
        alt={alt ?? ''}
        title={src}
        className="my-2 max-h-120 max-w-full rounded-card border border-line"
      />
    );
  return (
    <span className="my-1 inline-flex max-w-full flex-wrap items-center gap-x-2 gap-y-1 rounded-control border border-dashed border-control px-2 py-1 text-dense text-text-2">
      <ImageOff size={16} aria-hidden />
      <span className="min-w-0 truncate">{alt}</span>
      {image.error && (
        <span role="alert" className="min-w-0 text-bad">
          {t('markdown.image.failed', { why: image.error.message })}
        </span>
      )}
      <button
        type="button"
        className="min-h-6 text-accent underline disabled:opacity-60"
        title={src}
        disabled={image.busy}
        aria-busy={image.busy || undefined}
        onClick={image.load}
      >
        {t(image.busy ? 'markdown.image.busy' : image.error ? 'markdown.image.again' : 'markdown.image', {
          host,
        })}
      </button>
      {image.error && (
        <a href={src} target="_blank" rel="noreferrer noopener" className="text-accent underline">
          {t('markdown.image.open')}
        </a>
      )}
    </span>
  );
}

export function CodeBlock({ language, children }: { language: string; children: ReactNode }) {
  const block = useRef<HTMLPreElement>(null);
  const [copied, setCopied] = useState(false);
  const copy = () =>
    copyText(block.current?.textContent ?? '', t('markdown.copied'), () => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    });
  return (
    <div className="group relative my-2 rounded-card border border-line bg-sunken">
      <div className="flex h-7 items-center justify-between border-b border-line pr-0.5 pl-3 text-label text-text-3">
        <span>{language || t('markdown.code')}</span>
        <IconButton small icon={copied ? Check : Copy} label={t('markdown.copy')} onClick={copy} />
      </div>
      <pre ref={block} tabIndex={0} className="overflow-x-auto px-3 py-2 font-mono text-dense leading-5">
        {children}
      </pre>
    </div>
  );
}

function Pre({ children }: ComponentProps<'pre'>) {
  const code = (Array.isArray(children) ? children[0] : children) as
    | { props?: { className?: string; children?: ReactNode } }
    | undefined;
  const language = /language-([\w+#.-]+)/.exec(code?.props?.className ?? '')?.[1] ?? '';
  return <CodeBlock language={language}>{code?.props?.children ?? children}</CodeBlock>;
}

const kComponents: Components = {
  a: ({ href, children }) => <ExternalLink href={href}>{children}</ExternalLink>,
  img: ({ src, alt }) => <RemoteImage src={typeof src === 'string' ? src : undefined} alt={alt} />,
  pre: Pre,
  code: ({ children }) => (
    <code className="rounded-control bg-sunken px-1 py-0.5 font-mono text-[0.9em] wrap-anywhere">
      {children}
    </code>
  ),
  // Headings of an answer stand below those of the page.
  h1: ({ children }) => <h3 className="mt-4 mb-1 text-h3 font-semibold first:mt-0">{children}</h3>,
  h2: ({ children }) => <h3 className="mt-4 mb-1 text-h3 font-semibold first:mt-0">{children}</h3>,
  h3: ({ children }) => <h4 className="mt-3 mb-1 font-semibold first:mt-0">{children}</h4>,
  h4: ({ children }) => <h5 className="mt-3 mb-1 font-semibold first:mt-0">{children}</h5>,
  h5: ({ children }) => <h6 className="mt-3 mb-1 font-semibold first:mt-0">{children}</h6>,
  h6: ({ children }) => <h6 className="mt-3 mb-1 font-semibold first:mt-0">{children}</h6>,
  p: ({ children }) => <p className="my-2 first:mt-0 last:mb-0">{children}</p>,
  ul: ({ children }) => <ul className="my-2 list-disc pl-6">{children}</ul>,
  ol: ({ children, start }) => (
    <ol start={start} className="my-2 list-decimal pl-6">
      {children}
    </ol>
  ),
  li: ({ children, className }) => (
    <li className={className?.includes('task') ? '-ml-5 list-none' : 'my-0.5'}>{children}</li>
  ),
  input: ({ checked }) => (
    <span role="img" aria-label={checked ? 'done' : 'open'} className="mr-1.5">
      {checked ? '☑' : '☐'}
    </span>
  ),
  blockquote: ({ children }) => (
    <blockquote className="my-2 border-l-2 border-control pl-3 text-text-2">{children}</blockquote>
  ),
  hr: () => <hr className="my-4 border-line" />,
  table: ({ children }) => (
    <section
      aria-label={t('markdown.table')}
      tabIndex={0}
      className="my-2 overflow-x-auto rounded-card border border-line"
    >
      <table className="w-full text-dense">{children}</table>
    </section>
  ),
  th: ({ children, style }) => (
    <th style={style} className="border-b border-line bg-sunken px-3 py-1 text-left font-medium">
      {children}
    </th>
  ),
  td: ({ children, style }) => (
    <td style={style} className="border-t border-line px-3 py-1 align-top">
      {children}
    </td>
  ),
};

const kPlugins = [remarkGfm];

const Block = memo(function Block({ text }: { text: string }) {
  return (
    <ReactMarkdown remarkPlugins={kPlugins} components={kComponents}>
      {text}
    </ReactMarkdown>
  );
});

export type MarkdownProps = {
  text: string;
  streaming?: boolean;
  // Where the text stands, for what it makes a person ask for.
  session?: string | undefined;
  message?: string | undefined;
};

export const MarkdownView = memo(function MarkdownView({
  text,
  streaming = false,
  session,
  message,
}: MarkdownProps) {
  const blocks = useMemo(() => {
    if (!streaming) return [text];
    const all = splitBlocks(text);
    const last = all.pop() ?? '';
    return [...all, remend(last)];
  }, [text, streaming]);
  const origin = useMemo(() => ({ session, message }), [session, message]);
  return (
    <Origin value={origin}>
      <div className="min-w-0 break-words">
        {blocks.map((block, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: blocks are only added at the end
          <Block key={index} text={block} />
        ))}
      </div>
    </Origin>
  );
});

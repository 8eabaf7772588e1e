import { useState } from 'react';
import css from './json-tree.module.css';

/** A text longer than this is cut until asked for. */
const STRING_SHOWN = 300;
/** Lists and objects with more members are shown in ranges of so many. */
const CHUNK = 100;
/** So deep, and with so few members, nodes are open at first. */
const OPEN_DEPTH = 2;
const OPEN_SIZE = 30;
/** "Expand all" goes no deeper, so that nothing a handler returns can freeze the page. */
const EXPAND_DEPTH = 12;

export type Opening = 'some' | 'all' | 'none';

type Member = readonly [name: string | number | undefined, value: unknown];

/** A value as nested details: Tab and Enter work as everywhere, and what is closed costs nothing. */
export function JsonTree({ value, opening }: { value: unknown; opening: Opening }) {
  return <Node member={[undefined, value]} depth={0} opening={opening} last />;
}

interface NodeProps {
  member: Member;
  depth: number;
  opening: Opening;
  /** No comma follows. */
  last: boolean;
}

function Node({ member: [name, value], depth, opening, last }: NodeProps) {
  const key = typeof name === 'string' ? <span className={css.key}>{JSON.stringify(name)}</span> : undefined;
  const prefix = key && <>{key}: </>;
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) {
    return (
      <div className={css.leaf}>
        {prefix}
        <Leaf value={value} />
        {!last && ','}
      </div>
    );
  }
  const isList = Array.isArray(value);
  const members: Member[] = isList ? value.map((v, i) => [i, v]) : Object.entries(value);
  const [open, close] = isList ? '[]' : '{}';
  return (
    <Fold
      head={
        <>
          {prefix}
          {open}
        </>
      }
      folded={
        <>
          <span className={css.size}> {countOf(members.length, isList)} </span>
          {close}
          {!last && ','}
        </>
      }
      foot={`${close}${last ? '' : ','}`}
      startsOpen={startsOpen(opening, depth, members.length)}
    >
      {() => <Members members={members} depth={depth + 1} opening={opening} />}
    </Fold>
  );
}

const countOf = (n: number, isList: boolean) =>
  isList ? `${n} ${n === 1 ? 'value' : 'values'}` : `${n} ${n === 1 ? 'field' : 'fields'}`;

function startsOpen(opening: Opening, depth: number, size: number): boolean {
  if (opening === 'all') return depth < EXPAND_DEPTH;
  if (opening === 'none') return false;
  return depth === 0 || (depth < OPEN_DEPTH && size <= OPEN_SIZE);
}

function Fold({
  head,
  folded,
  foot,
  startsOpen,
  children,
}: {
  head: React.ReactNode;
  folded?: React.ReactNode;
  foot?: string;
  startsOpen: boolean;
  children: () => React.ReactNode;
}) {
  const [open, setOpen] = useState(startsOpen);
  return (
    <details className={css.node} open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {head}
        {!open && folded}
      </summary>
      {open && children()}
      {open && foot}
    </details>
  );
}

/** The members, or ranges of them where they are many; ranges of ranges where they are very many. */
function Members({ members, depth, opening }: { members: Member[]; depth: number; opening: Opening }) {
  if (members.length <= CHUNK) {
    return members.map((member, i) => (
      <Node
        key={String(member[0])}
        member={member}
        depth={depth}
        opening={opening}
        last={i === members.length - 1}
      />
    ));
  }
  let size = CHUNK;
  while (members.length / size > CHUNK) size *= CHUNK;
  return Array.from({ length: Math.ceil(members.length / size) }, (_, i) => {
    const part = members.slice(i * size, (i + 1) * size);
    const first = part[0]?.[0];
    return (
      <Fold
        key={String(first)}
        head={
          <span className={css.size}>
            {String(first)} … {String(part.at(-1)?.[0])}
          </span>
        }
        startsOpen={i === 0 && opening !== 'none'}
      >
        {() => <Members members={part} depth={depth} opening={opening} />}
      </Fold>
    );
  });
}

function Leaf({ value }: { value: unknown }) {
  if (typeof value === 'string') return <Text value={value} />;
  if (typeof value === 'number') return <span className={css.number}>{JSON.stringify(value)}</span>;
  return <span className={css.word}>{JSON.stringify(value)}</span>;
}

function Text({ value }: { value: string }) {
  const [whole, setWhole] = useState(false);
  const text = JSON.stringify(value);
  if (text.length <= STRING_SHOWN) return <span className={css.string}>{text}</span>;
  return (
    <>
      <span className={css.string}>{whole ? text : `${text.slice(0, STRING_SHOWN)}…`}</span>
      <button type="button" className={css.more} aria-expanded={whole} onClick={() => setWhole(!whole)}>
        {whole ? 'show less' : `show all ${value.length.toLocaleString()} characters`}
      </button>
    </>
  );
}

// What a list needs to know of the page around it to draw only the rows near the window.

import { useMediaQuery } from '@mantine/hooks';
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';

/** A height given in rem, for wide and for narrow screens, in pixels. */
export function useRowHeight(wide: number, narrow: number): number {
  const small = useMediaQuery('(max-width: 820px)', false, { getInitialValueInEffect: false });
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  return (small ? narrow : wide) * rem;
}

/** Where the table's rows begin in the page. Follows what comes and goes above it. */
export function useTopOfRows(table: RefObject<HTMLTableElement | null>): number {
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const measure = () => {
      const element = table.current;
      if (!element) return;
      const head = element.tHead?.offsetHeight ?? 0;
      setTop(Math.round(element.getBoundingClientRect().top + window.scrollY + head));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [table]);
  return top;
}

/** Puts the focus on a row's link as soon as the row is drawn, which scrolling to it may take a moment. */
export function useRowFocus(table: RefObject<HTMLTableElement | null>, bringOn: (id: string) => void) {
  const wanted = useRef<string>(undefined);
  const bring = useRef(bringOn);
  const settle = useCallback(() => {
    if (!wanted.current) return;
    const row = table.current?.querySelector(`[data-mission-id="${CSS.escape(wanted.current)}"]`);
    const link = row?.querySelector<HTMLElement>('a');
    if (!link) return;
    wanted.current = undefined;
    link.focus({ preventScroll: true });
  }, [table]);
  useEffect(() => {
    bring.current = bringOn;
    settle();
  });
  return useCallback(
    (id: string) => {
      wanted.current = id;
      bring.current(id);
      settle();
    },
    [settle],
  );
}

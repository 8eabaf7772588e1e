import { renderHook } from '@testing-library/react';
import { expect, it } from 'vitest';
import { FIRST_PAGE, type Mission, missionSchema, type PageParam } from '@/services/missions';
import { wireMission } from '@/test/factories/mission';
import { useListStart } from './use-list-start';

const rows: Mission[] = Array.from({ length: 6 }, () => missionSchema.parse(wireMission()));
const second: PageParam = { cursor: 'a', start: 3, before: FIRST_PAGE };

function start() {
  return renderHook(
    (p: { param: PageParam; missions: Mission[]; scope: string }) =>
      useListStart(p.param, p.missions, p.scope),
    { initialProps: { param: FIRST_PAGE, missions: rows, scope: 'all' } },
  );
}

it('leaves rows where they are when the pages before them go, whatever those counted when they came', () => {
  const { result, rerender } = start();
  expect(result.current).toBe(0);
  rerender({ param: second, missions: rows.slice(4), scope: 'all' }); // one row more came live
  expect(result.current).toBe(4);
  rerender({ param: second, missions: rows.slice(5), scope: 'all' }); // the first of them left the filter
  expect(result.current).toBe(5);
  rerender({ param: FIRST_PAGE, missions: rows, scope: 'all' });
  expect(result.current).toBe(0);
});

it('begins where the page says in another list, and where nothing is known of it', () => {
  const { result, rerender } = start();
  rerender({ param: second, missions: rows.slice(4), scope: 'other' });
  expect(result.current).toBe(3);
  rerender({ param: second, missions: [], scope: 'other' });
  rerender({ param: second, missions: rows.slice(2), scope: 'other' });
  expect(result.current).toBe(3);
});

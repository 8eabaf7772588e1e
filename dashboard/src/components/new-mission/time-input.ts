// Moments and lengths of time as people type them.

import type { Zone } from '@/hooks/use-zone';

const UNITS: Record<string, number> = { s: 1, m: 60, min: 60, h: 3_600, d: 86_400 };

/** "90", "90s", "15m", "1h 30m", "2d" as seconds; undefined for anything else. */
export function parseSeconds(text: string): number | undefined {
  const trimmed = text.trim().toLowerCase();
  if (/^\d+$/.test(trimmed)) return Number(trimmed);
  if (!/^(\d+\s*(s|min|m|h|d)\s*)+$/.test(trimmed)) return undefined;
  let sum = 0;
  for (const [, n, unit] of trimmed.matchAll(/(\d+)\s*(s|min|m|h|d)/g))
    sum += Number(n) * (UNITS[unit ?? ''] ?? 0);
  return sum;
}

/** The shortest text that parseSeconds reads as so many. */
export function writeSeconds(seconds: number): string {
  const unit = ['d', 'h', 'm'].find((u) => seconds > 0 && seconds % (UNITS[u] ?? 1) === 0);
  return unit ? `${seconds / (UNITS[unit] ?? 1)}${unit}` : `${seconds}s`;
}

/** A moment as a datetime-local field has it, on the clock of the zone. */
export function toTimeField(at: number | undefined, zone: Zone): string {
  if (at === undefined) return '';
  const shift = zone === 'utc' ? 0 : new Date(at).getTimezoneOffset() * 60_000;
  return new Date(at - shift).toISOString().slice(0, 19);
}

/** The moment that a datetime-local field shows; undefined while it is not whole. */
export function fromTimeField(text: string, zone: Zone): number | undefined {
  const at = Date.parse(zone === 'utc' ? `${text}Z` : text);
  return Number.isNaN(at) ? undefined : at;
}

/** What is wrong with a whole number from 1 to max, as typed; undefined where nothing is. */
export function wholeFault(text: string, max: number): string | undefined {
  const value = Number(text);
  return /^\s*\d+\s*$/.test(text) && value >= 1 && value <= max
    ? undefined
    : `A whole number from 1 to ${max}`;
}

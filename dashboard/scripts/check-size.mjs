// Fails the build when the JavaScript that the first page needs grows past its
// budget: the entry and what it imports at once, gzipped. Lazy routes don't count.
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGET = 250 * 1024;
const html = readFileSync('dist/index.html', 'utf8');
const initial = readdirSync('dist/assets').filter((name) => name.endsWith('.js') && html.includes(name));
if (initial.length === 0) {
  console.error('check-size: dist/index.html names no script; the build is broken');
  process.exit(1);
}
const bytes = initial.reduce(
  (sum, name) => sum + gzipSync(readFileSync(`dist/assets/${name}`), { level: 9 }).length,
  0,
);
const kib = (n) => `${(n / 1024).toFixed(1)} KiB`;
console.log(`initial JavaScript: ${kib(bytes)} gzipped of ${kib(BUDGET)}`);
if (bytes > BUDGET) {
  console.error('check-size: over budget; load the new part lazily or drop it');
  process.exit(1);
}

// Audits pages with Lighthouse's desktop preset, each three times, and prints the median of each score. Ends with 1
// where a median is under 95.
//
//   CHROME_PATH=/usr/bin/chromium node audit.mjs http://127.0.0.1:3000/ http://127.0.0.1:3000/missions

import { launch } from 'chrome-launcher';
import lighthouse, { desktopConfig } from 'lighthouse';

const RUNS = 3;
const LEAST = 95;
// The page holds a stream open, so that the network is never quiet: what is there by then is judged.
const WAIT_MS = 12_000;
const CATEGORIES = ['performance', 'accessibility', 'best-practices'];

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function once(url) {
  // A new browser each time: nothing is cached, as at a first visit.
  const chrome = await launch({ chromeFlags: ['--headless=new', '--no-sandbox', '--disable-gpu'] });
  try {
    const { lhr } = await lighthouse(
      url,
      { port: chrome.port, onlyCategories: CATEGORIES, maxWaitForLoad: WAIT_MS, logLevel: 'error' },
      desktopConfig,
    );
    if (lhr.runtimeError) throw new Error(`${url}: ${lhr.runtimeError.message}`);
    return lhr;
  } finally {
    chrome.kill();
  }
}

let failed = false;
for (const url of process.argv.slice(2)) {
  const runs = [];
  for (let i = 0; i < RUNS; i++) runs.push(await once(url));
  const line = [];
  for (const category of CATEGORIES) {
    const scores = runs.map((lhr) => Math.round(lhr.categories[category].score * 100));
    if (median(scores) < LEAST) failed = true;
    line.push(`${category} ${median(scores)} (${scores.join(' ')})`);
  }
  console.log(`${new URL(url).pathname}: ${line.join(', ')}`);
  const metrics = ['first-contentful-paint', 'largest-contentful-paint', 'total-blocking-time', 'cumulative-layout-shift', 'speed-index'];
  console.log(`  ${metrics.map((id) => `${id} ${median(runs.map((lhr) => lhr.audits[id].numericValue)).toFixed(2)}`).join(', ')}`);
  // What cost points, once, so that it can be mended.
  const at = runs[0];
  for (const category of CATEGORIES) {
    for (const { id, weight } of at.categories[category].auditRefs) {
      const audit = at.audits[id];
      if (weight > 0 && audit.score !== null && audit.score < 0.9) {
        console.log(`  ${category}: ${audit.title}${audit.displayValue ? ` (${audit.displayValue})` : ''}`);
        for (const item of audit.details?.items?.slice(0, 5) ?? []) {
          const what = item.node?.snippet ?? item.description ?? item.url ?? item.source;
          if (what) console.log(`    ${String(what).slice(0, 200)}`);
        }
      }
    }
  }
}
process.exitCode = failed ? 1 : 0;

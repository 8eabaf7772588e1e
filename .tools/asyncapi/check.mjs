// Checks asyncapi.yaml: that it is sound AsyncAPI, by AsyncAPI's own parser, and that every example fits its schema, which
// the parser does not look at in version 3.
import { readFile } from 'node:fs/promises';
import { Parser } from '@asyncapi/parser';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';

const path = process.argv[2];
if (path === undefined) {
  console.error('usage: node check.mjs PATH-TO-asyncapi.yaml');
  process.exit(2);
}
const { document, diagnostics } = await new Parser().parse(await readFile(path, 'utf8'));

const faults = diagnostics
  .filter((d) => d.severity <= 1) // errors and warnings; the rest is advice, such as that AsyncAPI has a newer version
  .map((d) => `line ${d.range.start.line + 1}: ${d.message} (${d.code}, at ${d.path.join('.')})`);

const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: false, strictRequired: false });
addFormats.default(ajv);
ajv.addVocabulary(['x-parser-schema-id']);

let examples = 0;
for (const message of document?.components().messages().all() ?? []) {
  const fits = ajv.compile(message.payload().json());
  for (const example of message.examples().all()) {
    examples++;
    if (!fits(example.payload())) {
      faults.push(
        `message ${message.id()}, example "${example.name()}": ${ajv.errorsText(fits.errors, { dataVar: 'payload' })}`,
      );
    }
  }
}
if (examples === 0) {
  faults.push('no example was found, so nothing was checked');
}
for (const fault of faults) {
  console.error(`${path}: ${fault}`);
}
if (faults.length > 0) {
  process.exit(1);
}
console.log(`${path}: sound AsyncAPI ${document.version()}, ${examples} examples fit their schemas`);

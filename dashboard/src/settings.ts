// What the server says about itself in the page: a block of JSON in index.html, so
// that one build serves every place, and nothing has to be asked before the first
// page shows. Vite's own server and tests have no such block and get the defaults.

import { z } from 'zod';

// The Content-Security-Policy forbids compiling code at run time; without this zod
// would try once, and the browser would report it. Here, because this is parsed first.
z.config({ jitless: true });

const settingsSchema = z.object({
  /** Where the app is served: `/`, or as in `/mc/`; it begins and ends with a slash. */
  basePath: z
    .string()
    .regex(/^\/(.*\/)?$/)
    .default('/'),
  /** Which installation this is, as in `production`; shown beside the name and in the tab. */
  title: z.string().default(''),
  /** The server refuses whatever changes something, so the app does not offer it. */
  readOnly: z.boolean().default(false),
  version: z.string().default(''),
  /** Style elements made by scripts need it: the Content-Security-Policy allows no others. */
  styleNonce: z.string().optional(),
});

export type Settings = z.output<typeof settingsSchema>;

/** Throws where the block is there and makes no sense: page and server are not of one build. */
export function readSettings(page: Document): Settings {
  const block = page.getElementById('settings')?.textContent;
  return settingsSchema.parse(block ? JSON.parse(block) : {});
}

/** The settings of this page. Components take them from useSettings, which tests can fill. */
export const settings = readSettings(document);

/** The address of a file or an API path of this server, given without a slash before it. */
export const address = (path: string): string => settings.basePath + path;

import { join } from 'node:path';

/** Whether these are the sources in the repository, not what was built of them. */
export const inRepository = import.meta.filename.endsWith('.ts');

/** Where the state machine, the stacks and the services lie: the repository, or what scripts/build.ts put of it beside a built package. */
export const root = inRepository ? join(import.meta.dirname, '../../..') : join(import.meta.dirname, 'product');

/** Of the rendezvous server: the program that `node` runs. */
export const rendezvousServer = join(root, 'services/rendezvous', inRepository ? 'src/main.ts' : 'dist/rendezvous.mjs');

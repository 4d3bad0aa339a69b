import { join } from 'node:path';

/** The repository, whose stacks are deployed and whose services are bundled. */
export const root = join(import.meta.dirname, '../../..');

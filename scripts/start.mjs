// `npm start`: sets everything up and runs the demo; arguments go to `cosmicai demo`.
import { node, root, run, setUp } from './setup.mjs';
import { join } from 'node:path';

setUp();
run(node, [join(root, 'packages/cli/src/main.ts'), 'demo', ...process.argv.slice(2)]);

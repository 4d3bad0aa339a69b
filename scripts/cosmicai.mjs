// `npm run cosmicai -- …` and `pnpm cosmicai …`: package managers start scripts in the repository, the user stands elsewhere.
import module from 'node:module';
import { compiled } from './setup.mjs';

// Commands and the functions that they start are there in half the time.
module.enableCompileCache(compiled);
process.env.NODE_COMPILE_CACHE ??= compiled;

if (process.env.INIT_CWD !== undefined) process.chdir(process.env.INIT_CWD);
await import('../packages/cli/src/main.ts');

/** `pnpm aws:standin`: an account of AWS on this machine until Ctrl-C. Prints what commands need to reach it. */
import { once } from 'node:events';
import { startStandIn } from './stand-in.ts';

if (process.argv.length > 2) {
  process.stderr.write('usage: pnpm aws:standin, without options\n');
  process.exit(process.argv.includes('--help') ? 0 : 2);
}
const aws = await startStandIn();
const exports = Object.entries(aws.env).filter(([name]) => name.startsWith('AWS_'));
const stopped = Promise.race(['SIGINT', 'SIGTERM'].map((signal) => once(process, signal)));
process.stdout.write(exports.map(([name, value]) => `export ${name}=${value}\n`).join(''));
process.stderr.write('This is there until Ctrl-C.\n');
await stopped;
await aws.close();

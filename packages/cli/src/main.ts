#!/usr/bin/env node
import '@cosmicai/payload/no-telemetry';
import { EXIT, errorLine } from './output/errors.ts';
import { runCli } from './program.ts';
import { processTerminal, sayLast } from './output/terminal.ts';

// Work beside the command's own, as the writing of events to a disk that is full, has nobody else to tell.
process.on('uncaughtException', (error) => {
  sayLast(errorLine(error));
  process.exit(EXIT.failed);
});

process.exitCode = await runCli(process.argv.slice(2), processTerminal());

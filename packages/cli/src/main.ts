#!/usr/bin/env node
import '@cosmicai/payload/no-telemetry';
import { runCli } from './program.ts';
import { processTerminal } from './output/terminal.ts';

process.exitCode = await runCli(process.argv.slice(2), processTerminal());

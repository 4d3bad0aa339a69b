/* The program of the image that tasks of an array run: what a scheduler starts, and no more. */
import '@cosmicai/payload/no-telemetry';
import { runCommands } from './command-line.ts';
import { processTerminal } from './output/terminal.ts';
import { TASK_COMMANDS } from './task-commands.ts';

process.exitCode = await runCommands(TASK_COMMANDS, process.argv.slice(2), processTerminal());

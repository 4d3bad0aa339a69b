import { Command } from 'commander';
import type { Terminal } from '../output/terminal.ts';
import { describeCommand } from './model/describe.ts';
import { importCommand } from './model/import.ts';
import { inspectCommand } from './model/inspect.ts';
import { profileCommand } from './model/profile.ts';
import { quantizeCommand } from './model/quantize.ts';
import { verifyCommand } from './model/verify.ts';

export function modelCommand(terminal: Terminal): Command {
  return new Command('model')
    .addCommand(describeCommand(terminal))
    .addCommand(importCommand(terminal))
    .addCommand(inspectCommand(terminal))
    .addCommand(profileCommand(terminal))
    .addCommand(quantizeCommand(terminal))
    .addCommand(verifyCommand(terminal));
}

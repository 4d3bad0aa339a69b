import type { Command } from 'commander';
import { COMPLETION, programOf, runCommands, type CommandEntry } from './command-line.ts';
import type { Terminal } from './output/terminal.ts';
import { TASK_COMMANDS } from './task-commands.ts';

/** By name, in the order of the list. */
const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  demo: {
    summary: 'simulate a small survey and run the whole workflow over it',
    load: async () => (await import('./commands/demo.ts')).demoCommand,
  },
  run: {
    summary: 'run the whole workflow, on this machine or on a deployed stage',
    load: async () => (await import('./commands/run.ts')).runCommand,
  },
  ...TASK_COMMANDS,
  array: {
    summary: 'write what AWS Batch, Kubernetes or Slurm need to run the ranks',
    load: async () => (await import('./commands/array.ts')).arrayCommand,
  },
  infer: {
    summary: 'predict the redshifts of files of galaxies on this machine',
    load: async () => (await import('./commands/infer.ts')).inferCommand,
  },
  simulate: {
    summary: 'write a simulated survey as partition files',
    load: async () => (await import('./commands/simulate.ts')).simulateCommand,
  },
  convert: {
    summary: 'convert HDF5, FITS, npz and other files into partition files',
    load: async () => (await import('./commands/convert.ts')).convertCommand,
  },
  split: {
    summary: 'split a big partition file into many',
    load: async () => (await import('./commands/split.ts')).splitCommand,
  },
  model: {
    summary: 'turn checkpoints into ONNX models, look into them, compare them',
    load: async () => (await import('./commands/model.ts')).modelCommand,
  },
  bench: {
    summary: 'measure the workflow over world sizes, batch sizes and data sizes',
    load: async () => (await import('./commands/bench.ts')).benchCommand,
  },
  quote: {
    summary: 'say what a run on AWS will take before it is started',
    load: async () => (await import('./commands/quote.ts')).quoteCommand,
  },
  tune: {
    summary: 'show the cheapest and the fastest ways to run on AWS, and pick one',
    load: async () => (await import('./commands/tune.ts')).tuneCommand,
  },
  report: {
    summary: 'tables and plots of runs and sweeps in one HTML file',
    load: async () => (await import('./commands/report.ts')).reportCommand,
  },
  catalogue: {
    summary: 'write the predictions of a run as one table: Parquet, FITS, VOTable, ECSV, CSV',
    load: async () => (await import('./commands/catalogue.ts')).catalogueCommand,
  },
  rendezvous: {
    summary: 'run the server through which ranks find each other',
    load: async () => (await import('./commands/rendezvous.ts')).rendezvousCommand,
  },
  fmi: {
    summary: 'message passing between ranks',
    load: async () => (await import('./commands/fmi.ts')).fmiCommand,
  },
  status: {
    summary: 'list the runs of a results folder, or show one',
    load: async () => (await import('./commands/status.ts')).statusCommand,
  },
  logs: {
    summary: 'print what the functions of a deployed stage logged during an execution',
    load: async () => (await import('./commands/logs.ts')).logsCommand,
  },
  stop: {
    summary: 'stop an execution of a deployed stage',
    load: async () => (await import('./commands/stop.ts')).stopCommand,
  },
  verify: {
    summary: 'check that all a run read and wrote is still what it was',
    load: async () => (await import('./commands/verify.ts')).verifyCommand,
  },
  clean: {
    summary: "delete a run's own folder",
    load: async () => (await import('./commands/clean.ts')).cleanCommand,
  },
  deploy: {
    summary: 'deploy a stage into your AWS account',
    load: async () => (await import('./commands/deploy.ts')).deployCommand,
  },
  remove: {
    summary: 'remove a deployed stage from your AWS account',
    load: async () => (await import('./commands/remove.ts')).removeCommand,
  },
  policy: {
    summary: 'print the least permissions that deploying or using a stage needs',
    load: async () => (await import('./commands/policy.ts')).policyCommand,
  },
  doctor: {
    summary: 'check this machine and what it is connected to',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  [COMPLETION]: {
    summary: 'print the script that completes commands in your shell',
    load: async () => (await import('./commands/completion.ts')).completionCommand,
  },
};

/** The program that parses a command line: the commands that the line may name whole, of the others only their names. */
export async function programFor(args: readonly string[], terminal: Terminal): Promise<Command> {
  return await programOf(COMMANDS, args, terminal);
}

/** Runs one command line. @returns exit code */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  return await runCommands(COMMANDS, args, terminal);
}

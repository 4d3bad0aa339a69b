import {
  commandLine,
  nameOf,
  partsOf,
  rankArguments,
  summarizeArguments,
  type ArrayJob,
  type GeneratedFile,
  type Part,
} from './array-job.ts';
import { checkName } from './checks.ts';

/** Slurm's own MaxArraySize is 1001, which allows indexes below that. */
const MOST_TASKS = 1000;

export interface SlurmOptions {
  readonly partition?: string | undefined;
  readonly account?: string | undefined;
  /** Longest that a task may take, as sbatch understands it. */
  readonly time?: string | undefined;
}

/**
 * A batch script for every 1,000 ranks, one that combines them, and one that submits all: the last starts when all ranks are through,
 * however they ended. Tasks that are preempted, or whose node goes, are queued again.
 *
 * @throws UserInputError when sbatch would refuse an option
 */
export function slurmFiles(job: ArrayJob, options: SlurmOptions = {}): GeneratedFile[] {
  checkName('time limit', options.time);
  checkName('partition', options.partition);
  checkName('account', options.account);
  const parts = partsOf(job.run.world_size, MOST_TASKS);
  const atOnce = Math.max(1, Math.floor(job.run.max_concurrency / parts.length));
  return [
    ...parts.map((part, index) => ({
      name: `ranks-${index}.sbatch`,
      text: script(
        [
          ...common(job, nameOf(job, index), options),
          `--array=0-${part.tasks - 1}%${Math.min(atOnce, part.tasks)}`,
          '--output=logs/rank-%A-%a.log',
        ],
        rankScript(job, part),
      ),
    })),
    {
      name: 'summarize.sbatch',
      text: script(
        [...common(job, `${nameOf(job)}-summarize`, options), '--output=logs/summarize-%j.log'],
        `exec ${commandLine(summarizeArguments(job))}`,
      ),
    },
    { name: 'submit.sh', text: submitScript(parts.length), executable: true },
  ];
}

function common({ cpus, memory }: ArrayJob, name: string, { partition, account, time }: SlurmOptions): string[] {
  return [
    `--job-name=${name}`,
    '--nodes=1',
    '--ntasks=1',
    `--cpus-per-task=${cpus}`,
    `--mem=${memory}M`,
    '--requeue',
    ...(time === undefined ? [] : [`--time=${time}`]),
    ...(partition === undefined ? [] : [`--partition=${partition}`]),
    ...(account === undefined ? [] : [`--account=${account}`]),
  ];
}

/** Slurm queues a task again only when its node fails or it is preempted, so one that may end better is queued again here. */
function rankScript(job: ArrayJob, part: Part): string {
  return `code=0
${commandLine(rankArguments(job, part))} || code=$?
# 2: wrong input, which another try can't mend.
if [ "$code" -ne 0 ] && [ "$code" -ne 2 ] && [ "\${SLURM_RESTART_COUNT:-0}" -lt 5 ]; then
  scontrol requeue "\${SLURM_ARRAY_JOB_ID}_\${SLURM_ARRAY_TASK_ID}"
fi
exit "$code"`;
}

function script(directives: readonly string[], body: string): string {
  return `#!/bin/bash
${directives.map((directive) => `#SBATCH ${directive}`).join('\n')}
set -uo pipefail
${body}
`;
}

function submitScript(parts: number): string {
  return `#!/bin/bash
# Submits the ranks, and what combines them when all are through.
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p logs
jobs=''
for part in $(seq 0 ${parts - 1}); do
  jobs="$jobs:$(sbatch --parsable "ranks-$part.sbatch" | cut -d ';' -f 1)"
done
sbatch --parsable --dependency="afterany$jobs" summarize.sbatch
`;
}

import { Job, type Engine, type EngineContext, type Outcome, type Telling } from '@cosmicai/engine';
import { defined, reportsIn, type UnnumberedEvent, UserInputError } from '@cosmicai/payload';
import { resultsLocation } from '@cosmicai/store';
import { executionLog } from '../run/execution-log.ts';
import { numbered } from '../run/collect.ts';
import { findExecutionToRepair, runOf, type ExecutionToRepair } from '../run/find-execution.ts';
import { rerunFailedRanks } from '../run/rerun-ranks.ts';
import { stopExecution } from '../run/stop-execution.ts';
import { lambdaFunctions } from '../services/function-service.ts';
import { wallClock } from '../services/wait.ts';
import { openStage } from '../stage/stage.ts';
import { stageExecutions } from './stage-executions.ts';
import {
  basicsOf,
  executionFolder,
  followToEnd,
  keepOnStage,
  openStageRun,
  startOnStage,
  type StageRun,
} from './stage-run.ts';

export interface AwsSettings {
  /** Name of a deployed stage. */
  readonly stage: string;
}

/** Of the name under which the failed ranks of an execution run again. */
const RERUN = '-failed-ranks';

/** Of a ping. */
const PEERS = 2;

/**
 * A deployed stage: Step Functions runs the executions, which go on without who started them. What is found missing in a run
 * after its end is run again from this process.
 */
export function awsEngine(context: EngineContext, { stage: stageName }: AwsSettings): Engine {
  const jobs = new Map<string, Job>();
  let opened: Promise<StageRun> | undefined;
  const open = () => (opened ??= openStageRun(stageName));
  const kept = async (run: StageRun, outcome: Promise<Outcome>): Promise<Outcome> => {
    const known = await outcome;
    await keepOnStage(known, run);
    return known;
  };

  return {
    name: 'aws',

    async start({ like, ...request }) {
      const run = await open();
      if (like === undefined) return startOnStage(run, request, context);
      const { input = '{}' } = await run.stage.workflow.describe(run.stage.workflow.arnOf(like));
      // A new run takes the model as it is now.
      const { model_sha256: _planned, ...fields } = JSON.parse(input) as Record<string, unknown>;
      return startOnStage(run, { ...request, fields }, context);
    },

    async events(execution, watch) {
      const run = await open();
      const job = jobs.get(execution);
      return kept(run, job?.watch(watch) ?? followToEnd(run, execution, watch, context));
    },

    async resume(execution) {
      const run = await open();
      const { workflow } = run.stage;
      const found = await findExecutionToRepair(workflow, execution ?? true);
      if (found.redrives) {
        context.say(`Redriving ${found.execution.arn}`);
        await workflow.redrive(found.execution.arn);
        return found.execution.name;
      }
      const name = `${found.execution.name}${RERUN}`;
      jobs.set(name, await rerun(run, found, context));
      return name;
    },

    async stop(execution) {
      const job = execution === undefined ? undefined : jobs.get(execution);
      if (execution === undefined || job === undefined || job.isOver) {
        const { stage } = await open();
        return stopExecution(stage.workflow, execution);
      }
      await job.stop('The execution was stopped.');
      return execution;
    },

    logs: ({ execution, ...query }) => executionLog(stageName, execution, query),

    folderOf: (execution) => executionFolder(context, execution),

    async locate(results) {
      if (results.includes('://')) return resultsLocation(results, context.cwd);
      const { bucket } = await openStage(stageName);
      return { bucket: `s3://${bucket}`, resultPath: results.replace(/^\/+|\/+$/g, '') };
    },

    executions: stageExecutions(stageName),

    async ping({ worldSize = PEERS, rendezvous, ...how }) {
      const { pingDeployed } = await import('../ping/ping-stage.ts');
      return pingDeployed(stageName, { worldSize, rendezvous, ...how, signal: context.signal });
    },

    async sweep(request) {
      const run = await open();
      const { sweepOnStage } = await import('./stage-sweep.ts');
      return sweepOnStage(request, run, context, (own) => awsEngine(own, { stage: stageName }));
    },

    commands(execution) {
      const name = execution.endsWith(RERUN) ? execution.slice(0, -RERUN.length) : execution;
      const run = `cosmicai run --target aws --stage ${stageName}`;
      return {
        goOn: `${run} --only-failed ${name}`,
        follow: `${run} --attach ${name}`,
        stop: `cosmicai stop --stage ${stageName} ${name}`,
      };
    },
  };
}

/** Goes on with an execution that ended badly where Step Functions can't: its failed ranks, and what follows them. */
async function rerun(run: StageRun, { execution, history }: ExecutionToRepair, context: EngineContext): Promise<Job> {
  const { stage, called } = run;
  const place = runOf(history);
  if (place === undefined)
    throw new UserInputError(
      `Execution ${execution.name} failed before its ranks were planned, so there are none to run again. Start a new one.`,
    );
  context.say(`Running the failed ranks of run ${place.runId} again`);
  const functions = await lambdaFunctions(stage.options.region);
  return new Job(context.signal, async ({ see, signal }: Telling) => {
    let seen = 0;
    const rerun = await rerunFailedRanks({
      run: place,
      store: stage.store,
      functions,
      called,
      clock: wallClock,
      signal,
      onEvent: (event: UnnumberedEvent) => see({ ...event, id: ++seen }),
    });
    const events = numbered(rerun.events);
    return {
      ...basicsOf(run, execution, context, RERUN),
      status: rerun.status,
      output: null,
      ...defined({ error: rerun.error, cause: rerun.cause }),
      events,
      reports: reportsIn(events),
      place,
      warnings: [
        `Events, cost and REPORT figures are of running ranks ${rerun.ranks.join(', ')} again; those of the first attempt are in execution ${execution.name}.`,
      ],
    };
  });
}

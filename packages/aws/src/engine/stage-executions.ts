import type { Executions } from '@cosmicai/engine';
import { openStage } from '../stage/stage.ts';
import { executionProgress, executionRow } from './execution-progress.ts';

/** What Step Functions tells of the executions of a stage. */
export function stageExecutions(stage: string): Executions {
  return {
    place: `stage ${stage}`,
    asked: 'Step Functions',
    recent: async (most) => (await (await openStage(stage)).workflow.recent(most)).map(executionRow),
    progress: async (execution) => executionProgress(await openStage(stage), execution),
  };
}

/** What may be asked of executions on this machine without loading the engine that runs them. */
export { executionOwner, ExecutionLockedError } from './run/execution-lock.ts';
export { MOST_RANK_MEMORY_MIB, RANK_MEMORY_MIB } from './engine/settings.ts';

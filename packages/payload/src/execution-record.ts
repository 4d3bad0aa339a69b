import { z } from 'zod';
import { formatField } from './format-version.ts';
import { runEventSchema } from './run-event.ts';

/** Name of the file that an execution on AWS leaves in the run's folder, so that reports can be made of it anywhere. */
export const EXECUTION_FILE = 'execution.json';

const positive = z.number().positive();

/** What a function on Lambda was given beside its memory, which REPORT lines tell. */
export const functionSizeSchema = z.object({
  architecture: z.enum(['x86_64', 'arm64']),
  ephemeralStorageMb: z.number().nonnegative(),
  /** Environments kept ready for it, and the memory of each; absent: none. */
  provisioned: z.object({ environments: z.number().int().positive(), memoryMb: positive }).exactOptional(),
});
export type FunctionSize = Readonly<z.output<typeof functionSizeSchema>>;

/** What the server was given at which ranks meet. */
export const rendezvousSizeSchema = z.object({
  vcpus: positive,
  memoryMb: positive,
  architecture: z.enum(['x86_64', 'arm64']),
  /** It is there for runs only, and this long after the last one; absent: all the time. */
  idleMinutes: positive.exactOptional(),
});
export type RendezvousSize = Readonly<z.output<typeof rendezvousSizeSchema>>;

/** What the engine that ran an execution knows beyond the results. */
export const executionRecordSchema = z.object(
  {
    events: z.array(runEventSchema).readonly(),
    /** The state machine. */
    definition: z.unknown(),
    /** What functions of the events were given, by their names; those that aren't named ran on this machine. */
    functions: z.record(z.string(), functionSizeSchema).readonly().exactOptional(),
    /** AWS region it ran in; absent: on this machine. */
    region: z.string().exactOptional(),
    /** The stage's rendezvous server; null: the stage has none; absent: not noted. */
    rendezvous: rendezvousSizeSchema.nullable().exactOptional(),
    /** What the engine could not find out. */
    warnings: z.array(z.string()).readonly().exactOptional(),
    format: formatField,
  },
  { error: 'an execution: an object with events and definition' },
);
export type ExecutionRecord = Readonly<z.output<typeof executionRecordSchema>>;

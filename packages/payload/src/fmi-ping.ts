import { z } from 'zod';
import { flag, integer, matching, text } from './fields.ts';

/** Peers of one ping: every pair of them is measured. */
export const LARGEST_PING = 64;
/** A rank waits so long for the others: cold starts and throttled invocations included. */
const USUAL_PATIENCE_MS = 30_000;
const LONGEST_PATIENCE_MS = 600_000;

const place = {
  // The prefix keeps pings apart from runs: a ping never gets a run's key.
  ping_id: matching((value) => /^ping-[\w-]{8,64}$/.test(value), 'the id of a ping: ping-…'),
  bucket: text('a bucket'),
  result_path: text('a path'),
};

/** Input of the function that hands out keys: opens the meeting of a ping, as CheckRendezvous opens that of a run. */
export const fmiPingOpeningSchema = z.object({
  fmi_ping: z.object(
    {
      ...place,
      /** Ranks that meet at the stage's own server, which is started and found for them; absent: they meet elsewhere. */
      world_size: integer(1, LARGEST_PING).optional(),
    },
    { error: 'a ping' },
  ),
});

/**
 * Input of the inference function when it shall not infer but only meet others, to find out whether it can. The ranks'
 * key lies where `runLayout(result_path, ping_id)` has it.
 */
export const fmiPingTaskSchema = z.object({
  fmi_ping: z.object(
    {
      ...place,
      rendezvous_endpoint: text('host:port'),
      rank: integer(0, LARGEST_PING - 1),
      world_size: integer(1, LARGEST_PING),
      path: z.enum(['direct', 'relay'], { error: 'direct or relay' }).default('direct'),
      encrypt: flag.default(false),
      patience_ms: integer(1, LONGEST_PATIENCE_MS).default(USUAL_PATIENCE_MS),
    },
    { error: 'a ping' },
  ),
});
export type FmiPingOpening = z.input<typeof fmiPingOpeningSchema>;
export type FmiPingTask = z.input<typeof fmiPingTaskSchema>;

/** Whether a function's input is a ping rather than work. */
export function isFmiPing(input: unknown): boolean {
  return typeof input === 'object' && input !== null && 'fmi_ping' in input;
}

/** The steps to a world in which all ranks talk, in the order in which they are taken. */
export const FMI_PING_STEPS = [
  /** The function that plays the rank was called and answered. */
  'invoke',
  /** The rank has the key of its world. */
  'key',
  /** The rendezvous server's name has an address. */
  'resolve',
  /** TCP to it. */
  'connect',
  /** The server and the rank have proven the key to each other, and the server has let the rank in. */
  'authenticate',
  /** Every peer came to the server, too. */
  'pairing',
  /** A way to every peer was found: a punched or open one, else the relay. */
  'punching',
  /** Both ends of every way have proven the key to each other. */
  'handshake',
  /** Every pair was measured. */
  'measure',
  /** Every operation gave what one process would compute. */
  'collectives',
] as const;
export type FmiPingStep = (typeof FMI_PING_STEPS)[number];

const milliseconds = z.number().nonnegative();
const rank = z.number().int().nonnegative();

const stepSchema = z.object({
  step: z.enum(FMI_PING_STEPS),
  ok: z.boolean(),
  ms: milliseconds,
  /** What was found, or why it failed. */
  detail: z.string().optional(),
});
export type FmiPingStepReport = z.output<typeof stepSchema>;

const pairSchema = z.object({
  /** The lower rank measures. */
  ranks: z.tuple([rank, rank]),
  channel: z.enum(['direct', 'relay']),
  encrypted: z.boolean(),
  /** From the server's introduction to the finished link. */
  setUpMs: milliseconds,
  /** One way: half the median round trip of an 8-byte message, microseconds. */
  latencyUs: milliseconds,
  /** Of a stream of large messages one way, MB/s (10^6 bytes). */
  bandwidthMBs: z.number().nonnegative(),
});
/** What lies between two ranks. */
export type FmiPingPair = z.output<typeof pairSchema>;

const operationSchema = z.object({
  operation: z.string(),
  ok: z.boolean(),
  ms: milliseconds,
  /** What went wrong. */
  problem: z.string().optional(),
});
/** One operation tried against what a single process would compute. */
export type FmiPingOperation = z.output<typeof operationSchema>;

/** What a rank of a ping answers; spelt as `cosmicai fmi ping --json` prints it. It fails in what it says, never by throwing. */
export const fmiPingAnswerSchema = z.object({
  rank,
  /** Up to the one that failed. */
  steps: z.array(stepSchema),
  /** A barrier over links that stand; null when it didn't come to that. */
  barrierMs: milliseconds.nullable(),
  slowestLinkMs: milliseconds.nullable(),
  pairs: z.array(pairSchema),
  collectives: z.array(operationSchema),
});
export type FmiPingAnswer = z.output<typeof fmiPingAnswerSchema>;

import { pricesOf } from '@cosmicai/metrics';
import { itemAt } from '@cosmicai/payload';
import type { ChannelKind } from '../channels/channel.ts';
import { MessageError } from '../errors.ts';
import type { OperationKind } from '../operation.ts';
import { OPERATIONS_PER_HOUR, publishedModels, type ChannelModel } from './model.ts';
import { shapeOf, type Round } from './shape.ts';

/** What to be best at: time or money. */
export type Hint = 'fast' | 'cheap';

export interface PolicyQuestion {
  readonly operation: OperationKind;
  /** Bytes that one rank contributes. */
  readonly bytes: number;
  readonly worldSize: number;
  /** Memory of one function, which sets the price of its time. */
  readonly memoryMiB: number;
  readonly hint: Hint;
  readonly channels: readonly ChannelKind[];
  /** Reductions strictly left to right by rank. Default: false. */
  readonly ordered?: boolean;
  readonly models?: Readonly<Partial<Record<ChannelKind, ChannelModel>>>;
}

export interface PolicyRow {
  readonly channel: ChannelKind;
  readonly latencyMs: number;
  /** Requests and share of the server. */
  readonly channelUsd: number;
  /** All functions' time while the operation lasts, by the price book: on x86-64, in its default region. */
  readonly waitingUsd: number;
  readonly totalUsd: number;
  readonly chosen: boolean;
}

export interface PolicyExplanation {
  readonly choice: ChannelKind;
  /** One sentence: why this one. */
  readonly reason: string;
  /** Best first. */
  readonly rows: readonly PolicyRow[];
}

/**
 * Models every channel for one operation and picks one. The inputs are those published with FMI; its formulas are corrected:
 * - overheads are milliseconds and transfer times seconds there, added as if they were the same;
 * - one function's waiting is priced there; here all ranks wait for the operation;
 * - round i of gather and scatter carries 2^i blocks, not i;
 * - allreduce has its two extra rounds only when the world isn't a power of two;
 * - the share of a server is paid per operation, not once for each of its messages;
 * - polls follow from how long a message takes, not from the longest time-out; the price of a scan is a price, not a latency.
 */
export function explainPolicy(question: PolicyQuestion): PolicyExplanation {
  if (question.channels.length === 0) throw new MessageError('There is no channel to choose from; name at least one.');
  const criterion = question.hint === 'fast' ? 'latencyMs' : 'totalUsd';
  const rows = question.channels
    .map((channel) => rowOf(channel, question))
    .sort((a, b) => a[criterion] - b[criterion])
    .map((row, place) => ({ ...row, chosen: place === 0 }));
  const best = itemAt(rows, 0);
  const second = rows[1];
  const amount = (row: PolicyRow): string =>
    question.hint === 'fast' ? `${row.latencyMs.toPrecision(3)} ms` : `${row.totalUsd.toPrecision(3)} USD`;
  return {
    choice: best.channel,
    reason:
      second === undefined
        ? `${best.channel} is the only channel`
        : `${best.channel} is the ${question.hint === 'fast' ? 'fastest' : 'cheapest'}: ${amount(best)}, before ${second.channel} with ${amount(second)}`,
    rows,
  };
}

const choices = new Map<string, ChannelKind>();
const MOST_CHOICES = 1024;

/** The choice alone, remembered: the same question comes with every operation. */
export function chooseChannel(question: PolicyQuestion): ChannelKind {
  const key = JSON.stringify(question);
  let choice = choices.get(key);
  if (choice === undefined) {
    choice = explainPolicy(question).choice;
    if (choices.size >= MOST_CHOICES) choices.clear();
    choices.set(key, choice);
  }
  return choice;
}

function rowOf(channel: ChannelKind, question: PolicyQuestion): Omit<PolicyRow, 'chosen'> {
  const model = question.models?.[channel] ?? publishedModels[channel];
  const shape = shapeOf(
    model.layout,
    question.operation,
    question.worldSize,
    question.bytes,
    question.ordered ?? false,
  );
  const latencyMs = shape.rounds.reduce((total, round) => total + roundMs(model, round), 0);
  const misses = model.pollMs === 0 ? 0 : Math.ceil(model.overheadMs / model.pollMs);
  const server = shape.writes === 0 ? 0 : model.serverUsdPerHour / OPERATIONS_PER_HOUR;
  const channelUsd = shape.writes * model.writeUsd + shape.reads * (1 + misses) * model.readUsd + server;
  const ranks = question.operation === 'send' ? 2 : question.worldSize;
  const gbSeconds = ranks * (latencyMs / 1000) * (question.memoryMiB / 1024);
  const waitingUsd = gbSeconds * pricesOf().lambda.gb_second.x86_64;
  return { channel, latencyMs, channelUsd, waitingUsd, totalUsd: channelUsd + waitingUsd };
}

// FMI's model of one exchange: the overhead grows with the logarithm of those who take part, the bytes share the bandwidth.
function roundMs(model: ChannelModel, { producers, consumers, bytes }: Round): number {
  const pairs = producers * consumers;
  const bandwidth = Math.min(pairs * model.bandwidth, model.sharedBandwidth);
  const transferMs = (1000 * pairs * (bytes / 1e6)) / bandwidth;
  return Math.log2(producers + consumers) * (model.overheadMs + model.pollMs / 2) + transferMs;
}

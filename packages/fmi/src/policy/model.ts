import type { ChannelKind } from '../channels/channel.ts';

/** What one channel costs in time and money. */
export interface ChannelModel {
  readonly layout: 'links' | 'board';
  /** Fixed time of one message, ms. */
  readonly overheadMs: number;
  /** Of one sender-receiver pair, MB/s. */
  readonly bandwidth: number;
  /** All pairs together, MB/s. */
  readonly sharedBandwidth: number;
  /** Between two looks for a message that isn't there yet, ms; 0 where messages announce themselves. */
  readonly pollMs: number;
  readonly writeUsd: number;
  readonly readUsd: number;
  /** Of the server in between. */
  readonly serverUsdPerHour: number;
}

/** How many operations an hour share the price of a server, as in FMI's published configuration. */
export const OPERATIONS_PER_HOUR = 1000;

/**
 * Overheads, bandwidths and prices of direct, store (S3) and redis as published with FMI (Copik et al., ICS 2023). Relay: a direct
 * message travels twice, and passes the bandwidth of one process that copies it (0.6 of a direct link, as measured on loopback).
 * Memory: measured in one process.
 */
export const publishedModels: Readonly<Record<ChannelKind, ChannelModel>> = {
  direct: {
    layout: 'links',
    overheadMs: 0.34,
    bandwidth: 400,
    sharedBandwidth: Infinity,
    pollMs: 0,
    writeUsd: 0,
    readUsd: 0,
    serverUsdPerHour: 0.0134,
  },
  relay: {
    layout: 'links',
    overheadMs: 0.68,
    bandwidth: 240,
    sharedBandwidth: 240,
    pollMs: 0,
    writeUsd: 0,
    readUsd: 0,
    serverUsdPerHour: 0.0134,
  },
  redis: {
    layout: 'board',
    overheadMs: 5.2,
    bandwidth: 100,
    sharedBandwidth: 400,
    pollMs: 0,
    writeUsd: 0,
    readUsd: 0,
    serverUsdPerHour: 0.0038,
  },
  store: {
    layout: 'board',
    overheadMs: 40.4,
    bandwidth: 50,
    sharedBandwidth: Infinity,
    pollMs: 100,
    writeUsd: 0.000_005_4,
    readUsd: 0.000_000_43,
    serverUsdPerHour: 0,
  },
  memory: {
    layout: 'links',
    overheadMs: 0.005,
    bandwidth: 2000,
    sharedBandwidth: 2000,
    pollMs: 0,
    writeUsd: 0,
    readUsd: 0,
    serverUsdPerHour: 0,
  },
};

export { Communicator } from './communicator.ts';
export type { CommunicatorOptions, OperationOptions, ReceiveOptions, ScanOptions } from './options.ts';
export type { Gathered } from './collectives/parts.ts';
export * from './errors.ts';
export {
  maximum,
  minimum,
  orderedSum,
  product,
  reduction,
  sum,
  type ElementwiseReduction,
  type Reduction,
  type ReductionLike,
  type Summable,
} from './reduction.ts';
export type { TypedArray } from './value.ts';
export { operationKinds, type OperationKind } from './operation.ts';
export {
  channelKinds,
  type ChannelFactory,
  type ChannelKind,
  type ChannelSetting,
  type LinkReport,
} from './channels/channel.ts';
export { memory, MemoryHub } from './channels/memory-channel.ts';
export { direct } from './channels/direct-channel.ts';
export {
  explainPolicy,
  type Hint,
  type PolicyExplanation,
  type PolicyQuestion,
  type PolicyRow,
} from './policy/policy.ts';
export { publishedModels, type ChannelModel } from './policy/model.ts';
export { joinWorld, type JoinOptions, type JoinTcpunchOptions } from './join-world.ts';
export { pingWorld, type PingOptions } from './ping/ping-world.ts';
export { pingRank, type PingRankOptions } from './ping/ping-rank.ts';
export { mergePing, type MergeOptions, type PingReport } from './ping/merge.ts';
// What joinWorld takes and throws.
export {
  deriveRunKey,
  LinkMismatchError,
  PeerGoneError,
  PeerUnreachableError,
  RendezvousRefusedError,
  RendezvousUnavailableError,
  type Endpoint,
} from '@cosmicai/rendezvous';

export type { ConnectOptions, ConnectorOptions, Departure, Endpoint, PeerConnector, PeerLink } from './peer-link.ts';
export {
  LinkMismatchError,
  PeerGoneError,
  PeerUnreachableError,
  RendezvousRefusedError,
  RendezvousUnavailableError,
  type Refusal,
  type UnfinishedStep,
} from './errors.ts';
export { checkRendezvous, type CheckOptions, type RendezvousCheck } from './client/check.ts';
export { createConnector } from './client/connector.ts';
export { meet, type MeetOptions } from './client/meet.ts';
export { meetV1, type MeetV1Options } from './client/meet-v1.ts';
export { readChunks } from './client/read-chunks.ts';
export { deriveRunKey } from './keys.ts';
export {
  defaultLimits as defaultRendezvousLimits,
  defaultTimeouts as defaultRendezvousTimeouts,
  type Limits as RendezvousLimits,
  type Logger as RendezvousLogger,
  type RendezvousServerOptions,
  type Timeouts as RendezvousTimeouts,
} from './server/options.ts';
export {
  defaultHealthPort as defaultRendezvousHealthPort,
  defaultPort as defaultRendezvousPort,
  startRendezvous,
  type RendezvousServer,
} from './server/start.ts';
export type { RendezvousStats } from './server/stats.ts';

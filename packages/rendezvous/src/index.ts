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
export { closeLink } from './client/close-link.ts';
export { dial } from './client/dial.ts';
export { readChunks } from './client/read-chunks.ts';
export { release } from './release.ts';
export { deriveRunKey } from './keys.ts';
export {
  defaultLimits,
  defaultTimeouts,
  type Limits as RendezvousLimits,
  type Logger as RendezvousLogger,
  type RendezvousServerOptions,
  type Timeouts as RendezvousTimeouts,
} from './server/options.ts';
export { defaultHealthPort, defaultPort, startRendezvous, type RendezvousServer } from './server/start.ts';
export type { RendezvousStats } from './server/stats.ts';

export type { ConnectOptions, ConnectorOptions, Departure, Endpoint, PeerConnector, PeerLink } from './peer-link.ts';
export {
  LinkMismatchError,
  PeerGoneError,
  PeerUnreachableError,
  RendezvousRefusedError,
  RendezvousUnavailableError,
  type Refusal,
} from './errors.ts';
export { checkRendezvous, type CheckOptions, type RendezvousCheck } from './client/check.ts';
export { createConnector } from './client/connector.ts';
export { deriveRunKey } from './keys.ts';
export {
  defaultLimits,
  defaultTimeouts,
  type Limits,
  type Logger,
  type RendezvousServerOptions,
  type Timeouts,
} from './server/options.ts';
export { defaultHealthPort, defaultPort, startRendezvous, type RendezvousServer } from './server/start.ts';
export type { RendezvousStats } from './server/stats.ts';

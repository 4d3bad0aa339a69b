export type { ConnectOptions, ConnectorOptions, Departure, Endpoint, PeerConnector, PeerLink } from './peer-link.ts';
export {
  PeerGoneError,
  PeerUnreachableError,
  RendezvousRefusedError,
  RendezvousUnavailableError,
  type Refusal,
} from './errors.ts';
// To come, with these signatures:
//   createConnector(options: ConnectorOptions): Promise<PeerConnector>
//   meet(options: MeetOptions): Promise<PeerLink>          one pair, one connector
//   meetV1({ rendezvous, pairingName, signal, deadline }): Promise<Socket>          TCPunch v1: raw, unauthenticated
//   checkRendezvous({ rendezvous, runId, runKey, worldSize, deadline }): Promise<RendezvousCheck>
//   deriveRunKey(secret: Uint8Array | string, runId: string): Buffer
//   startRendezvous(options): Promise<{ port, healthPort, stats(), close() }>

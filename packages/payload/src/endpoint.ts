import { UserInputError } from './errors.ts';

/** A host name or address (IPv6 without brackets) and a TCP port. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What `parseEndpoint` accepts, for messages. */
export const ENDPOINT_FORM = 'host:port with a port from 1 to 65535, e.g. rendezvous.example.org:10000';

/** @throws UserInputError unless the text is `host:port`; an IPv6 host stands in brackets */
export function parseEndpoint(text: string): Endpoint {
  const endpoint = endpointOf(text);
  if (endpoint === undefined) throw new UserInputError(`"${text}" is not an endpoint: expected ${ENDPOINT_FORM}.`);
  return endpoint;
}

export function isEndpoint(text: string): boolean {
  return endpointOf(text) !== undefined;
}

function endpointOf(text: string): Endpoint | undefined {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^\s:/]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port < 1 || port > 65_535) return undefined;
  return { host, port };
}

/** In the place of an endpoint: the server of the stage that the run is at, wherever that is when its ranks are to meet. */
export const STAGE_SERVER = 'stage';

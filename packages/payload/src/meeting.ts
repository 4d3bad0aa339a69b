/** What the ranks of a run, or of a ping, need to meet; lies at `rendezvousKey` of the run's layout. */
export interface Meeting {
  readonly runKey: Buffer;
  /** `host:port`; undefined: where the rank's task says. */
  readonly endpoint: string | undefined;
}

/** The key in hexadecimal and, in a second line, where the server was found: readers of earlier versions stop before that. */
export function meetingText({ runKey, endpoint }: { readonly runKey: Uint8Array; readonly endpoint?: string }): string {
  const key = Buffer.from(runKey).toString('hex');
  return endpoint === undefined ? key : `${key}\n${endpoint}`;
}

export function parseMeeting(text: string): Meeting {
  const [key = '', endpoint] = text.split('\n');
  return { runKey: Buffer.from(key, 'hex'), endpoint };
}

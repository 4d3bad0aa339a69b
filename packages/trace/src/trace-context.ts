/** Where the trace of this invocation goes. */
export interface TraceContext {
  readonly daemon: { readonly host: string; readonly port: number };
  readonly traceId: string;
  /** Of the function's segment, which Lambda writes. */
  readonly parentId: string;
}

/** What Lambda's environment tells of the trace of this invocation; undefined when there is none or it isn't sampled. */
export function traceContext(environment: NodeJS.ProcessEnv): TraceContext | undefined {
  const [, host, port] = /^([^:\s]+):(\d+)$/.exec(environment.AWS_XRAY_DAEMON_ADDRESS ?? '') ?? [];
  const header = new Map(
    (environment._X_AMZN_TRACE_ID ?? '').split(';').map((part): [string, string] => {
      const [name = '', value = ''] = part.split('=');
      return [name.trim(), value.trim()];
    }),
  );
  const traceId = header.get('Root');
  const parentId = header.get('Parent');
  if (host === undefined || traceId === undefined || parentId === undefined || header.get('Sampled') !== '1')
    return undefined;
  return { daemon: { host, port: Number(port) }, traceId, parentId };
}

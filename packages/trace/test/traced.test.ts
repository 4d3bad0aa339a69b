import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { traced } from '../src/index.ts';

const TRACE = '1-5759e988-bd862e3fe1be46a994272793';
const PARENT = '53995c3f42cd8ad8';
let daemon: Socket;
let received: string[];
beforeEach(async () => {
  received = [];
  daemon = createSocket('udp4');
  daemon.on('message', (message) => received.push(message.toString()));
  daemon.bind(0, '127.0.0.1');
  await once(daemon, 'listening');
});
afterEach(() => daemon.close());

const inLambda = (sampled: string) => ({
  AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${daemon.address().port}`,
  _X_AMZN_TRACE_ID: `Root=${TRACE};Parent=${PARENT};Sampled=${sampled};Lineage=1:2:3`,
});

/** The document of the only datagram. */
async function document(): Promise<Record<string, unknown>> {
  if (received.length === 0) await once(daemon, 'message');
  expect(received).toHaveLength(1);
  const [header, body, ...rest] = received[0]!.split('\n');
  expect(JSON.parse(header!)).toEqual({ format: 'json', version: 1 });
  expect(rest).toEqual([]);
  return JSON.parse(body!) as Record<string, unknown>;
}

describe('traced', () => {
  it('sends a subsegment of the function’s segment with what the work annotated', async () => {
    const before = Date.now() / 1000;
    const work = traced(
      'rank',
      (annotate) => {
        annotate({ run_id: 'run-1' });
        annotate({ rank: 3, cold_start: true });
        return Promise.resolve('done');
      },
      inLambda('1'),
    );
    expect(await work).toBe('done');
    const sent = await document();
    expect(sent).toMatchObject({
      type: 'subsegment',
      id: expect.stringMatching(/^[0-9a-f]{16}$/),
      trace_id: TRACE,
      parent_id: PARENT,
      name: 'rank',
      annotations: { run_id: 'run-1', rank: 3, cold_start: true },
    });
    expect(sent).not.toHaveProperty('fault');
    expect(sent.start_time).toBeGreaterThanOrEqual(before);
    expect(sent.end_time).toBeGreaterThanOrEqual(sent.start_time as number);
  });

  it('tells a failure as fault, with its annotations, and passes it on', async () => {
    const failing = (annotate: (more: { rank: number }) => void) => {
      annotate({ rank: 1 });
      return Promise.reject(new RangeError('partition 2.pt is damaged'));
    };
    await expect(traced('rank', failing, inLambda('1'))).rejects.toThrow(RangeError);
    expect(await document()).toMatchObject({
      fault: true,
      annotations: { rank: 1 },
      cause: { exceptions: [{ type: 'RangeError', message: 'partition 2.pt is damaged' }] },
    });
  });

  it.each([
    ['outside Lambda', () => ({})],
    ['when the request isn’t sampled', () => inLambda('0')],
    ['without a daemon', () => ({ ...inLambda('1'), AWS_XRAY_DAEMON_ADDRESS: undefined })],
    ['without a trace', () => ({ ...inLambda('1'), _X_AMZN_TRACE_ID: undefined })],
  ])('only does the work %s', async (_, environment) => {
    const work = (annotate: (more: { rank: number }) => void) => {
      annotate({ rank: 0 });
      return Promise.resolve('done');
    };
    expect(await traced('rank', work, environment())).toBe('done');
    // Sent after anything that could have been sent above.
    const last = createSocket('udp4');
    last.send('last', daemon.address().port, '127.0.0.1');
    await once(daemon, 'message');
    last.close();
    expect(received).toEqual(['last']);
  });

  it('does the work although nobody listens', async () => {
    const nowhere = { ...inLambda('1'), AWS_XRAY_DAEMON_ADDRESS: 'nobody.invalid:2000' };
    expect(await traced('rank', () => Promise.resolve('done'), nowhere)).toBe('done');
  });
});

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fileStore } from '@cosmicai/store';
import { init } from '../src/handler.ts';

describe('the trace of the init function', () => {
  it('is found by the run that it has planned', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cosmicai-trace-'));
    await fileStore(join(folder, 'galaxies')).put('100MB/1.pt', 'a partition');
    const daemon = createSocket('udp4');
    daemon.bind(0, '127.0.0.1');
    await once(daemon, 'listening');
    const received = once(daemon, 'message') as Promise<[Buffer]>;
    const environment = {
      COSMICAI_STORE: pathToFileURL(folder).href,
      AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${daemon.address().port}`,
      _X_AMZN_TRACE_ID: 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1',
    };
    Object.assign(process.env, environment);
    try {
      const { run } = await init({ bucket: 'galaxies', data_prefix: '100MB', world_size: 1 });
      const [, document] = (await received)[0].toString().split('\n');
      expect(JSON.parse(document!)).toMatchObject({ name: 'plan', annotations: { run_id: run.run_id } });
    } finally {
      for (const name of Object.keys(environment)) Reflect.deleteProperty(process.env, name);
      daemon.close();
      rmSync(folder, { recursive: true });
    }
  });
});

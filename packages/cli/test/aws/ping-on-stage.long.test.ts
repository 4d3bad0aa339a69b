import type { PingReport } from '@cosmicai/fmi';
import { startRendezvous, type RendezvousServer } from '@cosmicai/rendezvous';
import { openStore } from '@cosmicai/store';
import { whyNoStandIn } from '@cosmicai/aws-standin';
import { printedJson, printedRun } from '../support/workspace.ts';
import { STAGE, UserOfBareStage } from './bare-stage.ts';

const reason = whyNoStandIn();
if (reason !== undefined) console.warn(`Meeting at a stage is not tested: ${reason}`);

const AT = ['--target', 'aws', '--stage', STAGE];
const SECRET = 'a-secret-of-the-rendezvous-server';

(reason === undefined ? describe : describe.skip)(
  'ranks of a stage on a stand-in for AWS, which runs no containers',
  () => {
    let server: RendezvousServer;
    let other: RendezvousServer;
    beforeAll(async () => {
      const local = { host: '127.0.0.1', port: 0, healthPort: 0 };
      server = await startRendezvous({ ...local, secrets: [SECRET] });
      other = await startRendezvous({ ...local, secrets: ['a secret that the stage does not have'] });
    });
    afterAll(async () => {
      await server.close(0);
      await other.close(0);
    });
    const user = new UserOfBareStage({ count: 16, files: 2 }, () => ({
      functionEnvironment: { COSMICAI_RENDEZVOUS_SECRETS: SECRET },
      // As where the server has a DNS name: the server itself runs here.
      outputs: {
        RendezvousClusterName: `cosmicai-${STAGE}`,
        RendezvousServiceName: 'rendezvous',
        RendezvousPort: String(server.port),
        RendezvousEndpoint: `127.0.0.1:${server.port}`,
      },
    }));
    const { cosmicai } = user;
    const ping = (...args: string[]) => cosmicai('fmi', 'ping', ...AT, ...args);

    it('meet for a ping in functions of their own, and leave no key behind', async () => {
      const end = await ping('--json');
      expect(end).toMatchObject({ code: 0, stderr: '' });
      const report = printedJson(end) as PingReport;
      expect(report).toMatchObject({ ok: true, worldSize: 2, rendezvous: { port: server.port }, failedStep: null });
      expect(report.steps.map(({ step }) => step)).toEqual(expect.arrayContaining(['invoke', 'key', 'collectives']));
      expect(report.pairs).toEqual([expect.objectContaining({ ranks: [0, 1], channel: 'direct' })]);
      expect(report.collectives.filter(({ ok }) => !ok)).toEqual([]);
      const left: string[] = [];
      for await (const { key } of openStore(`s3://${user.stage.bucket}`).list('results/')) left.push(key);
      expect(left).toEqual([]);
    });

    it('tell at which step they fail', async () => {
      const [stranger, nobody] = await Promise.all([
        ping('--rendezvous', `127.0.0.1:${other.port}`, '-n', '3'),
        ping('--rendezvous', '127.0.0.1:9'),
      ]);
      expect(stranger.code).toBe(1);
      expect(stranger.stdout).toMatch(/^Failed +at the step "authenticate"$/m);
      expect(stranger.stdout).toMatch(/^authenticate +failed .* rank 0, 1, 2: .*refused/m);
      expect(nobody.code).toBe(1);
      expect(nobody.stdout).toMatch(/^connect +failed .* rank 0, 1: connect ECONNREFUSED 127\.0\.0\.1:9/m);
    });

    it('meet in a run at the server that the stage tells of', async () => {
      const args = [
        'run',
        ...AT,
        '--data',
        'parts',
        '-m',
        'fast.onnx',
        '-n',
        '2',
        '--fmi',
        '-r',
        'results/met',
        '--json',
      ];
      const end = await cosmicai(...args);
      expect(end.code).toBe(0);
      const { summary } = printedRun(end);
      const folder = `results/met/runs/${summary!.run_id}`;
      const fmi = JSON.parse((await openStore(`s3://${user.stage.bucket}`).get(`${folder}/fmi.json`)).toString()) as {
        ranks: { rank: number }[];
      };
      expect(fmi.ranks.map(({ rank }) => rank)).toEqual([0, 1]);
    });
  },
);

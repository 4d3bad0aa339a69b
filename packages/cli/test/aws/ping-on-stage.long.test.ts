import { fileURLToPath } from 'node:url';
import { DescribeServicesCommand, ECSClient } from '@aws-sdk/client-ecs';
import type { PingReport } from '@cosmicai/fmi';
import { startRendezvous, type RendezvousServer } from '@cosmicai/rendezvous';
import { openStore } from '@cosmicai/store';
import { whyNoStandIn } from '@cosmicai/aws-standin';
import { freePort } from '../../../../test/free-port.ts';
import { printedJson, printedRun } from '../support/workspace.ts';
import { STAGE, UserOfBareStage } from './bare-stage.ts';

const reason = whyNoStandIn();
if (reason !== undefined) console.warn(`Meeting at a stage is not tested: ${reason}`);

const AT = ['--target', 'aws', '--stage', STAGE];
const SECRET = 'a-secret-of-the-rendezvous-server';
const SERVER = fileURLToPath(new URL('../../../../services/rendezvous/src/main.ts', import.meta.url));
const CLUSTER = `cosmicai-${STAGE}`;

/** The ECS service of a server that ends after a few seconds without work. */
function serviceAt(port: number, healthPort: number) {
  const Environment = Object.entries({
    PORT: port,
    HEALTH_PORT: healthPort,
    HOST: '127.0.0.1',
    IDLE_MINUTES: 0.03,
    ECS_SERVICE: `${CLUSTER}/rendezvous`,
  }).map(([name, value]) => ({ Name: `COSMICAI_RENDEZVOUS_${name}`, Value: String(value) }));
  const container = { Name: 'rendezvous', Image: 'rendezvous', Memory: 512, Environment };
  return {
    Cluster: { Type: 'AWS::ECS::Cluster', Properties: { ClusterName: CLUSTER } },
    Task: { Type: 'AWS::ECS::TaskDefinition', Properties: { Family: 'bare', ContainerDefinitions: [container] } },
    rendezvous: {
      Type: 'AWS::ECS::Service',
      Properties: {
        Cluster: { Ref: 'Cluster' },
        TaskDefinition: { Ref: 'Task' },
        ServiceName: 'rendezvous',
        DesiredCount: 0,
      },
    },
  };
}

(reason === undefined ? describe : describe.skip)(
  'ranks of a stage on a stand-in for AWS, whose server is there for runs only',
  () => {
    let ports: { port: number; health: number };
    let other: RendezvousServer;
    beforeAll(async () => {
      ports = { port: await freePort(), health: await freePort() };
      const local = { host: '127.0.0.1', port: 0, healthPort: 0 };
      other = await startRendezvous({ ...local, secrets: ['a secret that the stage does not have'] });
    });
    afterAll(() => other.close(0));
    const user = new UserOfBareStage({ count: 16, files: 2 }, () => ({
      functionEnvironment: {
        COSMICAI_RENDEZVOUS_SECRETS: SECRET,
        COSMICAI_RENDEZVOUS_SERVICE: `${CLUSTER}/rendezvous`,
        COSMICAI_RENDEZVOUS_PORT: String(ports.port),
        COSMICAI_RENDEZVOUS_MODE: 'on-demand',
      },
      outputs: {
        RendezvousClusterName: CLUSTER,
        RendezvousServiceName: 'rendezvous',
        RendezvousMode: 'on-demand',
      },
      resources: serviceAt(ports.port, ports.health),
      tasks: { command: [process.execPath, SERVER], environment: { COSMICAI_RENDEZVOUS_SECRETS: SECRET } },
    }));
    const { cosmicai } = user;
    const ping = (...args: string[]) => cosmicai('fmi', 'ping', ...AT, ...args);

    const tasks = async () => {
      const request = { cluster: CLUSTER, services: ['rendezvous'] };
      const { services: [found] = [] } = await new ECSClient().send(new DescribeServicesCommand(request));
      return (found?.desiredCount ?? 0) + (found?.runningCount ?? 0);
    };
    /** The server ends by itself. */
    const isOver = async () => {
      while ((await tasks()) > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    };
    beforeEach(isOver, 60_000);

    it('meet for a ping in functions of their own, and leave no key behind', async () => {
      const end = await ping('--json');
      expect(end).toMatchObject({ code: 0, stderr: '' });
      const report = printedJson(end) as PingReport;
      expect(report).toMatchObject({
        ok: true,
        worldSize: 2,
        rendezvous: { host: '127.0.0.1', port: ports.port },
        failedStep: null,
      });
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

    it('meet in two runs that begin at once, and after the server has ended in another', async () => {
      const met = async (results: string) => {
        const data = ['--data', 'parts', '-m', 'fast.onnx', '-n', '2', '--fmi', '-r', results, '--json'];
        const end = await cosmicai('run', ...AT, ...data);
        expect(end).toMatchObject({ code: 0 });
        const { summary } = printedRun(end);
        const folder = `${results}/runs/${summary!.run_id}`;
        const fmi = JSON.parse((await openStore(`s3://${user.stage.bucket}`).get(`${folder}/fmi.json`)).toString()) as {
          ranks: { rank: number }[];
        };
        expect(fmi.ranks.map(({ rank }) => rank)).toEqual([0, 1]);
      };
      await Promise.all(['results/met-one', 'results/met-two'].map(met));
      await isOver();
      await met('results/met-again');
    });
  },
);

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compileFunction } from 'node:vm';
import { root } from './stacks.ts';

const code = await readFile(join(root, 'infrastructure/rendezvous-name.cjs'), 'utf8');

type Handler = (event: unknown) => Promise<void>;

/** The function as Lambda runs it, with clients that record what they are asked. */
function load(answer: unknown): { handler: Handler; asked: unknown[] } {
  const asked: unknown[] = [];
  class Client {
    async send(command: { input: unknown }): Promise<unknown> {
      asked.push(command.input);
      return answer;
    }
  }
  class Command {
    readonly input: unknown;
    constructor(input: unknown) {
      this.input = input;
    }
  }
  const clients = {
    EC2Client: Client,
    Route53Client: Client,
    DescribeNetworkInterfacesCommand: Command,
    ChangeResourceRecordSetsCommand: Command,
  };
  const exported: { handler?: Handler } = {};
  const environment = { env: { ZONE_ID: 'Z1', NAME: 'rendezvous.example.org' } };
  const run = compileFunction(code, ['require', 'exports', 'process', 'console']) as (...given: unknown[]) => void;
  run(() => clients, exported, environment, { log: () => undefined });
  return { handler: exported.handler!, asked };
}

describe("the function that leads the rendezvous server's name to its address", () => {
  it('points the name at the public address of the task that came up', async () => {
    const { handler, asked } = load({ NetworkInterfaces: [{ Association: { PublicIp: '203.0.113.7' } }] });
    await handler({
      detail: {
        attachments: [
          { details: [{ name: 'subnetId', value: 'subnet-1' }] },
          { details: [{ name: 'networkInterfaceId', value: 'eni-7' }] },
        ],
      },
    });
    expect(asked[0]).toEqual({ NetworkInterfaceIds: ['eni-7'] });
    expect(asked[1]).toEqual({
      HostedZoneId: 'Z1',
      ChangeBatch: {
        Changes: [
          {
            Action: 'UPSERT',
            ResourceRecordSet: {
              Name: 'rendezvous.example.org',
              Type: 'A',
              TTL: 30,
              ResourceRecords: [{ Value: '203.0.113.7' }],
            },
          },
        ],
      },
    });
  });

  it('fits into a template', () => {
    expect(code.length).toBeLessThanOrEqual(4096);
    // The framework would take these for its own variables.
    expect(code).not.toContain('${');
  });
});

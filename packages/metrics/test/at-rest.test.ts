import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { costsAtRest, pricesOf, type StageAtRest } from '../src/index.ts';

const prices = pricesOf();
const BARE: StageAtRest = {
  alarms: 4,
  alarmKey: false,
  provisioned: { environments: 0, memoryMb: 3008, architecture: 'x86_64' },
  rendezvous: null,
};
const usd = (changes: Partial<StageAtRest>) =>
  Object.fromEntries(costsAtRest({ ...BARE, ...changes }, prices)!.map((line) => [line.what, line.usd]));

it('a bare stage costs its alarms, and a key where they have one', () => {
  expect(usd({})).toEqual({ alarms: 0.4 });
  expect(usd({ alarmKey: true })).toEqual({ alarms: 0.4, 'key of the alarms': 1 });
});

it('a server costs its size for 730 hours, an address and a secret', () => {
  const size = { vcpus: 0.25, memoryMb: 1024 };
  const server = usd({ rendezvous: { ...size, architecture: 'x86_64' } });
  expect(server).toMatchObject({ 'secret of the server': 0.4, 'address of the server': 3.65 });
  expect(server.server).toBeCloseTo(730 * (0.25 * 0.04048 + 0.004445), 10);
  expect(usd({ rendezvous: { ...size, architecture: 'arm64' } }).server).toBeCloseTo(
    730 * (0.25 * 0.03238 + 0.00356),
    10,
  );
});

it('a server that is there for runs only costs its secret', () => {
  const rendezvous = { vcpus: 0.25, memoryMb: 1024, architecture: 'x86_64', idleMinutes: 10 } as const;
  expect(usd({ rendezvous })).toEqual({ alarms: 0.4, 'secret of the server': 0.4 });
});

it('what is kept warm costs its memory all the time', () => {
  const provisioned = { environments: 2, memoryMb: 1024, architecture: 'arm64' } as const;
  expect(usd({ provisioned })['provisioned concurrency']).toBeCloseTo(2 * 730 * 3600 * 0.0000033334, 10);
});

it('prices of an earlier version know nothing of it', () => {
  const { at_rest: _, ...earlier } = prices;
  expect(costsAtRest(BARE, earlier)).toBeUndefined();
});

it('the page on costs has the figures of the price book', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/costs.md'), 'utf8');
  const [, section = ''] = page.split('## At rest');
  const rows = [...section.matchAll(/^\| ([^|]+?) +\| ([\d.]+)/gm)].map(([, what, price]) => [what, Number(price)]);
  const each = prices.at_rest!;
  expect(Object.fromEntries(rows)).toMatchObject({
    Alarms: each.alarm,
    'Key of the alarms': each.kms_key,
    Dashboard: each.dashboard,
    'Metrics of its own': each.metric,
    Budget: each.budget,
    Bucket: each.s3_gb,
    Logs: each.logs_gb,
    'Server: image': each.ecr_gb,
    'Server: secret': each.secret,
    'Server: address': each.public_ipv4_hour,
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const config = createRequire(import.meta.url)('../../../config/options.cjs') as {
  stageOptions(stage: string, folder: string): { rendezvous: object };
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cosmicai-options-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The options of a stage whose file says so of its server. */
function withServer(rendezvous: object) {
  writeFileSync(join(folder, 'trial.yml'), JSON.stringify({ rendezvous }));
  return config.stageOptions('trial', folder).rendezvous;
}

describe('the size of a rendezvous server', () => {
  it.each([
    [256, 512],
    [256, 2048],
    [512, 4096],
    [1024, 3072],
    [8192, 20_480],
    [16_384, 122_880],
  ])('may be %d units and %d MB', (cpu, memory) => {
    expect(withServer({ cpu, memory })).toMatchObject({ cpu, memory });
  });

  it('is a quarter of a vCPU and 1 GB unless it is said', () => {
    expect(withServer({})).toMatchObject({ cpu: 256, memory: 1024 });
  });

  it.each([
    [{ cpu: 1000 }, /rendezvous\.cpu must be one of 256, 512, .*16384 \(Fargate\), not 1000/],
    [{ cpu: 256, memory: 1536 }, /memory must be 512, 1024 or 2048 with rendezvous\.cpu: 256 \(Fargate\), not 1536/],
    [{ cpu: 1024 }, /memory must be 2048 to 8192 in steps of 1024 with rendezvous\.cpu: 1024 .*not 1024/],
    [{ cpu: 1024, memory: 9216 }, /2048 to 8192/],
    [{ cpu: 8192, memory: 17_408 }, /16384 to 61440 in steps of 4096/],
  ])('is refused where Fargate has none such: %j', (server, message) => {
    expect(() => withServer(server)).toThrow(message);
  });
});

describe('the mode of a rendezvous server', () => {
  it('is on-demand, with ten idle minutes, unless it is said', () => {
    expect(withServer({})).toMatchObject({ mode: 'on-demand', idle_minutes: 10 });
    expect(withServer({ mode: 'always' })).toMatchObject({ mode: 'always' });
  });

  it.each([
    [{ mode: 'sometimes' }, /rendezvous\.mode must be on-demand or always, not "sometimes"/],
    [{ idle_minutes: 0 }, /rendezvous\.idle_minutes must be more than 0 and 1440 at most, not 0/],
    [{ idle_minutes: 1441 }, /not 1441/],
  ])('is refused where it can not be: %j', (server, message) => {
    expect(() => withServer(server)).toThrow(message);
  });
});

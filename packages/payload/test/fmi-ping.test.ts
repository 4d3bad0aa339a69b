import { fmiPingTaskSchema, isFmiPing, parseAs } from '../src/index.ts';

const task = {
  ping_id: 'ping-0f1e2d3c',
  bucket: 'galaxies',
  result_path: 'results',
  rendezvous_endpoint: 'rendezvous.example.org:10000',
  rank: '1',
  world_size: 2,
};
const parse = (different: object) => parseAs(fmiPingTaskSchema, { fmi_ping: { ...task, ...different } }, 'ping');

describe('a ping task', () => {
  it('is a kind of its own among what the inference function is given', () => {
    expect(isFmiPing({ fmi_ping: {} })).toBe(true);
    expect([{ RANK: '0', FMI_ENABLED: true }, null, 'fmi_ping', undefined].filter(isFmiPing)).toEqual([]);
  });

  it('goes the direct way with patience for cold starts, unless it says otherwise', () => {
    expect(parse({}).fmi_ping).toMatchObject({ rank: 1, path: 'direct', encrypt: false, patience_ms: 30_000 });
  });

  it('never names a run, whose key it would be given', () => {
    expect(() => parse({ ping_id: '20260304T050607Z-01234567' })).toThrow('the id of a ping: ping-…');
  });

  it('is refused with every problem named', () => {
    expect(() => parse({ world_size: 65, path: 'pigeon', patience_ms: 0 })).toThrow(
      /world_size.*\n.*path.*\n.*patience_ms/,
    );
  });
});

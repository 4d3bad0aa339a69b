import { labObstacle } from '../lab/network.ts';
import { runScenario } from '../lab/run-scenario.ts';
import { allowedKinds, scenarios } from '../lab/scenarios.ts';

const obstacle = labObstacle();
if (obstacle !== undefined) console.warn(`Skipped: the lab of NATs can't run here: ${obstacle}.`);

// A few rounds each; `pnpm --filter @cosmicai/service-rendezvous lab` runs fifty.
const rounds = 3;

(obstacle === undefined ? describe : describe.skip)('peers in the lab of NATs', () => {
  it.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', async (_name, scenario) => {
    const { meetings } = await runScenario(scenario, rounds, rounds);
    const found = meetings.map((pair) => pair.map(({ kind, intact, error }) => ({ kind, intact, error })));
    // Both ends of a link tell the same of it.
    const whole = meetings.map(([{ kind }]) => [kind, kind].map((same) => ({ kind: same, intact: true, error: '' })));
    expect(found).toEqual(whole);
    expect(found).toHaveLength(rounds);
    expect(allowedKinds(scenario)).toEqual(expect.arrayContaining(meetings.map(([{ kind }]) => kind)));
  });
});

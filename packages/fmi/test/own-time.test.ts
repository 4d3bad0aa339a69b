import { performance } from 'node:perf_hooks';
import { afterOwnTime } from '../src/own-time.ts';

function keepFromTurn(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe('own time', () => {
  it('is not over when a process was kept from its turn: what has arrived is read first', async () => {
    const heard: string[] = [];
    const over = new Promise<void>((resolve) => {
      afterOwnTime(80, () => {
        heard.push('over');
        resolve();
      });
    });
    setImmediate(() => heard.push('arrived'));
    keepFromTurn(200);
    await over;
    expect(heard).toEqual(['arrived', 'over']);
  });

  it('passes', async () => {
    const since = performance.now();
    await new Promise<void>((resolve) => {
      afterOwnTime(40, resolve);
    });
    // Timers of Node may be early by less than a millisecond each.
    expect(performance.now() - since).toBeGreaterThan(30);
  });

  it('is called off', async () => {
    let called = false;
    const callOff = afterOwnTime(8, () => (called = true));
    callOff();
    await new Promise<void>((resolve) => {
      afterOwnTime(40, resolve);
    });
    expect(called).toBe(false);
  });
});

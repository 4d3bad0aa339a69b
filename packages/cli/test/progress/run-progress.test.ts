import { Writable } from 'node:stream';
import type { RankProgress, RunEventBody } from '@cosmicai/payload';
import type { Ticker } from '../../src/output/ticker.ts';
import { terminalOf } from '../../src/output/terminal.ts';
import { RunProgress, type RunProgressOptions } from '../../src/run/run-progress.ts';

/** Time that passes when it is told to, in ticks of a display. */
class ManualTicker implements Ticker {
  #now = 0;
  #calls: (() => void)[] = [];
  #every = Infinity;

  readonly now = () => this.#now;

  every(milliseconds: number, call: () => void): () => void {
    this.#every = milliseconds;
    this.#calls.push(call);
    return () => (this.#calls = []);
  }

  pass(seconds: number): void {
    for (const end = this.#now + seconds * 1000; this.#now < end;) {
      this.#now += this.#every;
      for (const call of this.#calls) call();
    }
  }

  /** Nobody is called meanwhile. */
  jump(seconds: number): void {
    this.#now += seconds * 1000;
  }
}

function watched(
  interactive: boolean,
  { tell, columns }: Pick<RunProgressOptions, 'tell'> & { columns?: number } = {},
) {
  let written = '';
  const stderr = new Writable({
    write(chunk: Buffer, _, done) {
      written += chunk.toString();
      done();
    },
  });
  Object.assign(stderr, { columns });
  const terminal = terminalOf(
    { stdout: stderr, stderr },
    { interactive, environment: {}, cwd: '/', signal: new AbortController().signal },
  );
  const ticker = new ManualTicker();
  const progress = new RunProgress(terminal, { ticker, ...(tell && { tell }) });
  const show = (event: RunEventBody & { readonly in?: string }) =>
    progress.show({ id: 1, time: '2026-03-04T05:06:07.000Z', ...event });
  /** What was written since this was asked last. */
  const fresh = () => {
    const text = written;
    written = '';
    return text;
  };
  return { progress, ticker, show, fresh };
}

const beat = (rank: number, galaxies: number): RankProgress => ({
  rank,
  galaxies,
  opened_galaxies: 100,
  opened_bytes: 1000,
});

/** Infer has begun with two ranks of 100 galaxies, the first of which is at work as process 77. */
function begun({ show, progress }: Pick<ReturnType<typeof watched>, 'show' | 'progress'>) {
  show({ type: 'StateEntered', state: 'Infer', stateType: 'Map', input: null });
  show({ type: 'MapRunStarted', state: 'Infer', items: 2, children: 2, concurrency: 1 });
  progress.hear({ type: 'BytesPlanned', bytes: 2000 });
  show({ type: 'ChildStarted', state: 'Infer', index: 0, name: 'one', input: { RANK: '0', DATA_PATH: '1.pt' } });
  const invoked = { state: 'Predict', functionName: 'infer', requestId: 'a', pid: 77 };
  show({ type: 'FunctionStarted', in: 'Infer[0]', ...invoked });
}

describe('RunProgress where nobody watches', () => {
  it('prints a line within a second of Infer, every five seconds, and every ten after a minute', () => {
    const run = watched(false);
    begun(run);
    expect(run.fresh()).toBe('Infer\n');
    run.ticker.pass(1);
    expect(run.fresh()).toBe('Infer, 0 s: 0 of 2 ranks, 1 at work\n');
    const lines: number[] = [];
    for (let second = 1; second < 120; second++) {
      run.progress.hear({
        type: 'RankAtWork',
        in: 'Infer[0]',
        progress: beat(0, second / 2 > 50 ? 50 : Math.floor(second / 2)),
      });
      run.ticker.pass(1);
      const text = run.fresh();
      if (text !== '') lines.push(second + 1);
    }
    const gaps = lines.map((second, at) => second - (lines[at - 1] ?? 1));
    expect(gaps.slice(0, 11)).toEqual(Array.from({ length: 11 }, () => 5));
    expect(new Set(gaps.slice(11))).toEqual(new Set([10]));
  });

  it('says how much is done of what, how fast and for how long, and how it ended', () => {
    const run = watched(false);
    begun(run);
    run.ticker.pass(1);
    for (let second = 1; second <= 10; second++) {
      run.progress.hear({ type: 'RankAtWork', in: 'Infer[0]', progress: beat(0, 5 * second) });
      run.ticker.pass(1);
    }
    expect(run.fresh().trimEnd().split('\n').at(-1)).toBe(
      'Infer, 10 s: 50 of about 200 galaxies, 5.0/s, about 30 s left, 0 of 2 ranks, 1 at work',
    );
    run.show({ type: 'ChildSucceeded', state: 'Infer', index: 0, output: { samples: 100 } });
    run.show({ type: 'ChildFailed', state: 'Infer', index: 1, error: 'Oops', cause: 'no' });
    const counts = { succeeded: 1, failed: 1, aborted: 0, pending: 0 };
    run.show({ type: 'MapRunEnded', state: 'Infer', status: 'FAILED', ...counts });
    expect(run.fresh()).toMatch(
      /^Infer: rank 1 failed: Oops: no\nInfer, 11 s: 100 of about 200 galaxies, .*, 1 of 2 ranks, 1 failed\n$/,
    );
    run.ticker.pass(4);
    expect(run.fresh()).toBe('');
  });

  it('names a rank that says nothing for half a minute, once, with its process', () => {
    const run = watched(false);
    begun(run);
    run.ticker.pass(29.5);
    expect(run.fresh()).not.toContain('nothing');
    run.ticker.pass(20);
    const said = run.fresh().match(/.*nothing.*/g);
    expect(said).toEqual(['Infer: rank 0 has said nothing for 30 s, before its first galaxy (process 77)']);
  });

  it('names five of the ranks that fall silent together', () => {
    const run = watched(false);
    begun(run);
    for (let rank = 0; rank < 200; rank++) run.progress.hear({ type: 'RankBegan', rank });
    run.ticker.pass(31);
    expect(run.fresh().match(/.*nothing.*/g)).toHaveLength(6);
  });

  it('was asleep itself where its own time stood still', () => {
    const run = watched(false);
    begun(run);
    run.ticker.pass(2);
    run.ticker.jump(300);
    run.ticker.pass(2);
    expect(run.fresh()).not.toContain('nothing');
  });

  it('tells of a state without ranks that takes long', () => {
    const run = watched(false);
    run.show({ type: 'StateEntered', state: 'Summarize', stateType: 'Task', input: null });
    run.ticker.pass(6);
    expect(run.fresh()).toBe('Summarize\nSummarize, 5 s\n');
  });
});

describe('RunProgress before people', () => {
  it('changes its line twice a second, whether ranks are heard of or not, and never wraps it', () => {
    const run = watched(true, { columns: 30 });
    begun(run);
    run.fresh();
    run.ticker.pass(2.5);
    const drawn = run.fresh().split('\r\u001b[2K').slice(1);
    expect(drawn).toHaveLength(5);
    expect(drawn.every((line) => line.startsWith('Infer, ') && line.length < 30)).toBe(true);
    expect(drawn[0]).not.toBe(drawn.at(-1));
  });

  it('makes room for lines that stay, and leaves nothing behind', () => {
    const run = watched(true);
    begun(run);
    run.ticker.pass(0.5);
    run.fresh();
    run.show({ type: 'StateRetried', in: 'Infer[0]', state: 'Predict', attempt: 1 });
    expect(run.fresh()).toBe('\r\u001b[2KInfer[0]: trying Predict again (attempt 2)\n');
    run.ticker.pass(0.5);
    run.fresh();
    run.progress[Symbol.dispose]();
    expect(run.fresh()).toBe('\r\u001b[2K');
    run.ticker.pass(5);
    expect(run.fresh()).toBe('');
  });
});

describe('what other terminals are told', () => {
  it('is the state and the figures, every two seconds', () => {
    const told: unknown[] = [];
    const run = watched(false, { tell: (figures) => told.push(figures) });
    begun(run);
    run.progress.hear({ type: 'RankAtWork', in: 'Infer[0]', progress: beat(0, 7) });
    run.ticker.pass(10);
    expect(told).toHaveLength(5);
    expect(told[0]).toMatchObject({
      state: 'Infer',
      state_seconds: 0.5,
      figures: { galaxies: 7, ranks: { total: 2 } },
    });
  });
});

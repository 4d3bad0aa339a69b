import { RendezvousRefusedError, RendezvousUnavailableError } from '@cosmicai/rendezvous';
import { reachServer, RendezvousNotStartedError, START_LIMIT_MS } from '../src/reach-server.ts';
import type { ServerState, StageServer } from '../src/stage-server.ts';

const ENDPOINT = '203.0.113.7:10000';

/** A service of ECS whose task runs `startMs` after it was wanted; its server may end at any time. */
class Service implements StageServer {
  readonly service = 'cosmicai-dev/rendezvous';
  readonly region = 'us-east-1';
  readonly name = undefined;
  readonly asked: string[] = [];
  wanted = 0;
  news: string | undefined;
  now = 0;
  #runsFrom = Infinity;
  /** Seen at each look: what happens meanwhile. */
  meanwhile: (look: number) => void = () => undefined;
  looks = 0;
  readonly onDemand: boolean;
  readonly startMs: number;

  constructor({ onDemand = true, startMs = 40_000 } = {}) {
    this.onDemand = onDemand;
    this.startMs = startMs;
  }

  runs(): void {
    this.wanted = 1;
    this.#runsFrom = this.now;
  }

  /** It lets its service have no task, and ends. */
  ends(): void {
    this.wanted = 0;
    this.#runsFrom = Infinity;
  }

  get answers(): boolean {
    return this.now >= this.#runsFrom;
  }

  readonly clock = {
    now: () => this.now,
    today: () => new Date(this.now),
    sleep: async (milliseconds: number) => {
      this.now += milliseconds;
    },
  };

  async look(): Promise<ServerState> {
    this.meanwhile(++this.looks);
    return { wanted: this.wanted, endpoint: this.answers ? ENDPOINT : undefined, news: this.news };
  }

  async start(): Promise<void> {
    this.asked.push('start');
    this.wanted = 1;
    this.#runsFrom = this.now + this.startMs;
  }

  async stop(): Promise<void> {
    this.asked.push('stop');
    this.ends();
  }
}

const reach = (service: Service, prove?: (endpoint: string) => Promise<string>) =>
  reachServer(service, prove ?? (async (endpoint) => `met at ${endpoint}`), service.clock);
const unavailable = new RendezvousUnavailableError('Nobody answers.');

describe('the server of a stage', () => {
  it('is started where it is there for runs only, and met where it is then', async () => {
    const service = new Service();
    expect(await reach(service)).toBe(`met at ${ENDPOINT}`);
    expect(service.asked).toEqual(['start']);
    expect(service.now).toBe(40_000);
  });

  it('is met at once where it runs', async () => {
    const service = new Service();
    service.runs();
    await reach(service);
    expect([service.asked, service.now]).toEqual([[], 0]);
  });

  it('is waited for until it answers, though its task runs', async () => {
    const service = new Service();
    service.runs();
    const answers = [unavailable, new RendezvousRefusedError('draining', 'the server is shutting down')];
    const found = await reach(service, async () => {
      const error = answers.shift();
      if (error !== undefined) throw error;
      return 'met';
    });
    expect(found).toBe('met');
  });

  it('is started again when it ends by itself as the run arrives', async () => {
    const service = new Service();
    service.runs();
    // It has closed, and tells its service between the first look and the second.
    service.meanwhile = (look) => {
      if (look === 2) service.ends();
    };
    let tries = 0;
    const found = await reach(service, async () => {
      if (++tries === 1) throw unavailable;
      return 'met';
    });
    expect(found).toBe('met');
    expect(service.asked).toEqual(['start']);
  });

  it('serves two executions that start at once, of which one starts it', async () => {
    const service = new Service();
    expect(await Promise.all([reach(service), reach(service)])).toEqual([`met at ${ENDPOINT}`, `met at ${ENDPOINT}`]);
  });

  it('is given up when it does not come, by name, with what ECS says, and not left starting', async () => {
    const service = new Service({ startMs: Infinity });
    service.news = 'CannotPullContainerError: no such image';
    const error = await reach(service).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RendezvousNotStartedError);
    expect((error as Error).message).toMatch(
      /within 240 s \(no task runs\)\. ECS says: CannotPull.*log, \/cosmicai\/dev\/rendezvous/,
    );
    expect(service.asked).toEqual(['start', 'stop']);
    expect(service.now).toBeGreaterThanOrEqual(START_LIMIT_MS);
  });

  it('is not left running either where nobody answers there', async () => {
    const service = new Service();
    service.runs();
    await expect(reach(service, () => Promise.reject(unavailable))).rejects.toThrow(/within 240 s \(Nobody answers\)/);
    expect(service.asked).toEqual(['stop']);
  });

  it('is left as it is where it has answered: others may be with it', async () => {
    const service = new Service();
    service.runs();
    const answers: Error[] = [new RendezvousRefusedError('limit', 'the server holds 10000 runs already')];
    const never = reach(service, () => Promise.reject(answers.shift() ?? unavailable));
    await expect(never).rejects.toThrow(RendezvousNotStartedError);
    expect(service.asked).toEqual([]);
  });

  it('fails the run at once where it refuses for good', async () => {
    const service = new Service();
    service.runs();
    const refusal = new RendezvousRefusedError('unknownKey', 'another secret');
    await expect(reach(service, () => Promise.reject(refusal))).rejects.toBe(refusal);
    expect(service.looks).toBe(1);
  });

  it('is not started where it is always there and somebody has paused it', async () => {
    const service = new Service({ onDemand: false });
    await expect(reach(service)).rejects.toThrow(
      /is paused, and rendezvous\.mode is always.*--region us-east-1 --cluster cosmicai-dev --service rendezvous --desired-count 1/,
    );
    expect(service.asked).toEqual([]);
  });
});

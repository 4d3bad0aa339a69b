import type { RankSignal } from '@cosmicai/engine';
import { functionMessage, ranksOf, type ProgressRecord, type RunEvent } from '@cosmicai/payload';
import { z } from 'zod';
import { LiveLine } from '../output/live-line.ts';
import type { Terminal } from '../output/terminal.ts';
import { systemTicker, type Ticker } from '../output/ticker.ts';
import { RankBoard, type RankCounts, describeFigures, describeSilence, elapsed } from '@cosmicai/runs';

/** The line for people is drawn so often. */
const DRAW_MS = 500;
/** Where nobody watches, lines come within 1 s of a Map, then 5 s apart, after a minute 10 s apart. */
const PLAIN = { first: 0.4, early: 5, earlyUntil: 60, late: 10 } as const;
/** Other terminals hear of the run so often. */
const TELL_MS = 2000;
/** A tick that is so late was none that the machine was only busy for. */
const ASLEEP_MS = 5000;
/** Ranks that fall silent at once and are named one by one. */
const SILENT_NAMED = 5;

/** The state that the run is in. */
interface Stage {
  readonly state: string;
  readonly since: number;
  /** Of a Map. */
  readonly board?: RankBoard;
  counts: RankCounts;
  /** When the last plain line was printed. */
  printed: number | undefined;
}

export interface RunProgressOptions {
  readonly ticker?: Ticker;
  /** Takes what other terminals may see of the run, every two seconds. */
  readonly tell?: (figures: Pick<ProgressRecord, 'state' | 'state_seconds' | 'figures'>) => void;
}

const ranAnswer = z.object({ samples: z.number().int().nonnegative() });

/**
 * Shows a run as it goes: a line for each state, how far its ranks are while they work, and every retry, failure and silence at
 * once. Must be disposed of.
 */
export class RunProgress implements Disposable {
  readonly #ticker: Ticker;
  readonly #tell: RunProgressOptions['tell'];
  readonly #interactive: boolean;
  readonly #line: LiveLine;
  readonly #stop: () => void;
  readonly #ranks = new Map<string, number>();
  #stage: Stage | undefined;
  #bytes: number | undefined;
  #told = -Infinity;
  #ticked: number;

  constructor(terminal: Terminal, { ticker = systemTicker, tell }: RunProgressOptions = {}) {
    this.#ticker = ticker;
    this.#tell = tell;
    this.#interactive = terminal.interactive;
    this.#line = new LiveLine(terminal);
    this.#ticked = ticker.now();
    this.#stop = ticker.every(DRAW_MS, () => this.#tick());
  }

  show(event: RunEvent): void {
    switch (event.type) {
      case 'StateEntered':
        if (
          event.in === undefined &&
          event.index === undefined &&
          event.stateType !== 'Choice' &&
          event.stateType !== 'Succeed'
        ) {
          this.#line.print(event.state);
          this.#enter(event.state);
        }
        return;
      case 'RunResumed':
        this.#enter(event.state);
        return;
      case 'MapRunStarted':
        // It begins when it has read its items, a moment after its state was entered.
        this.#enter(event.state, this.#stage?.state === event.state ? this.#stage.since : undefined, {
          board: new RankBoard(),
          total: event.children,
        });
        return;
      case 'ChildStarted':
        this.#ranks.set(`${event.state}[${event.index}]`, ranksOf(event.input)[0] ?? event.index);
        return;
      case 'ChildSucceeded':
      case 'ChildKept':
        this.#stage?.board?.succeeds(
          `${event.state}[${event.index}]`,
          ranAnswer.safeParse(event.output).data?.samples,
          this.#ticker.now(),
        );
        this.#counted({ done: 1 });
        return;
      case 'ChildFailed':
        this.#line.print(
          `${event.state}: rank ${event.index} failed: ${event.error}: ${firstLine(functionMessage(event.cause))}`,
        );
        this.#stage?.board?.fails(`${event.state}[${event.index}]`);
        this.#counted({ failed: 1 });
        return;
      case 'ChildAborted':
        this.#stage?.board?.fails(`${event.state}[${event.index}]`);
        this.#counted({ failed: 1 });
        return;
      case 'FunctionStarted': {
        const rank = this.#ranks.get(event.in ?? '');
        if (event.in !== undefined && rank !== undefined)
          this.#stage?.board?.begins(event.in, rank, this.#ticker.now(), event.pid);
        return;
      }
      case 'FunctionEnded':
        this.#stage?.board?.rests(event.in ?? event.report.requestId, event.report.errorType !== undefined);
        return;
      case 'StateRetried':
        this.#line.print(`${event.in ?? 'run'}: trying ${event.state} again (attempt ${event.attempt + 1})`);
        return;
      case 'RunEnded':
        this.#stage = undefined;
        this.#line.clear();
        return;
      case 'MapRunEnded':
        this.#endMap();
        return;
      default:
    }
  }

  /** Takes what is heard of ranks at work beside events. */
  hear(signal: RankSignal): void {
    switch (signal.type) {
      case 'BytesPlanned':
        this.#bytes = signal.bytes;
        this.#stage?.board?.plan(signal.bytes);
        return;
      case 'RankBegan':
        this.#stage?.board?.begins(this.#childOf(signal.rank), signal.rank, this.#ticker.now());
        return;
      case 'RankAtWork': {
        const child = signal.in ?? this.#childOf(signal.progress.rank);
        this.#stage?.board?.beats(child, signal.progress, this.#ticker.now());
        return;
      }
      case 'RankDone':
        this.#stage?.board?.succeeds(this.#childOf(signal.rank), signal.samples, this.#ticker.now());
        return;
      case 'RanksCounted':
        if (this.#stage?.state !== signal.state) return;
        this.#stage.counts = signal.counts;
        this.#stage.board?.count(signal.counts, signal.atWork);
    }
  }

  #childOf(rank: number): string {
    return `${this.#stage?.state ?? ''}[${rank}]`;
  }

  /** Draws no more. */
  [Symbol.dispose](): void {
    this.#stop();
    this.#line.clear();
  }

  #enter(
    state: string,
    since = this.#ticker.now(),
    { board, total = 0 }: { board?: RankBoard; total?: number } = {},
  ): void {
    const counts = { total, done: 0, failed: 0 };
    this.#stage = { state, since, counts, printed: undefined, ...(board && { board }) };
    board?.count(counts);
    if (this.#bytes !== undefined) board?.plan(this.#bytes);
  }

  #counted({ done = 0, failed = 0 }: Partial<RankCounts>): void {
    const stage = this.#stage;
    if (stage?.board === undefined) return;
    stage.counts = { ...stage.counts, done: stage.counts.done + done, failed: stage.counts.failed + failed };
    stage.board.count(stage.counts);
  }

  #endMap(): void {
    const stage = this.#stage;
    if (stage?.board === undefined) return;
    this.#line.print(this.#text(stage));
    this.#enter(stage.state);
  }

  #tick(): void {
    const before = this.#ticked;
    this.#ticked = this.#ticker.now();
    const stage = this.#stage;
    if (stage === undefined) return;
    // A process that was stopped has heard nothing: that is not silence of the ranks.
    if (this.#ticked - before > ASLEEP_MS) stage.board?.excuse(this.#ticked - before);
    this.#nameSilent(stage);
    if (this.#interactive) this.#line.draw(this.#text(stage));
    else if (this.#isDue(stage)) {
      stage.printed = this.#ticker.now();
      this.#line.print(this.#text(stage));
    }
    const now = this.#ticker.now();
    if (this.#tell === undefined || now - this.#told < TELL_MS) return;
    this.#told = now;
    this.#tell({
      state: stage.state,
      state_seconds: (now - stage.since) / 1000,
      figures: stage.board?.figures(now) ?? null,
    });
  }

  #isDue({ since, printed, board }: Stage): boolean {
    const seconds = (this.#ticker.now() - since) / 1000;
    if (printed === undefined) return seconds >= (board === undefined ? PLAIN.early : PLAIN.first);
    const gap = seconds <= PLAIN.earlyUntil ? PLAIN.early : PLAIN.late;
    return (this.#ticker.now() - printed) / 1000 >= gap;
  }

  #text({ state, board, since }: Stage): string {
    const now = this.#ticker.now();
    const time = elapsed((now - since) / 1000);
    // The time first: the end of a long line is cut off where people watch.
    return board === undefined ? `${state}, ${time}` : `${state}, ${time}: ${describeFigures(board.figures(now))}`;
  }

  #nameSilent({ state, board }: Stage): void {
    const silent = board?.newlySilent(this.#ticker.now()) ?? [];
    for (const one of silent.slice(0, SILENT_NAMED)) this.#line.print(`${state}: ${describeSilence(one)}`);
    const more = silent.length - SILENT_NAMED;
    if (more > 0) this.#line.print(`${state}: ${more} more ranks have said nothing for as long`);
  }
}

function firstLine(text: string): string {
  const [line = ''] = text.split('\n', 1);
  return line.slice(0, 300);
}

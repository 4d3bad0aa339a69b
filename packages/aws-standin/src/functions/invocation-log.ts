import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import type { Readable } from 'node:stream';

export interface LogEvent {
  /** Epoch milliseconds. */
  readonly timestamp: number;
  readonly message: string;
}

export interface LogPlace {
  readonly group: string;
  readonly stream: string;
  /** Whose permissions they are written with. */
  readonly role?: string | undefined;
}

/** Where the logs of functions go. */
export interface LogSink {
  write(place: LogPlace, events: readonly LogEvent[]): Promise<void>;
}

/** What X-Amz-Log-Result holds of an invocation, in bytes. */
const TAIL_BYTES = 4096;

/** The log stream of an execution environment. */
export class InvocationLog {
  readonly #waiting: LogEvent[] = [];
  readonly #write: (events: readonly LogEvent[]) => Promise<void>;
  #lines = 0;
  #tail: string[] = [];

  constructor(sink: LogSink, place: LogPlace) {
    this.#write = (events) => sink.write(place, events);
  }

  /** Takes in what the process prints, line by line. */
  read(output: Readable): void {
    createInterface({ input: output }).on('line', (line) => this.say(line));
  }

  say(line: string): void {
    this.#lines++;
    this.#tail.push(line);
    this.#waiting.push({ timestamp: Date.now(), message: `${line}\n` });
  }

  /** The end of an invocation: what it printed before it answered lies in the pipes and is read first. */
  async drain(): Promise<void> {
    let before: number;
    do {
      before = this.#lines;
      await setImmediate();
      await setImmediate();
    } while (this.#lines > before);
  }

  /** Sends what has not been sent; answers the last lines of the invocation that ends with it. */
  async flush(): Promise<string> {
    const events = this.#waiting.splice(0);
    const tail = Buffer.from(this.#tail.map((line) => `${line}\n`).join(''))
      .subarray(-TAIL_BYTES)
      .toString();
    this.#tail = [];
    if (events.length > 0) await this.#write(events);
    return tail;
  }
}

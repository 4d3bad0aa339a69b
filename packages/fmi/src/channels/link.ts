import type { Slot } from '../operation.ts';
import type { Message } from '../value.ts';
import type { FrameHandler } from './frame.ts';

/** The stream to one peer. */
export interface Link {
  /**
   * Writes one frame.
   * @param flushed called once the body's memory isn't needed any more; may be called before `write` returns
   */
  write(kind: number, slot: Slot, message: Message, consumed: number, flushed?: () => void): void;
  /**
   * Closes once the peer has read all that was written, or after `withinMs`.
   * @returns whether the peer has read it all
   */
  close(withinMs: number): Promise<boolean>;
}

export interface LinkHandler extends FrameHandler {
  /**
   * The stream ended or broke.
   * @param wasSilent nothing has ever come through it
   */
  onEnd(reason: string, cause?: unknown, wasSilent?: boolean): void;
}

/** How a link channel gets its links; `handler` receives the frames of the peer. */
export type Dial = (peer: number, handler: LinkHandler, signal: AbortSignal) => Promise<Link>;

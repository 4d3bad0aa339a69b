import { copyFileSync, readFileSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import type { Random } from '../../../packages/metrics/src/index.ts';
import { between, oneOf } from '../schedule.ts';

/** What is done to a file. */
export type Damage =
  | { readonly how: 'removed' | 'emptied' | 'touched' | 'written again' }
  /** Its bytes are those of another file of its kind, or the two have changed places. */
  | { readonly how: 'replaced' | 'swapped' }
  /** Only a part of its bytes is left. */
  | { readonly how: 'cut'; readonly share: number }
  /** One bit is another. */
  | { readonly how: 'flipped'; readonly share: number; readonly bit: number };

/** Those that leave every byte as it was. */
export function isHarmless({ how }: Damage): boolean {
  return how === 'touched' || how === 'written again';
}

export function drawDamage(random: Random, hows: readonly Damage['how'][]): Damage {
  const how = oneOf(random, hows);
  switch (how) {
    case 'cut':
      return { how, share: random() };
    case 'flipped':
      return { how, share: random(), bit: between(random, 0, 7) };
    default:
      return { how };
  }
}

/** @param other a file of the same kind */
export function inflict(damage: Damage, file: string, other: string): void {
  const bytes = readFileSync(file);
  switch (damage.how) {
    case 'removed':
      rmSync(file);
      return;
    case 'emptied':
      writeFileSync(file, '');
      return;
    case 'touched': {
      const now = new Date();
      utimesSync(file, now, now);
      return;
    }
    case 'written again':
      rmSync(file);
      writeFileSync(file, bytes);
      return;
    case 'replaced':
      copyFileSync(other, file);
      return;
    case 'swapped':
      renameSync(file, `${file}.aside`);
      renameSync(other, file);
      renameSync(`${file}.aside`, other);
      return;
    case 'cut':
      truncateSync(file, Math.floor(damage.share * bytes.length));
      return;
    case 'flipped': {
      const at = Math.floor(damage.share * bytes.length);
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << damage.bit), at);
      writeFileSync(file, bytes);
      return;
    }
  }
}

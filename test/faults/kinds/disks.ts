import { statfsSync } from 'node:fs';
import { mountDisk, whyNoSmallDisk, type SmallDisk } from '../../small-disk.ts';
import { runArgs, type Bench } from '../bench.ts';
import { checkSame, goOn, recomputedSince, soFar } from '../go-on.ts';
import { checkEnd } from '../invariants.ts';
import { between, kindOf, oneOf, type Kind, type Outcome } from '../schedule.ts';
import { signal, type End, type Moment, type Site } from '../site.ts';

/** Room for everything. */
const ROOMY_KIB = 4096;

type Full =
  /** At a moment somebody else takes all the room that is left. */
  | ({ readonly how: 'filled' } & Moment)
  /** There was never more room than this. */
  | { readonly how: 'small'; readonly kib: number };

/** Where nothing more can be written for another reason. */
type Refused =
  | { readonly how: 'read-only before' }
  | ({ readonly how: 'read-only before going on' } & Moment)
  | { readonly how: 'file-size limit'; readonly blocks: number };

const WORDS = {
  filled: /ENOSPC/,
  small: /ENOSPC/,
  'read-only before': /EROFS/,
  'read-only before going on': /EROFS/,
  'file-size limit': /EFBIG/,
} as const;

export const diskKinds: readonly Kind[] = [
  kindOf<Full>({
    name: 'disk-full',
    over: 'local',
    what: 'the disk of the results is full from a moment on, then has room again',
    whyNot: whyNoSmallDisk,
    draw: (random, index) =>
      index % 2 === 0
        ? { how: 'filled', event: between(random, 1, 30), delayMs: oneOf(random, [0, between(random, 0, 300)]) }
        : { how: 'small', kib: 4 * between(random, 1, 32) },
    play,
  }),
  kindOf<Refused>({
    name: 'disk-refused',
    over: 'local',
    what: 'the results can only be read, or files may not be long enough (ulimit -f)',
    whyNot: whyNoSmallDisk,
    draw: (random, index) =>
      (
        [
          { how: 'read-only before going on', event: between(random, 1, 32), delayMs: 0 },
          { how: 'file-size limit', blocks: between(random, 1, 50) },
          { how: 'read-only before' },
        ] as const
      )[index % 3]!,
    play,
  }),
];

async function play(fault: Full | Refused, bench: Bench): Promise<Outcome> {
  const disk = mountDisk(ROOMY_KIB);
  const site = bench.site(disk.folder);
  try {
    const truth = await bench.truthAt(site);
    const stopped = await disturbed(fault, disk, site);
    if (stopped === undefined) return { met: false, ended: 'unharmed', problems: [] };
    // What was written to a full disk in vain may be worth nothing; then nobody met the fault.
    const met = WORDS[fault.how].test(stopped.stderr);
    const before = await soFar(site);
    const left = await site.checkLeftProcesses();
    disk.setReadOnly(false);
    disk.resize(ROOMY_KIB);
    disk.drain();
    const { ended, problems } = await goOn(site, stopped);
    // What failed ended the ranks amid their work.
    await site.nextDay();
    return {
      met,
      ended,
      problems: [...left, ...problems, ...(await checkSame(site, truth, await bench.undisturbed()))],
      ...(stopped.code === 0 ? {} : recomputedSince(before)),
    };
  } finally {
    site.remove();
    disk.remove();
  }
}

/** @returns how the command ended that met the fault; undefined when none could meet it */
async function disturbed(fault: Full | Refused, disk: SmallDisk, site: Site): Promise<End | undefined> {
  const begun = runArgs({ results: site.results() });
  switch (fault.how) {
    case 'filled': {
      const run = site.start(begun);
      if (await site.reaches(run, fault)) disk.fill();
      return await run.ended;
    }
    case 'small':
      disk.resize(usedKiB(disk) + fault.kib);
      return await site.run(begun);
    case 'file-size limit':
      // The compiled code of commands would be too long as well.
      return await site.run(begun, { fileBlocks: fault.blocks, environment: { NODE_COMPILE_CACHE: '' } });
    case 'read-only before':
      disk.setReadOnly(true);
      return await site.run(begun);
    case 'read-only before going on': {
      const run = site.start(begun);
      if (await site.reaches(run, fault)) signal(-run.pid, 'SIGINT');
      const end = await run.ended;
      if (end.code === 0 || checkEnd(end).length > 0) return end.code === 0 ? undefined : end;
      disk.setReadOnly(true);
      const directory = site.executions().at(-1);
      return directory === undefined ? undefined : await site.run(['run', '--resume', directory, '--no-report']);
    }
  }
}

function usedKiB({ folder }: SmallDisk): number {
  const { blocks, bfree, bsize } = statfsSync(folder);
  return ((blocks - bfree) * bsize) / 1024;
}

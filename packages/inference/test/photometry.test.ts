import type { PartitionBatch } from '@cosmicai/torchfile';
import { findingsOf, PartitionChecks, photometryVerdict, PhotometrySums } from '../src/index.ts';
import {
  counts,
  HARMLESS,
  imageBands,
  magnitudeBands,
  only,
  OTHER_UNITS,
  otherGalaxies,
  permutations,
  scaled,
  simulated,
} from './photometry-faults.ts';

const partition51 = simulated(51, 1);
const partition200 = simulated(200, 2);

function verdictOf(...batches: PartitionBatch[]) {
  const sums = new PhotometrySums();
  for (const batch of batches) sums.add(batch);
  return photometryVerdict(sums);
}

function findings(...partitions: PartitionBatch[]) {
  return findingsOf(
    partitions.map((batch, index) => {
      const checks = new PartitionChecks();
      checks.add(batch);
      return { partition: `${index + 1}.pt`, count: batch.count, checks };
    }),
    { trained: { magnitudes: [], redshift: [0, 1] }, warnings: [] },
  );
}

describe('magnitudes against images', () => {
  it.each(Object.entries(HARMLESS))('agree: %s', (_name, change) => {
    for (const batch of [partition51, partition200]) expect(verdictOf(change(batch))).toEqual({ kind: 'agree' });
  });

  it('agree among faint galaxies and those of nearly one magnitude, whatever lies between', () => {
    for (const [least, most] of [
      [17, 99],
      [16.5, 17],
      [0, 16.2],
    ] as const)
      expect(verdictOf(only(partition200, 2, least, most)).kind).toBe('agree');
  });

  it('find every order of the images’ bands, in any unit', () => {
    for (const bands of permutations([0, 1, 2, 3, 4]).slice(1)) {
      const verdict = verdictOf(scaled(bands[0] === 0 ? 255 : 1)(imageBands(bands)(partition51)));
      expect(verdict).toMatchObject({ kind: 'permuted', images: bands, magnitudes: [0, 1, 2, 3, 4] });
    }
  });

  it('find the order of the magnitudes, or of both', () => {
    const reversed = [4, 3, 2, 1, 0];
    expect(verdictOf(magnitudeBands(reversed)(partition51))).toMatchObject({
      kind: 'permuted',
      images: [0, 1, 2, 3, 4],
      magnitudes: reversed,
    });
    const griz = [1, 2, 3, 4, 0];
    expect(verdictOf(magnitudeBands(griz)(imageBands(griz)(partition51)))).toMatchObject({
      kind: 'permuted',
      images: griz,
      magnitudes: griz,
      factor: 1,
    });
  });

  it.each(Object.entries(OTHER_UNITS))('find images in another unit: %s', (_name, change) => {
    for (const batch of [partition51, partition200])
      expect(['unit', 'unit_by_band', 'compressed', 'unrelated']).toContain(verdictOf(change(batch)).kind);
  });

  it('tell the unit by its factor', () => {
    const verdict = verdictOf(scaled(255)(partition200));
    if (verdict.kind !== 'unit') throw new Error(verdict.kind);
    expect(Math.abs(Math.log(verdict.factor / 255))).toBeLessThan(0.4);
  });

  it('find magnitudes of other galaxies', () => {
    expect(verdictOf(otherGalaxies(partition200)).kind).toBe('unrelated');
  });

  it('give the same sums in any division into parts', () => {
    const whole = new PhotometrySums();
    whole.add(partition51);
    const merged = new PhotometrySums();
    for (const [least, most] of [
      [0, 16],
      [16, 17],
      [17, 99],
    ] as const) {
      const part = new PhotometrySums();
      part.add(only(partition51, 2, least, most));
      merged.merge(part);
    }
    expect([merged.usable, merged.measured]).toEqual([whole.usable, 51]);
    for (let k = 0; k < 12; k++)
      for (let l = 0; l < 12; l++) expect(merged.moments.product(k, l)).toBeCloseTo(whole.moments.product(k, l), 9);
  });
});

describe('what is said of images and magnitudes', () => {
  it('is nothing where they agree', () => {
    expect(findings(partition51, partition200)).toEqual({ warnings: [], notChecked: [] });
  });

  it('is one sentence for partitions with the same fault', () => {
    const griz = imageBands([1, 2, 3, 4, 0]);
    expect(findings(griz(partition51), partition200, griz(simulated(60, 5))).warnings).toEqual([
      '1.pt, 3.pt: the images’ bands look like g, r, i, z, u, expected u, g, r, i, z.',
    ]);
    expect(findings(scaled(3.631)(partition200)).warnings).toEqual([
      expect.stringMatching(/^1\.pt: the images are about [34]\.?\d? times as bright .* \(microjanskys, perhaps\)/),
    ]);
  });

  it('is that the order could not be checked where the unit differs by band', () => {
    const { warnings, notChecked } = findings(counts(partition51));
    expect(warnings).toEqual([expect.stringContaining('differs by band (u ')]);
    expect(notChecked).toEqual([expect.stringContaining('not in nanomaggies')]);
  });

  it('is that there are too few galaxies, unless those of several partitions suffice', () => {
    const parts = [simulated(20, 7), simulated(20, 8), simulated(20, 9)];
    expect(findings(simulated(1, 7)).notChecked).toEqual([
      expect.stringMatching(/^Whether images and magnitudes fit each other in 1\.pt: of 1 galaxies [01] can be/),
    ]);
    expect(findings(...parts)).toEqual({ warnings: [], notChecked: [] });
    expect(findings(...parts.map(scaled(255))).warnings).toEqual([expect.stringMatching(/^1\.pt, 2\.pt, 3\.pt: /)]);
  });

  it('is nothing of a partition without galaxies', () => {
    expect(
      findingsOf([{ partition: '1.pt', count: 0, checks: new PartitionChecks() }], {
        trained: undefined,
        warnings: [],
      }).notChecked,
    ).toHaveLength(1);
  });
});

import { pricesOf } from '@cosmicai/metrics';
import { DEFAULT_CALIBRATION, quoteRun } from '@cosmicai/quote';
import {
  costTable,
  formatBitRate,
  formatNumber,
  formatSeconds,
  formatUsd,
  quoteTable,
  rankTable,
  rateTable,
  scoreTable,
  type Table,
} from '../src/index.ts';
import { exampleReport } from './example-report.ts';

const report = exampleReport();

/** Every row as wide as the head: what a terminal table needs. */
function isRectangular({ columns, rows, figures }: Table): boolean {
  return rows.every((row) => row.length === columns.length) && figures.every((column) => column < columns.length);
}

describe('tables', () => {
  const quote = quoteRun(
    {
      ranks: [{ samples: 5113, bytes: 105e6, files: 1 }],
      batchSize: 128,
      memoryMb: 2048,
      ephemeralStorageMb: 512,
      architecture: 'arm64',
      maxConcurrency: 1,
      fmi: false,
      childType: 'EXPRESS',
    },
    DEFAULT_CALIBRATION,
    { prices: pricesOf(), runs: 5 },
  );

  it('are rectangular', () => {
    for (const table of [
      rankTable(report),
      scoreTable(report),
      rateTable(report),
      costTable(report),
      costTable({ ...quote, costNote: null }),
      quoteTable(quote),
    ]) {
      expect(isRectangular(table)).toBe(true);
      expect(table.rows.length).toBeGreaterThan(0);
    }
  });

  it('of the ranks tell duration, init, memory, samples/s, bit/s and cost, and say what is not known', () => {
    const [row] = rankTable({
      ranks: [
        {
          rank: 7,
          samples: 5113,
          seconds: 7.3,
          initSeconds: 0,
          memoryMb: 301.2,
          memoryLimitMb: null,
          samplesPerSecond: 700.41,
          bitsPerSecond: 114_979_305,
          usd: null,
          label: '7',
          allocatedMb: null,
        },
      ],
    }).rows;

    expect(row).toEqual([7, '5,113', '7.3 s', 'warm', '301 MB', '700', '115 Mbit/s', '–']);
  });

  it('of a quote name the calibration it rests on', () => {
    expect(quoteTable(quote).rows.at(-1)![1]).toContain(DEFAULT_CALIBRATION.source);
  });
});

describe('figures for people', () => {
  it.each([
    [0, '0'],
    [0.0123456, '0.01235'],
    [0.00001234, '1.23e-5'],
    [1253, '1,253'],
    [-0.25, '-0.25'],
  ])('number %d', (value, shown) => expect(formatNumber(value)).toBe(shown));

  it.each([
    [0.0042, '4 ms'],
    [7.256, '7.26 s'],
    [125, '2 min 5 s'],
    [7260, '2 h 1 min'],
  ])('%d seconds', (value, shown) => expect(formatSeconds(value)).toBe(shown));

  it('carry their units', () => {
    expect(formatBitRate(18.04e9)).toBe('18 Gbit/s');
    expect(formatBitRate(950)).toBe('950 bit/s');
    expect(formatUsd(3.834)).toBe('3.83 USD');
    expect(formatUsd(0.000743)).toBe('0.000743 USD');
  });
});

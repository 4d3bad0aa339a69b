import type { Precision, TunePoint } from '@cosmicai/quote';
import { formatSeconds, formatUsd } from '../format.ts';
import type { Table } from '../tables.ts';
import { drawFiles, type Chart } from './chart.ts';

/** Choices of `cosmicai tune`, the fastest first. */
export function frontierTable(points: readonly TunePoint[]): Table {
  return {
    title: 'Time against cost',
    columns: [
      'duration',
      'at most',
      'cost',
      'at most',
      'ranks',
      'files',
      'at once',
      'memory',
      'processor',
      'children',
      'model',
    ],
    figures: [0, 1, 2, 3, 4, 5, 6, 7],
    rows: points.map((point) => [
      formatSeconds(point.seconds.median),
      formatSeconds(point.seconds.high),
      formatUsd(point.costUsd.median),
      formatUsd(point.costUsd.high),
      point.worldSize,
      point.filesPerRank,
      Math.min(point.worldSize, point.maxConcurrency),
      `${point.memoryMb} MB`,
      point.architecture,
      point.childType,
      point.precision,
    ]),
  };
}

const MODELS: Readonly<Record<Precision, string>> = {
  fp32: 'in fp32; of the demo model --precision fp32, at a stage demo-fp32',
  int8: 'in 8 bits, as the demo model is and cosmicai model quantize writes them',
  measured: 'the one whose rate was measured',
};

/** A choice as what has to be set for it, in the payload and at the stage. */
export function settingsOf(point: TunePoint): (readonly [name: string, value: string])[] {
  return [
    [
      'Picked',
      `${formatSeconds(point.seconds.median)} (at most ${formatSeconds(point.seconds.high)}), ${formatUsd(point.costUsd.median)} (at most ${formatUsd(point.costUsd.high)})`,
    ],
    ['Payload', `world_size ${point.worldSize}, max_concurrency ${point.maxConcurrency}`],
    [
      'Stage',
      `inference.memory ${point.memoryMb}, inference.architecture ${point.architecture}, map_execution_type ${point.childType}`,
    ],
    ['Model', MODELS[point.precision]],
  ];
}

/** The frontier as an SVG picture. */
export async function frontierSvg(points: readonly TunePoint[], picked?: TunePoint): Promise<string> {
  return (await drawFiles(frontierChart(points, { picked }))).svg;
}

export interface Marked {
  /** The choice that was picked. */
  readonly picked?: TunePoint | undefined;
  /** What a run took that was made. */
  readonly own?: { readonly seconds: number; readonly usd: number } | null | undefined;
}

/** Time against cost over choices, the fastest first. */
export function frontierChart(points: readonly TunePoint[], { picked, own }: Marked = {}): Chart {
  const choices = points.map((point) => ({
    seconds: point.seconds.median,
    usd: point.costUsd.median,
    low: point.costUsd.low,
    high: point.costUsd.high,
    children: point.childType,
    ...(point === picked && { label: 'picked' }),
  }));
  const values =
    own == null
      ? choices
      : [...choices, { ...own, low: own.usd, high: own.usd, children: 'this run', label: 'this run' }];
  const [first, last] = [points[0], points.at(-1)];
  const made = own == null ? '' : ` This run took ${formatSeconds(own.seconds)} for ${formatUsd(own.usd)}.`;
  return {
    name: 'frontier',
    title: 'Time against cost',
    description:
      first === undefined || last === undefined
        ? 'There is no choice.'
        : `Choices that no other beats in both, from ${formatSeconds(first.seconds.median)} for ${formatUsd(first.costUsd.median)} to ${formatSeconds(last.seconds.median)} for ${formatUsd(last.costUsd.median)}. Lines reach from the 5th to the 95th percentile of the cost.${made}`,
    spec: (theme) => ({
      width: 620,
      height: 320,
      data: { values },
      encoding: {
        x: {
          field: 'seconds',
          type: 'quantitative',
          title: 'duration (s)',
          scale: { type: 'log' },
          axis: { grid: false },
        },
      },
      layer: [
        {
          mark: { type: 'rule', color: theme.line },
          encoding: {
            y: { field: 'low', type: 'quantitative', title: 'cost (USD)', scale: { type: 'log' } },
            y2: { field: 'high' },
          },
        },
        {
          mark: { type: 'point', filled: true, size: 60, opacity: 1 },
          encoding: {
            y: { field: 'usd', type: 'quantitative' },
            color: { field: 'children', type: 'nominal', title: 'child executions' },
          },
        },
        {
          transform: [{ filter: 'datum.label != null' }],
          mark: { type: 'text', dy: -12, color: theme.ink },
          encoding: { y: { field: 'usd', type: 'quantitative' }, text: { field: 'label', type: 'nominal' } },
        },
      ],
    }),
  };
}

import type { Prices } from '@cosmicai/metrics';
import { defined, type ExecutionRecord, type RunRecord, type RunSummary } from '@cosmicai/payload';
import { dataAccess } from '@cosmicai/store';
import { layoutOf, openPlace, type RunPlace } from '../place/run-place.ts';
import { cutoutsOf } from './cutouts.ts';
import { frontierOfRun } from './frontier-of-run.ts';
import { reducedPredictions } from './reduced-predictions.ts';
import { runBill } from './run-bill.ts';
import { readRunFiles, type RunFiles } from './run-files.ts';
import type { RunMaterial } from './run-material.ts';

export interface GatherOptions {
  /** Default: those of the region it ran in. */
  readonly prices?: Prices | undefined;
  /**
   * Gather what only pages show, too: how the predictions lie, images of some galaxies, read from the partitions, and what else could be
   * chosen. Default: true.
   */
  readonly forPage?: boolean;
  /** Compare all that the run left, but its predictions, with its proof first; who has just written it needn't. Default: true. */
  readonly checkAll?: boolean;
}

export interface GatheredRun extends RunMaterial {
  readonly summary: RunSummary;
}

/** Collects what there is of a run for its tables and, unless told otherwise, its report. */
export async function gatherRun(
  place: RunPlace,
  execution: ExecutionRecord | undefined,
  { prices: named, forPage = true, checkAll = true }: GatherOptions = {},
): Promise<GatheredRun> {
  const files = await readRunFiles(place, checkAll);
  const { summary, record, results, fmi, quote } = files;
  const { data_bucket: field } = record.payload;
  const dataBucket = typeof field === 'string' ? field : place.bucket;
  const bill = runBill(files, dataBucket, execution, named);
  return {
    title: `Run ${place.runId}`,
    generatedAt: new Date().toISOString(),
    ...{ results, ours: results, summary },
    ...bill,
    ...defined({ fmi, quote }),
    ...(forPage && (await picturesOf(place, dataBucket, files))),
    ...(forPage && defined({ frontier: frontierOfRun(record.payload, results, execution, bill.prices) })),
    configuration: configurationOf(record),
  };
}

async function picturesOf(
  place: RunPlace,
  dataBucket: string,
  { record, results, files }: RunFiles,
): Promise<Pick<RunMaterial, 'predictions' | 'cutouts'>> {
  const { worst, ...predictions } = await reducedPredictions(openPlace(place), layoutOf(place), { results, files });
  // Which bands make red, green and blue is known of AstroMAE's alone.
  const hasColours = results.every(({ sample_spec: other }) => other === undefined);
  const data = openPlace({ ...place, access: dataAccess(record.payload, place.access) }, dataBucket);
  return { predictions, cutouts: hasColours ? await cutoutsOf(worst, data, record) : [] };
}

function configurationOf({ run, payload, partitions }: RunRecord): Record<string, string | number | boolean | null> {
  const simple = Object.entries(payload).filter((entry): entry is [string, string | number | boolean] =>
    ['string', 'number', 'boolean'].includes(typeof entry[1]),
  );
  return {
    ...Object.fromEntries(simple),
    world_size: run.world_size,
    partition_files: partitions.files,
    partition_bytes: partitions.bytes,
  };
}

import { decodePredictions, type PredictionRow } from '@cosmicai/inference';
import { pricesFor, type Prices } from '@cosmicai/metrics';
import {
  ASTROMAE,
  defined,
  type ExecutionRecord,
  fmiReportSchema,
  parseJsonAs,
  partitionColumnsSchema,
  type RankResult,
  rankResultSchema,
  type ReportLine,
  type RunEvent,
  type RunRecord,
  runRecordSchema,
  type RunSummary,
  runSummarySchema,
} from '@cosmicai/payload';
import { openGalaxies } from '@cosmicai/samples';
import { dataAccess, getIfThere, storeSource, type ObjectStore } from '@cosmicai/store';
import { z } from 'zod';
import { layoutOf, openPlace, type RunPlace } from '../place/run-place.ts';
import { billOf } from './bill.ts';
import { encodeFlux, largestResiduals, type Cutout } from './cutouts.ts';
import { quoteOfRun } from './kept-quote.ts';
import { frontierOfRun } from './frontier-of-run.ts';
import { ranksByChild, reportsByRank } from './rank-reports.ts';
import type { PredictionSample, RunMaterial } from './run-material.ts';
import { s3UsageOf } from './s3-usage.ts';

/** Predictions drawn at most; more would only darken the plot. */
const PREDICTIONS_DRAWN = 50_000;
const GALAXIES_SHOWN = 12;

export interface GatherOptions {
  /** Default: those of the region it ran in. */
  readonly prices?: Prices | undefined;
  /** Gather what only pages show, too: images of some galaxies, read from the partitions, and what else could be chosen. Default: true. */
  readonly forPage?: boolean;
}

/** Collects what there is of a run for its tables and its report. */
export async function gatherRun(
  place: RunPlace,
  execution: ExecutionRecord | undefined,
  { prices: named, forPage = true }: GatherOptions = {},
): Promise<RunMaterial & { readonly summary: RunSummary }> {
  const store = openPlace(place);
  const layout = layoutOf(place);
  const read = async (key: string) => (await store.get(key)).toString();
  const summary = parseJsonAs(runSummarySchema, await read(layout.summary), layout.summary);
  const record = parseJsonAs(runRecordSchema, await read(layout.run), layout.run);
  const results = parseJsonAs(z.array(rankResultSchema), await read(layout.combined), layout.combined);
  const events = execution?.events ?? [];
  const reports = reportsByRank(events);
  const rows = await predictionRows(store, results);
  const { data_bucket: dataBucketField } = record.payload;
  const dataBucket = typeof dataBucketField === 'string' ? dataBucketField : place.bucket;
  const meeting = await getIfThere(store, layout.fmi);
  const fmi = meeting && parseJsonAs(fmiReportSchema, meeting.toString(), layout.fmi);
  const quote = await quoteOfRun(place);
  const { prices, warning } = named === undefined ? pricesFor(execution?.region) : { prices: named };
  const unreported = execution === undefined ? [] : unreportedOf(results, events, reports);
  const { s3, estimatedRanks } = s3UsageOf({ record, summary, results });
  const bill =
    execution === undefined ? {} : billOf({ execution, run: record.run, dataBucket, results, s3, unreported, prices });
  const warnings = [
    ...(execution?.warnings ?? []),
    ...(unreported.length === 0 ? [] : [billedByThemselves(unreported.length)]),
    ...(execution === undefined || estimatedRanks === 0 ? [] : [requestsEstimated(estimatedRanks)]),
    ...(warning === undefined ? [] : [warning]),
  ];
  return {
    title: `Run ${place.runId}`,
    generatedAt: new Date().toISOString(),
    results,
    summary,
    ...(execution !== undefined && {
      events,
      definition: execution.definition,
      reports,
      ...bill,
    }),
    ...(warnings.length > 0 && { warnings }),
    predictions: sampleOf(rows, summary.prediction_scores.count),
    cutouts: await cutoutsOf(
      // Which bands make red, green and blue is known of AstroMAE's alone.
      forPage && results.every(({ sample_spec: other }) => other === undefined)
        ? largestResiduals(rows.filter(isLabelled), GALAXIES_SHOWN)
        : [],
      openPlace({ ...place, access: dataAccess(record.payload, place.access) }, dataBucket),
      record,
    ),
    ...defined({
      fmi,
      quote,
      frontier: forPage ? frontierOfRun(record.payload, results, execution, prices) : undefined,
    }),
    prices,
    configuration: configurationOf(record),
  };
}

function billedByThemselves(ranks: number): string {
  return `${ranks} ${ranks === 1 ? 'rank has' : 'ranks have'} no REPORT line: the cost has them by the times that they took themselves, without cold starts and failed attempts.`;
}

function requestsEstimated(ranks: number): string {
  return `${ranks} ${ranks === 1 ? 'rank did' : 'ranks did'} not count requests to S3, being of an earlier version: the cost has them by the reads that were timed.`;
}

/** The ranks that this execution ran, as far as it knows, and of whose invocations it has no REPORT line. */
function unreportedOf(
  results: readonly RankResult[],
  events: readonly RunEvent[],
  reports: ReadonlyMap<number, ReportLine>,
): RankResult[] {
  const started = new Set(ranksByChild(events).values());
  return results.filter(({ rank }) => !reports.has(rank) && (started.size === 0 || started.has(rank)));
}

async function predictionRows(store: ObjectStore, results: readonly RankResult[]): Promise<PredictionRow[]> {
  const rows: PredictionRow[] = [];
  for (const result of results) {
    for (const row of await decodePredictions(await store.get(result.predictions_key))) rows.push(row);
  }
  return rows;
}

/** Every n-th prediction, so that a large run is drawn as a whole and not by its first ranks. */
function sampleOf(rows: readonly PredictionRow[], total: number): PredictionSample {
  const step = Math.ceil(rows.length / PREDICTIONS_DRAWN);
  const drawn = rows
    .filter((_row, at) => at % step === 0)
    .filter(isLabelled)
    .filter((row) => Number.isFinite(row.z_spec) && Number.isFinite(row.z_pred));
  return { z_spec: drawn.map((row) => row.z_spec), z_pred: drawn.map((row) => row.z_pred), total };
}

/** A galaxy whose true redshift is known, and another predicted. */
type LabelledRow = PredictionRow & { readonly z_spec: number; readonly z_pred: number };

function isLabelled(row: PredictionRow): row is LabelledRow {
  return row.z_spec !== null && row.z_pred !== null;
}

/** Images of single galaxies; none where the partitions are gone. */
async function cutoutsOf(rows: readonly LabelledRow[], store: ObjectStore, { payload }: RunRecord): Promise<Cutout[]> {
  const { data: columns } = partitionColumnsSchema.optional().safeParse(payload.columns);
  const cutouts: Cutout[] = [];
  for (const { rank, partition, index, z_spec, z_pred } of rows) {
    try {
      const { images } = await (
        await openGalaxies(await storeSource(store, partition), { columns })
      ).read(index, index + 1);
      cutouts.push({
        rank,
        partition,
        index,
        z_spec,
        z_pred,
        size: ASTROMAE.image.side,
        flux_base64: encodeFlux(images),
      });
    } catch {
      // The report is about the run; that its input has been moved since is not a failure of it.
    }
  }
  return cutouts;
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

import { groupBy, type Manifest, type RankResult, type RunProof } from '@cosmicai/payload';

/** What a proof takes of a rank's result. */
export interface ProvenRank {
  readonly rank: number;
  readonly samples: number;
  readonly model_sha256: string;
  readonly partitions: number;
  /** Whether it took down what its predictions are. */
  readonly knowsItsFile: boolean;
}

export function provenRank(result: RankResult): ProvenRank {
  const { rank, samples, model_sha256, partitions, predictions_file: file } = result;
  return { rank, samples, model_sha256, partitions: partitions.length, knowsItsFile: file !== undefined };
}

export interface ProofInputs {
  readonly manifest: Manifest;
  /** Of the ranks whose results fit their tasks and whose predictions are what they wrote. */
  readonly results: readonly ProvenRank[];
  /** Files that aren't what they were when they were read or written. */
  readonly changedFiles?: number;
}

/** Says what a run did: which galaxies were predicted, each once, and by which model. */
export function proveRun({ manifest, results, changedFiles = 0 }: ProofInputs): RunProof {
  const galaxies = results.reduce((sum, { samples }) => sum + samples, 0);
  const planned = manifest.reduce((sum, { DATA_PATH }) => sum + DATA_PATH.length, 0);
  const predicted = results.reduce((sum, { partitions }) => sum + partitions, 0);
  const models = [...new Set(results.map(({ model_sha256: sha256 }) => sha256))].sort();
  const galaxiesPlanned = predicted === planned ? galaxies : plannedGalaxies(manifest);
  const versioned = new Set(manifest.filter(({ DATA_OBJECTS }) => DATA_OBJECTS !== undefined).map(({ RANK }) => RANK));
  const unchanged = results.reduce(
    (sum, { rank, partitions, knowsItsFile }) => sum + (versioned.has(rank) ? partitions : 0) + (knowsItsFile ? 1 : 0),
    0,
  );
  const proof = {
    galaxies,
    galaxies_planned: galaxiesPlanned,
    partitions: { planned, predicted },
    models,
    files: { checked: unchanged + changedFiles, unchanged },
    problems: [...plannedTwice(manifest), ...severalModels(results)],
  };
  return { statement: statementOf(proof), ...proof };
}

const number = new Intl.NumberFormat('en');

/** `1,200 of 1,200 galaxies, each once; 1 model; 24 of 24 files unchanged` */
export function statementOf({
  galaxies,
  galaxies_planned: planned,
  partitions,
  models,
  files,
}: Omit<RunProof, 'statement' | 'problems'>): string {
  const share =
    planned === null
      ? `${number.format(galaxies)} galaxies of ${number.format(partitions.predicted)} of ${number.format(partitions.planned)} partitions`
      : `${number.format(galaxies)} of ${number.format(planned)} galaxies`;
  const unchanged =
    files.checked === 0
      ? partitions.predicted === 0
        ? 'no file was to be checked, as no rank is done'
        : 'no file could be checked, as the ranks are of an earlier version'
      : `${number.format(files.unchanged)} of ${number.format(files.checked)} files unchanged`;
  return `${share}, each once; ${models.length} ${models.length === 1 ? 'model' : 'models'}; ${unchanged}`;
}

function plannedGalaxies(manifest: Manifest): number | null {
  const known = manifest.flatMap(({ DATA_PATH, DATA_OBJECTS }) =>
    DATA_PATH.map((_, place) => DATA_OBJECTS?.[place]?.galaxies),
  );
  return known.reduce<number | null>((sum, each) => (sum === null || each === undefined ? null : sum + each), 0);
}

function plannedTwice(manifest: Manifest): string[] {
  const owners = new Map<string, number>();
  const problems: string[] = [];
  for (const { RANK, DATA_PATH } of manifest) {
    for (const key of DATA_PATH) {
      const owner = owners.get(key);
      if (owner !== undefined)
        problems.push(`${key} is planned twice, for rank ${owner} and rank ${RANK}: its galaxies would count twice.`);
      owners.set(key, RANK);
    }
  }
  return problems;
}

const RANKS_NAMED = 10;

function severalModels(results: readonly ProvenRank[]): string[] {
  const ranksBy = groupBy(results, ({ model_sha256: sha256 }) => sha256);
  if (ranksBy.size < 2) return [];
  const parts = [...ranksBy].map(([sha256, ranks]) => {
    const named = ranks.slice(0, RANKS_NAMED).map(({ rank }) => rank);
    const more = ranks.length > named.length ? ` and ${ranks.length - named.length} more` : '';
    return `${sha256.slice(0, 12)}… (${ranks.length === 1 ? 'rank' : 'ranks'} ${named.join(', ')}${more})`;
  });
  return [`${ranksBy.size} models predicted: ${parts.join(', ')}. A run has one.`];
}

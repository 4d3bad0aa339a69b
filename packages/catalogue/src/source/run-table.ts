import { flagsOfTruth, placeName } from '@cosmicai/inference';
import { itemAt, UserInputError, valueOf } from '@cosmicai/payload';
import { openPlace, type RunPlace, type WholeRun } from '@cosmicai/runs';
import type { ObjectStore } from '@cosmicai/store';
import pMap from 'p-map';
import { widened, widest, type Cell, type Chunk, type Column, type Table, type Values } from '../table/column.ts';
import { inOrder, knownOf } from '../table/known-columns.ts';
import { openPredictions, type FileColumn, type PredictionsSource } from './predictions-source.ts';
import { factsOf, type IdSource } from './facts.ts';
import { segmentsOf } from './segments.ts';

const CONCURRENT_READS = 16;

/** What only says where a prediction is from; objects without a name of their own are known by it. */
const PLACE = ['rank', 'partition', 'index'];

type FileColumns = ReadonlyMap<string, FileColumn>;

/**
 * The predictions of a run as one table: in the natural order of the partitions, and as they lie in each.
 *
 * @param software what writes the table, with its version
 */
export async function openRunTable(place: RunPlace, run: WholeRun, software: string): Promise<Table> {
  const store = openPlace(place);
  const keys = new Map(run.results.map(({ rank, predictions_key: key }) => [rank, key]));
  const read = await pMap(run.results, (result) => fileOf(store, result), { concurrency: CONCURRENT_READS });
  // Of which columns a rank without galaxies has, nothing follows for those of others.
  const filled = read.filter(({ samples }) => samples > 0);
  const files = (filled.length > 0 ? filled : read).map(({ columns }) => columns);
  const columns = columnsOf(files);
  const segments = segmentsOf(run.results);
  return {
    title: `Predictions of the run ${place.runId}`,
    columns,
    rows: run.proof.galaxies,
    facts: factsOf(run, { software, ids: idSource(files) }),
    async *chunks(asked = columns) {
      let open: { readonly rank: number; readonly source: PredictionsSource } | undefined;
      for (const { rank, from, to } of segments) {
        if (open?.rank !== rank) open = { rank, source: await openPredictions(store, keys.get(rank) ?? '') };
        for (const group of open.source.groups) {
          const [first, end] = [Math.max(from, group.from), Math.min(to, group.to)];
          if (first < end) yield await chunkOf(open.source, asked, first, end);
        }
      }
    },
  };
}

async function fileOf(
  store: ObjectStore,
  { predictions_key: key, samples }: WholeRun['results'][number],
): Promise<{ readonly samples: number; readonly columns: FileColumns }> {
  const { rows, columns } = await openPredictions(store, key);
  if (rows !== samples)
    throw new UserInputError(`${key} has ${rows} predictions; its rank counted ${samples} galaxies.`);
  return { samples, columns };
}

/** The columns of all files. What some lack has nulls there. */
function columnsOf(files: readonly FileColumns[]): Column[] {
  const found = files.flatMap((columns) => [...columns.keys()].filter((name) => !PLACE.includes(name)));
  // A run of which no rank left anything still has a table.
  const names = found.length === 0 ? Object.keys(WITHOUT_FILES) : ['id', ...found, 'flags'];
  const ordered = inOrder(names);
  return ordered.map((name) => ({ ...columnOf(name, files), ...knownOf(name, ordered) }));
}

const WITHOUT_FILES: Readonly<Record<string, FileColumn>> = {
  id: { kind: 'text', isList: false, nullable: false },
  z_pred: { kind: 'float32', isList: false, nullable: false },
  z_spec: { kind: 'float64', isList: false, nullable: true },
  flags: { kind: 'int32', isList: false, nullable: false },
};

function columnOf(name: string, files: readonly FileColumns[]): Omit<Column, 'description'> {
  const there = files.flatMap((columns) => columns.get(name) ?? []);
  const [first = WITHOUT_FILES[name], ...others] = there;
  if (first === undefined) throw new RangeError(`no file has ${name}`);
  const { isList } = first;
  if (others.some((other) => other.isList !== isList))
    throw new UserInputError(`The ranks of the run have ${name} as a number and as a list: expected one of the two.`);
  const isMade = name === 'id' || name === 'flags';
  const lacks = there.length < files.length || there.some(({ nullable }) => nullable);
  // Where an object has no name of its own, it has that of its place, which is text.
  const kind = name === 'id' && lacks ? 'text' : others.reduce((kind, other) => widest(kind, other.kind), first.kind);
  return {
    name,
    kind,
    isList,
    nullable: !isMade && lacks,
  };
}

function idSource(files: readonly FileColumns[]): IdSource {
  const own = files.filter((columns) => columns.has('id')).length;
  return own === 0 ? 'place' : own === files.length ? 'object' : 'either';
}

async function chunkOf(
  source: PredictionsSource,
  columns: readonly Column[],
  from: number,
  to: number,
): Promise<Chunk> {
  const names = new Set(columns.flatMap((column) => neededFor(column, source)));
  const read = await source.read([...names], from, to);
  const found = new Map([...names].map((name, place) => [name, itemAt(read, place)]));
  return { rows: to - from, values: columns.map((column) => valuesOf(source, column, found, to - from)) };
}

/** The columns of a file that a column of the table is made of. */
function neededFor({ name }: Column, { columns }: PredictionsSource): string[] {
  const found = columns.get(name);
  if (name === 'id' && (found === undefined || found.nullable))
    return [...(found === undefined ? [] : [name]), 'partition', 'index'];
  if (found !== undefined) return [name];
  return name === 'flags' ? ['z_spec'] : [];
}

function valuesOf(
  source: PredictionsSource,
  { name, kind }: Column,
  read: ReadonlyMap<string, Values>,
  rows: number,
): Values {
  const found = source.columns.get(name);
  const values =
    found === undefined ? new Array<null>(rows).fill(null) : widened(valueOf(read, name), found.kind, kind);
  if (name === 'id' && (found === undefined || found.nullable)) return named(values, read);
  if (name === 'flags' && found === undefined)
    return Array.from(valueOf(read, 'z_spec'), (z) => flagsOfTruth(typeof z === 'number' ? z : null));
  return values;
}

/** The ids given, and names by place where there is none. */
function named(ids: Values, read: ReadonlyMap<string, Values>): Values {
  const [partitions, indices] = [valueOf(read, 'partition'), valueOf(read, 'index')];
  return Array.from(ids, (id, row) => id ?? placeName(textOf(partitions[row]), Number(indices[row])));
}

function textOf(cell: Cell | undefined): string {
  return typeof cell === 'string' ? cell : '';
}

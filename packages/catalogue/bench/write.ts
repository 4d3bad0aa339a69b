/**
 * Peak memory and seconds of `cosmicai catalogue`, by format and number of galaxies, from a run that is made here.
 *
 *   node packages/catalogue/bench/write.ts [--rows 10000000] [--ranks 100] [--formats parquet,fits] [--healpix 4] [--keep FOLDER]
 *
 * Prints JSON. Half the galaxies have a true redshift; all have int64 ids beyond 2^53, ra and dec, evenly over the sky. With --keep the
 * run and the catalogues stay in the folder, and a run that is there already is used again.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { FORMAT, PARQUET_FORMAT_KEY } from '@cosmicai/payload';
import { fileStore } from '@cosmicai/store';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { makeRun, RUN_ID, type MadeRank } from '../../../test/made-run.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000000' },
    ranks: { type: 'string', default: '100' },
    formats: { type: 'string', default: 'parquet,fits' },
    healpix: { type: 'string' },
    keep: { type: 'string' },
  },
});
const [rows, ranks] = [Number(values.rows), Number(values.ranks)];
const folder = values.keep === undefined ? mkdtempSync(join(tmpdir(), 'cosmicai-bench-')) : resolve(values.keep);

/** Numbers that look drawn, the same each time. */
function drawn(seed: number): number {
  const mixed = Math.imul(seed ^ (seed >>> 16), 0x45d9f3b);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}

function rankOf(rank: number): MadeRank {
  const first = Math.floor((rows * rank) / ranks);
  const count = Math.floor((rows * (rank + 1)) / ranks) - first;
  const partition = `partitions/${rank + 1}.pt`;
  const each = (value: (galaxy: number) => number) =>
    Float64Array.from({ length: count }, (_, at) => value(first + at));
  const z = (galaxy: number) => 0.01 + drawn(galaxy * 7 + 1);
  const predictions = () => {
    const double = (name: string, data: Float64Array) => ({ name, data, type: 'DOUBLE' as const });
    const int = (name: string, data: Int32Array) => ({ name, data, type: 'INT32' as const });
    const truth = Array.from({ length: count }, (_, at) => ((first + at) % 2 === 0 ? z(first + at) : null));
    return new Uint8Array(
      parquetWriteBuffer({
        columnData: [
          int('rank', new Int32Array(count).fill(rank)),
          { name: 'partition', data: new Array<string>(count).fill(partition), type: 'STRING' },
          int(
            'index',
            Int32Array.from({ length: count }, (_, at) => at),
          ),
          { name: 'z_spec', data: truth, type: 'DOUBLE' },
          { name: 'z_pred', data: Float32Array.from({ length: count }, (_, at) => z(first + at)), type: 'FLOAT' },
          ...['u', 'g', 'r', 'i', 'z'].map((band, at) =>
            double(
              `mag_${band}`,
              each((galaxy) => 17 + at + drawn(galaxy * 11 + at)),
            ),
          ),
          int('flags', new Int32Array(count)),
          {
            name: 'id',
            data: BigInt64Array.from({ length: count }, (_, at) => 2n ** 60n + BigInt(first + at)),
            type: 'INT64',
          },
          double(
            'ra',
            each((galaxy) => 360 * drawn(galaxy * 3 + 1)),
          ),
          double(
            'dec',
            each((galaxy) => (180 / Math.PI) * Math.asin(2 * drawn(galaxy * 5 + 2) - 1)),
          ),
        ],
        // As ranks write them.
        rowGroupSize: [1000, 10_000],
        kvMetadata: [{ key: PARQUET_FORMAT_KEY, value: String(FORMAT) }],
      }),
    );
  };
  return { partitions: [{ key: partition, samples: count }], predictions };
}

function write(format: string) {
  const out = join(folder, `catalogue-${rows}-${format}`);
  rmSync(out, { recursive: true, force: true });
  const cli = join(import.meta.dirname, '..', '..', 'cli', 'src', 'main.ts');
  const told = "process.on('exit',()=>process.stderr.write('\\nPEAK_KB='+process.resourceUsage().maxRSS))";
  const healpix = format === 'hats' ? ['--healpix', values.healpix ?? '4'] : ['--format', format];
  const started = performance.now();
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      '--import',
      `data:text/javascript,${encodeURIComponent(told)}`,
      cli,
      'catalogue',
      'results',
      '-o',
      out,
      ...healpix,
    ],
    { cwd: folder, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  const seconds = (performance.now() - started) / 1000;
  const bytes = format === 'hats' ? undefined : statSync(out).size;
  return { format, peak_rss_mb: Number(/PEAK_KB=(\d+)/.exec(stderr)?.[1]) / 1000, seconds, bytes };
}

try {
  if (!existsSync(join(folder, 'results', 'runs', RUN_ID, 'proof.json')))
    await makeRun(
      fileStore(folder),
      Array.from({ length: ranks }, (_, rank) => rankOf(rank)),
    );
  const formats = values.formats.split(',');
  const measured = formats.map((format) => write(format));
  const machine = { processor: cpus()[0]?.model, cores: cpus().length, load_before: loadavg() };
  process.stdout.write(`${JSON.stringify({ rows, ranks, measured, machine, node: process.version }, null, 2)}\n`);
} finally {
  if (values.keep === undefined) rmSync(folder, { recursive: true });
}

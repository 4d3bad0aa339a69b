import type { Inspection } from '@cosmicai/families';
import { describeShape, type ModelContract, type ModelPort } from '@cosmicai/inference';
import { describeArithmetic, describeSample, outputsOf, type ModelOutput } from '@cosmicai/payload';
import { formatPairs, setIn } from '../../output/table.ts';

/** What `model inspect` prints. */
export function describeModel(inspection: Inspection): string {
  const { file, compiled, externalFiles, spec, notes, trained, arithmetic, inference } = inspection;
  const pairs = formatPairs([
    ...(compiled?.pairs ?? []),
    [
      'File',
      `${size(inspection.fileBytes)}, sha-256 ${inspection.sha256 ?? 'unknown: a file that belongs to it is missing, or can’t be read'}`,
    ],
    ...externalFiles.map(
      ({ name, bytes }) => ['Weights in', `${name} (${bytes === null ? 'not there' : size(bytes)})`] as const,
    ),
    ['Inputs', ports(file.inputs)],
    ['Outputs', ports(file.outputs)],
    ['Made by', file.producer === '' ? 'unknown' : file.producer],
    [
      'Opsets',
      `${listOf(Object.entries(file.opsets), ([domain, version]) => `${domain} ${version}`)}; IR ${file.irVersion}`,
    ],
    ['Operators', listOf(byCount(file.operators), ([operator, times]) => `${operator} ${times}`)],
    ['Metadata', listOf([...file.metadata.keys()], (key) => key)],
    ...(spec === null
      ? []
      : [['Takes', `${describeSample(spec)}${spec.from === null ? '' : ` (${spec.from})`}`] as const]),
    ...notes.map((note) => ['Beside it', note] as const),
    ...trainedPairs(trained),
    ...(arithmetic === null ? [] : [['Arithmetic', describeArithmetic(arithmetic)] as const]),
    ...Object.entries(compiled?.provenance ?? {}),
    ['infer', inference.usable ? `runs it: ${describeContract(inference.contract)}` : `can't run it: see below`],
    ...(inference.usable
      ? [['Probed', probed(inference.warnings.filter((warning) => !notes.includes(warning)))] as const]
      : []),
  ]);
  return inference.usable ? pairs : `${pairs}\n\n${setIn(inference.why)}`;
}

/** What `model inspect --json` prints; keys of models that were compiled here come first and mean what they always have. */
export function inspectionJson({ path, file, compiled, inference, ...rest }: Inspection): object {
  const { sha256, fileBytes, externalFiles, spec, notes, trained, arithmetic } = rest;
  return {
    ...compiled?.json,
    path,
    sha256,
    fileBytes,
    inputs: file.inputs.map(portJson),
    outputs: file.outputs.map(portJson),
    producer: file.producer,
    irVersion: file.irVersion,
    opsets: file.opsets,
    operators: file.operators,
    metadata: Object.fromEntries(file.metadata),
    externalFiles,
    spec,
    notes,
    trained,
    arithmetic,
    inference,
  };
}

/** The one line that tells how a model was tried. */
export function probed(warnings: readonly string[]): string {
  return warnings.length === 0
    ? 'a finite, repeatable answer for each galaxy, whatever its batch mates'
    : `a finite, repeatable answer for each galaxy; let pass: ${warnings.join(' ')}`;
}

function portJson({ name, type, shape }: ModelPort): object {
  // Of a scalar, or of one that the file doesn't tell.
  return { name, type: type ?? null, shape };
}

function ports(list: readonly ModelPort[]): string {
  return listOf(list, ({ name, type, shape }) => `${name} ${type ?? '(no tensor)'} ${describeShape(shape)}`);
}

/** What of a galaxy is answered, by the kind of output. */
const ANSWERED: Readonly<Record<ModelOutput['kind'], string>> = {
  value: 'redshift',
  'value+sigma': 'redshift and its uncertainty',
  classes: 'probabilities of classes',
  density: 'density of the redshift',
  vector: 'vector',
};

function describeContract({ spec, image, magnitudes, answer, batch }: ModelContract): string {
  const slots = answer.outputs.map(({ name }) => name);
  const answered = outputsOf(spec).map((output) => {
    const from = slots.splice(0, output.kind === 'value+sigma' && output.sigma !== undefined ? 2 : 1);
    return `${ANSWERED[output.kind]} from ${from.join(' and ')}`;
  });
  const parts = [
    `image from ${image.name}`,
    magnitudes === null ? 'no magnitudes' : `magnitudes from ${magnitudes.name}`,
    ...answered,
    batch === null ? 'any batch size' : `${batch} galaxies at once, padded`,
  ];
  return parts.join(', ');
}

function trainedPairs(trained: Inspection['trained']): (readonly [string, string])[] {
  if (trained === null) return [['Trained on', 'unknown: measure it with cosmicai model profile']];
  if ('problem' in trained) return [['Trained on', trained.problem.replaceAll(/\s*\n\s*/g, ' ')]];
  const range = ([low, high]: readonly [number, number]) => `${low.toPrecision(4)} to ${high.toPrecision(4)}`;
  const { magnitudes, redshift } = trained.ranges;
  return [
    ['Trained on', `redshift ${range(redshift)}, magnitudes ${magnitudes.map(range).join(', ')} (${trained.from})`],
  ];
}

function byCount(operators: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(operators).sort(([a, many], [b, few]) => few - many || (a < b ? -1 : 1));
}

function listOf<T>(list: readonly T[], describe: (item: T) => string): string {
  return list.length === 0 ? 'none' : list.map(describe).join(', ');
}

function size(bytes: number): string {
  return bytes < 100_000 ? `${bytes} bytes` : `${(bytes / 2 ** 20).toFixed(2)} MB`;
}

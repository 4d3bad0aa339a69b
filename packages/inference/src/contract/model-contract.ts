import {
  UserInputError,
  answerWidth,
  ASTROMAE,
  inputShape,
  outputsOf,
  type ModelInputs,
  type ModelOutput,
  type ModelSpec,
} from '@cosmicai/payload';
import { describeShape, isFloating, type FloatingType, type ModelPort, type ModelPorts } from './ports.ts';
import { refusal, type SpecifiedPorts } from './refusal.ts';

export interface Slot {
  /** As the model calls it. */
  readonly name: string;
  readonly type: FloatingType;
}

/** What a model answers for each galaxy: `width` numbers, those of the first output and then those of the next. */
export interface AnswerContract {
  readonly outputs: readonly AnswerSlot[];
  readonly width: number;
}

export interface AnswerSlot extends Slot {
  /** For each galaxy: `[n, values]`, or `[n]` where it is one. */
  readonly values: number;
}

/** How a model is fed with galaxies and what it answers. */
export interface ModelContract {
  /** What it takes of a galaxy. */
  readonly spec: ModelSpec;
  /** `[n, ...inputShape]`: `[n, 5, 32, 32]`. */
  readonly image: Slot;
  /** `[n, features]`: `[n, 5]`; null: the model looks at images only. */
  readonly magnitudes: Slot | null;
  readonly answer: AnswerContract;
  /** Galaxies in a forward pass where the export froze their number, else null. */
  readonly batch: number | null;
}

/**
 * Reads from a session's description how the model is fed.
 *
 * @throws UserInputError that says what the model has, what was expected and how to export it
 */
export function contractOf(session: ModelPorts, names: ModelInputs = {}, spec: ModelSpec = ASTROMAE): ModelContract {
  const ports: SpecifiedPorts = { ...session, spec };
  const image = slotOf(ports, 'inputs', 'image', names.image ?? 'image');
  const magnitudesName = names.magnitudes ?? 'magnitudes';
  const rest = ports.inputs.filter(({ name }) => name !== image.name);
  if (names.magnitudes === image.name) throw refusal(ports, `"${image.name}" can't be both image and magnitudes`);
  const isFed = names.magnitudes !== undefined || rest.some(({ name }) => name === magnitudesName);
  const magnitudes = isFed ? slotOf(ports, 'inputs', 'magnitudes', magnitudesName) : null;
  const unfed = rest.find(({ name }) => name !== magnitudes?.name);
  if (unfed !== undefined) throw refusal(ports, `nothing is known to feed its input "${unfed.name}" with`);
  checkShape(ports, image, inputShape(spec.image));
  if (magnitudes !== null) checkShape(ports, magnitudes, [spec.features.length]);
  return {
    spec,
    image: fed(ports, image),
    magnitudes: magnitudes && fed(ports, magnitudes),
    answer: answerOf(ports, outputsOf(spec), names.redshift),
    batch: batchOf(ports, [image, ...(magnitudes === null ? [] : [magnitudes])]),
  };
}

/** @param named the user's own name for the first output */
function answerOf(ports: SpecifiedPorts, outputs: readonly ModelOutput[], named: string | undefined): AnswerContract {
  const slots = outputs.flatMap((output, at) => {
    const slot = (name: string, values: number): AnswerSlot => {
      const port = slotOf(ports, 'outputs', 'redshift', name);
      checkAnswer(ports, port, values, output);
      return { ...fed(ports, port), values };
    };
    const name = at === 0 ? (named ?? output.name) : output.name;
    const isPair = output.kind === 'value+sigma' && output.sigma !== undefined;
    return isPair ? [slot(name, 1), slot(output.sigma, 1)] : [slot(name, answerWidth(output))];
  });
  return { outputs: slots, width: slots.reduce((sum, { values }) => sum + values, 0) };
}

function slotOf(ports: SpecifiedPorts, side: 'inputs' | 'outputs', role: string, name: string): ModelPort {
  const port = ports[side].find((candidate) => candidate.name === name);
  if (port !== undefined) return port;
  const article = side === 'inputs' ? 'input' : 'output';
  const isTable = role === 'image' && ports.inputs.length > 0 && ports.inputs.every(({ shape }) => shape.length <= 2);
  const alone = isTable ? '; models of features alone, without an image, are not run' : '';
  throw refusal(ports, `it has no ${article} "${name}"${name === role ? '' : ` to take for ${role}`}${alone}`);
}

function fed(ports: SpecifiedPorts, { name, type }: ModelPort): Slot {
  if (isFloating(type)) return { name, type };
  const isOutput = ports.outputs.some((output) => output.name === name);
  const found = type === undefined ? 'no tensor' : `of type ${type}`;
  throw refusal(
    ports,
    isOutput
      ? `its output "${name}" is ${found}; answers are floating point numbers (of classes, a score for each)`
      : `its input "${name}" is ${found}; floating point numbers are fed`,
  );
}

function checkShape(ports: SpecifiedPorts, port: ModelPort, expected: readonly number[]): void {
  const { name, shape } = port;
  // A model that doesn't tell is told by what onnxruntime says of the first galaxies.
  if (shape.length === 0) return;
  const [, ...found] = shape;
  const fits =
    found.length === expected.length &&
    expected.every((size, axis) => typeof found[axis] === 'string' || found[axis] === size);
  if (fits) return;
  const bands = ports.spec.image.bands.length;
  const isOtherWay = found.length === 3 && found[0] !== found[2] && found[isLast(ports) ? 0 : 2] === bands;
  const way = isLast(ports) ? 'NCHW' : 'NHWC';
  throw refusal(
    ports,
    `its input "${name}" takes ${describeShape(shape)}; galaxies are fed as ${describeShape(['n', ...expected])}` +
      (isOtherWay
        ? ` (where its bands are ${isLast(ports) ? 'first' : 'last'}, its spec has to say so: layout: ${way})`
        : ''),
  );
}

function isLast({ spec }: SpecifiedPorts): boolean {
  return spec.image.layout === 'NHWC';
}

function checkAnswer(ports: SpecifiedPorts, { name, shape }: ModelPort, values: number, output: ModelOutput): void {
  if (shape.length === 0) return;
  const last = shape[1];
  if (shape.length === 1 && values === 1) return;
  if (shape.length === 2 && (typeof last === 'string' || last === values)) return;
  const found =
    shape.length === 1
      ? 'one value a galaxy'
      : shape.length === 2
        ? `${last} values a galaxy`
        : `${shape.length} dimensions`;
  const problem = `its output "${name}" is ${describeShape(shape)}, ${found}`;
  // Its spec is wrong, or another output's: exporting it in another way is not what is to be done.
  if (output.kind !== 'value') throw new UserInputError(`${problem}; ${specifiedValues(output, last)}.`);
  throw refusal(ports, `${problem}; ${ONE_VALUE}`);
}

/** What the spec says of an output, and what would fit it. */
function specifiedValues(output: ModelOutput, found: number | string | undefined): string {
  const several = typeof found === 'number' && found > 1;
  switch (output.kind) {
    case 'density':
      return `its spec has a grid of ${output.grid.length} edges for ${output.grid.length - 1} bins${several ? `, and ${found} bins have ${found + 1} edges` : ''}`;
    case 'classes':
      return `its spec has ${output.labels.length} labels${several ? `, and ${found} are needed` : ''}`;
    case 'vector':
      return `its spec says that the length is ${output.length}`;
    default:
      return `its spec says ${output.kind}: ${answerWidth(output)} values a galaxy, or an output for each`;
  }
}

const ONE_VALUE =
  'one value a galaxy was expected, [n] or [n, 1]. Where it answers more, such as a sigma, classes or a density, its spec has to say what they are (cosmicai model describe model.onnx --spec spec.json --out described.onnx)';

function batchOf(ports: SpecifiedPorts, inputs: readonly ModelPort[]): number | null {
  const frozen = new Set(inputs.map(({ shape }) => shape[0]).filter((size) => typeof size === 'number'));
  const [size, ...others] = frozen;
  if (size === undefined) return null;
  if (others.length === 0 && size > 0) return size;
  throw refusal(ports, `its inputs are frozen at ${[...frozen].join(' and ')} galaxies`);
}

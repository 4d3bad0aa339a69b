import {
  answerWidth,
  inputShape,
  itemAt,
  outputsOf,
  UserInputError,
  type ModelOutput,
  type ModelSpec,
} from '@cosmicai/payload';
import { describeShape, isFloating, type ModelPort, type ModelPorts } from './ports.ts';

/** What a session has, and what its model is said to take. */
export interface SpecifiedPorts extends ModelPorts {
  readonly spec: ModelSpec;
}

function wanted(spec: ModelSpec): string {
  return `Wanted: ${wantedInputs(spec)}; ${outputsOf(spec).map(wantedAnswer).join(', ')}; all floating point.`;
}

function wantedInputs({ image, features }: ModelSpec): string {
  const shape = describeShape(['n', ...inputShape(image)]);
  return features.length === 0
    ? `input image ${shape}`
    : `inputs image ${shape} and, if it uses them, magnitudes ${describeShape(['n', features.length])}`;
}

function wantedAnswer(output: ModelOutput): string {
  if (output.kind === 'value+sigma' && output.sigma !== undefined)
    return `outputs ${output.name} and ${output.sigma}, each [n] or [n, 1]`;
  const width = answerWidth(output);
  return `output ${output.name} ${width === 1 ? '[n] or [n, 1]' : describeShape(['n', width])}`;
}

/** How PyTorch writes a model that fits; docs/models.md has it too. */
export const EXPORT_LINE =
  'torch.onnx.export(model.eval(), (image, magnitudes), "model.onnx", input_names=["image", "magnitudes"], ' +
  'output_names=["redshift"], dynamic_axes={"image": {0: "n"}, "magnitudes": {0: "n"}, "redshift": {0: "n"}})';

/** The error of a model that doesn't fit: why, what it has, what is wanted, and what to do. */
export function refusal(ports: SpecifiedPorts, why: string): UserInputError {
  const mapping = suggestedMapping(ports);
  return new UserInputError(
    [
      `${why}.`,
      `It has: ${described('input', ports.inputs)}; ${described('output', ports.outputs)}.`,
      wanted(ports.spec),
      ...(mapping === undefined ? [] : [`If these are the same under other names: ${mapping}`]),
      `Export with: ${EXPORT_LINE}`,
    ].join('\n'),
  );
}

function described(what: string, ports: readonly ModelPort[]): string {
  if (ports.length === 0) return `no ${what}`;
  const list = ports.map(({ name, type, shape }) => `${name} ${type ?? '(no tensor)'} ${describeShape(shape)}`);
  return `${what}${ports.length === 1 ? '' : 's'} ${list.join(', ')}`;
}

/** Options that name inputs and output by what only they can be; undefined where that says nothing new. */
function suggestedMapping({ inputs, outputs, spec }: SpecifiedPorts): string | undefined {
  const only = (ports: readonly ModelPort[], fits: (port: ModelPort) => boolean) => {
    const found = ports.filter(fits);
    return found.length === 1 ? found[0] : undefined;
  };
  const roles = {
    image: only(inputs, ({ shape }) => shape.length === 4),
    magnitudes: only(inputs, ({ shape }) => shape.length === 2 && shape[1] === spec.features.length),
    redshift: only(outputs, ({ type, shape }) => isFloating(type) && shape.length <= 2),
  };
  if (roles.image === undefined || roles.redshift === undefined) return undefined;
  const called = { image: 'image', magnitudes: 'magnitudes', redshift: itemAt(outputsOf(spec), 0).name };
  const renamed = Object.entries(roles).filter(
    ([role, port]) => port !== undefined && port.name !== called[role as keyof typeof called],
  );
  return renamed.length === 0 ? undefined : renamed.map(([role, port]) => `--map ${role}=${port?.name}`).join(' ');
}

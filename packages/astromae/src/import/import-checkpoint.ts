import {
  describeNode,
  holdsModule,
  mappingEntries,
  moduleStateDict,
  openTorchFile,
  readModuleTree,
  readStateDict,
  readStateDicts,
  toFloat32,
  whyUnchecked,
  type ByteSource,
  type TorchFile,
  type TorchFileOptions,
} from '@cosmicai/torchfile';
import { valueOf } from '@cosmicai/payload';
import { networkName, type NetworkConfig } from '../config.ts';
import { floats, type FloatTensor } from '../graph/graph.ts';
import { weightSpecs, type Weights } from '../weights.ts';
import { CheckpointMismatchError } from './errors.ts';
import { densityAssumption, stateDictAssumptions } from './assumptions.ts';
import { headsIn } from './hyper-parameters.ts';
import { renumbered, renumberedInception, type NamedTensors } from './layer-names.ts';
import { configOfModule } from './module-config.ts';
import { networkModule, refuseHooks } from './module-network.ts';
import type { ModuleView } from './module-view.ts';
import { missing, networkIn, type FoundNetwork } from './networks-found.ts';
import type { TensorNames } from './shape-reader.ts';
import { configOfShapes, type StateDictHints } from './state-dict-config.ts';

export interface ImportedCheckpoint {
  readonly config: NetworkConfig;
  readonly weights: Weights;
  /** What stood before the names of the network's tensors, or led to its module: `state_dict.model.`. */
  readonly prefix: string;
  /** How the checkpoint was saved. */
  readonly form: 'module' | 'state-dict';
  /** What the file does not show and was taken from elsewhere, in sentences; mostly empty for a whole module. */
  readonly assumptions: readonly string[];
  /** Why damage to the file could have gone unnoticed though it was to be checked. */
  readonly unchecked: string | undefined;
}

/** Tensors that checkpoints hold and inference never reads. */
const UNUSED = [/\.num_batches_tracked$/, /^(inception_model\.)?conv2d_init\.(weight|bias)$/];

/**
 * Reads a checkpoint of torch.save: one of the networks of AstroMAE, as a module or its state dict, under any key and any prefix that
 * wrappers gave it. Nothing in the file is executed. Which network it is, every dimension and hyperparameter come from the file; what a state
 * dict has no trace of comes from the hints.
 *
 * @throws TorchFileError for a file that is damaged, hostile, or no torch file
 * @throws CheckpointMismatchError naming the first module or tensor that does not fit and what was expected; for a file of
 *   several networks, their places
 * @throws MissingHyperparameterError when a state dict comes without the number of heads
 */
export async function importCheckpoint(
  source: ByteSource,
  hints: StateDictHints = {},
  options: TorchFileOptions = {},
): Promise<ImportedCheckpoint> {
  const file = await openTorchFile(source, options);
  const module = moduleFile(file, hints);
  return module ? importModule(module.file, module.key, hints, options) : importStateDict(file, hints, options);
}

/** The file with a module as its root: what was saved, or the one module in a dict that was. */
function moduleFile(
  file: TorchFile,
  { prefix }: StateDictHints,
): { readonly file: TorchFile; readonly key: string } | undefined {
  if (holdsModule(file)) return { file, key: '' };
  const modules = (mappingEntries(file.root) ?? []).filter(([, value]) => holdsModule({ ...file, root: value }));
  const chosen = modules.length > 1 ? modules.filter(([key]) => key === prefix?.replace(/\.$/, '')) : modules;
  const [only] = chosen;
  if (only) return { file: { ...file, root: only[1] }, key: typeof only[0] === 'string' ? only[0] : '' };
  if (modules.length === 0) return undefined;
  const keys = modules.map(([key]) => describeNode(key)).join(', ');
  throw new CheckpointMismatchError(
    file.name,
    'the saved dict',
    `one of several modules (${keys})`,
    'one module, or its key (--prefix)',
  );
}

async function importModule(
  file: TorchFile,
  key: string,
  hints: StateDictHints,
  options: TorchFileOptions,
): Promise<ImportedCheckpoint> {
  const tree = readModuleTree(file);
  refuseHooks(file.name, tree);
  const { network, assumptions } = networkModule(file.name, tree, key === '' ? hints.prefix : undefined);
  const { config, assumptions: more } = configOfModule(network);
  const trunk = config.encoder ?? config.transformer;
  refuseContradiction(network, 'number of attention heads', trunk?.heads, hints.heads);
  refuseContradiction(network, 'LayerNorm epsilon in the blocks', trunk?.normEpsilon, hints.normEpsilon);
  const within = network.path === '' ? '' : `${network.path}.`;
  const tensors = new Map(
    Array.from(moduleStateDict(network.node), ([name, ref]) => [name, { ref, original: within + name }] as const),
  );
  const named = renumberedInception(renumbered(tensors).tensors, config);
  const { weights, unchecked } = await readWeights(file, options, config, named, {
    inFile: (name) => within + name,
    missing: () => 'missing',
  });
  const prefix = (key === '' ? '' : `${key}.`) + within;
  return { config, weights, prefix, form: 'module', assumptions: [...assumptions, ...more], unchecked };
}

/** A whole module shows everything: who says otherwise has the wrong file or the wrong number. */
function refuseContradiction(
  root: ModuleView,
  what: string,
  found: number | undefined,
  given: number | undefined,
): void {
  if (found !== undefined && given !== undefined && given !== found) {
    throw root.mismatch(`a module whose ${what} is ${found}`, `${given} as given; leave that out to use its own`);
  }
}

async function importStateDict(
  file: TorchFile,
  hints: StateDictHints,
  options: TorchFileOptions,
): Promise<ImportedCheckpoint> {
  const found = networkIn(file.name, readStateDicts(file), hints.prefix) ?? wholeDict(file);
  const { place } = found;
  const tensors = new Map(Array.from(found.tensors, ([name, ref]) => [name, { ref, original: place + name }] as const));
  const { tensors: named, widened, crowded } = renumbered(tensors);
  const [first] = crowded;
  if (first !== undefined) {
    throw new CheckpointMismatchError(
      file.name,
      first,
      'right behind the layer before it',
      'an activation between them',
    );
  }
  const shapes = new Map(Array.from(named, ([name, { ref }]) => [name, ref.shape]));
  const names: TensorNames = {
    inFile: (name) => named.get(name)?.original ?? place + name,
    missing: (name) => missing(found, name),
  };
  const { heads, saidBy } = hints.heads === undefined ? headsIn(file) : { heads: hints.heads, saidBy: undefined };
  const config = configOfShapes(file.name, shapes, { ...hints, heads }, names);
  const { weights, unchecked } = await readWeights(file, options, config, renumberedInception(named, config), names);
  return {
    config,
    weights,
    prefix: place,
    form: 'state-dict',
    assumptions: [
      ...stateDictAssumptions(config, { ...hints, saidBy }),
      ...(config.answer === 'density' ? [densityAssumption(config)] : []),
      ...(widened.length > 0 ? [`modules without tensors in ${widened.join(', ')} are Dropout`] : []),
      ...(found.outside.length > 0 ? [`tensors outside ${place} take no part: ${someOf(found.outside)}`] : []),
    ],
    unchecked,
  };
}

/** Names of tensors, the first few of many. */
function someOf(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

/** Where no tensor is known: the dict whose first tensor that is missing is named. */
function wholeDict(file: TorchFile): FoundNetwork {
  return { place: '', tensors: readStateDict(file).tensors, outside: [] };
}

/** Reads the tensors the configuration announces, and refuses any other: it would be part of another model. */
async function readWeights(
  file: TorchFile,
  options: TorchFileOptions,
  config: NetworkConfig,
  named: NamedTensors,
  names: TensorNames,
): Promise<{ readonly weights: Weights; readonly unchecked: string | undefined }> {
  const specs = weightSpecs(config);
  const known = new Set(specs.map((spec) => spec.name));
  for (const { name, dims } of specs) {
    const tensor = named.get(name);
    const shape = `a tensor of shape [${dims.join(', ')}]`;
    if (!tensor) throw new CheckpointMismatchError(file.name, names.inFile(name), names.missing(name), shape);
    const { ref, original } = tensor;
    if (ref.shape.length !== dims.length || ref.shape.some((size, axis) => size !== dims[axis])) {
      throw new CheckpointMismatchError(file.name, original, `of shape [${ref.shape.join(', ')}]`, shape);
    }
  }
  for (const [name, { ref, original }] of named) {
    if (!known.has(name) && !UNUSED.some((pattern) => pattern.test(name))) {
      const shape = `a tensor of shape [${ref.shape.join(', ')}]`;
      throw new CheckpointMismatchError(
        file.name,
        original,
        shape,
        `no such tensor in a network of this kind (${networkName(config)})`,
      );
    }
  }
  const weights = new Map<string, FloatTensor>();
  for (const { name, dims } of specs) {
    const { ref, original } = valueOf(named, name);
    const data = toFloat32(await file.tensor(ref));
    if (!data.every((value) => Number.isFinite(value))) {
      throw new CheckpointMismatchError(file.name, original, 'partly infinite or not a number', 'finite weights');
    }
    weights.set(name, floats(dims, data));
  }
  return { weights, unchecked: whyUnchecked(file, options, await file.finishCheck()) };
}

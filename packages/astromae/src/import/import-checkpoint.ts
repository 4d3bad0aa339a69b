import {
  describeNode,
  holdsModule,
  mappingEntries,
  moduleStateDict,
  openTorchFile,
  readModuleTree,
  readStateDict,
  toFloat32,
  whyUnchecked,
  type ByteSource,
  type TensorRef,
  type TorchFile,
  type TorchFileOptions,
} from '@cosmicai/torchfile';
import { valueOf } from '@cosmicai/payload';
import type { AstroMaeConfig } from '../config.ts';
import { floats, type FloatTensor } from '../graph/graph.ts';
import { weightSpecs, type Weights } from '../weights.ts';
import { CheckpointMismatchError } from './errors.ts';
import { configOfModule, unwrapped } from './module-config.ts';
import type { ModuleView } from './module-view.ts';
import { configOfShapes, type StateDictHints } from './state-dict-config.ts';

export interface ImportedCheckpoint {
  readonly config: AstroMaeConfig;
  readonly weights: Weights;
  /** How the checkpoint was saved. */
  readonly form: 'module' | 'state-dict';
  /** What the file does not show and was taken from elsewhere, in sentences; empty for a whole module. */
  readonly assumptions: readonly string[];
  /** Why damage to the file could have gone unnoticed though it was to be checked. */
  readonly unchecked: string | undefined;
}

/** Tensors that checkpoints hold and inference never reads. */
const UNUSED = [/\.num_batches_tracked$/, /^inception_model\.conv2d_init\.(weight|bias)$/];

/**
 * Reads an AstroMAE checkpoint of torch.save: the module, bare or wrapped in DataParallel, or its state dict, bare or
 * prefixed by `module.`; either may lie under a key like `model`. Nothing in the file is executed. Every dimension and hyperparameter
 * comes from the file; what a state dict has no trace of comes from the hints.
 *
 * @throws TorchFileError for a file that is damaged, hostile, or no torch file
 * @throws CheckpointMismatchError naming the first module or tensor that does not fit and what was expected
 * @throws MissingHyperparameterError when a state dict comes without the number of heads
 */
export async function importCheckpoint(
  source: ByteSource,
  hints: StateDictHints = {},
  options: TorchFileOptions = {},
): Promise<ImportedCheckpoint> {
  const file = await openTorchFile(source, options);
  const module = moduleFile(file);
  return module ? importModule(module, hints, options) : importStateDict(file, hints, options);
}

/** The file with a module as its root: what was saved, or the one module in a dict that was. */
function moduleFile(file: TorchFile): TorchFile | undefined {
  if (holdsModule(file)) return file;
  const modules = (mappingEntries(file.root) ?? []).filter(([, value]) => holdsModule({ ...file, root: value }));
  const [only, ...more] = modules;
  if (more.length > 0) {
    const keys = modules.map(([key]) => describeNode(key)).join(', ');
    throw new CheckpointMismatchError(file.name, 'the saved dict', `one of several modules (${keys})`, 'one module');
  }
  return only && { ...file, root: only[1] };
}

async function importModule(
  file: TorchFile,
  hints: StateDictHints,
  options: TorchFileOptions,
): Promise<ImportedCheckpoint> {
  const root = unwrapped(file.name, readModuleTree(file));
  const config = configOfModule(root);
  refuseContradiction(root, 'number of attention heads', config.encoder.heads, hints.heads);
  refuseContradiction(root, 'LayerNorm epsilon in the blocks', config.encoder.normEpsilon, hints.normEpsilon);
  const { weights, unchecked } = await readWeights(file, options, config, moduleStateDict(root.node));
  return { config, weights, form: 'module', assumptions: [], unchecked };
}

/** A whole module shows everything: who says otherwise has the wrong file or the wrong number. */
function refuseContradiction(root: ModuleView, what: string, found: number, given: number | undefined): void {
  if (given !== undefined && given !== found) {
    throw root.mismatch(`a module whose ${what} is ${found}`, `${given} as given; leave that out to use its own`);
  }
}

async function importStateDict(
  file: TorchFile,
  hints: StateDictHints,
  options: TorchFileOptions,
): Promise<ImportedCheckpoint> {
  const tensors = withoutPrefix(readStateDict(file).tensors);
  const shapes = new Map(Array.from(tensors, ([name, ref]) => [name, ref.shape]));
  const config = configOfShapes(file.name, shapes, hints);
  const { weights, unchecked } = await readWeights(file, options, config, tensors);
  const { heads, attentionScale, normEpsilon } = config.encoder;
  return {
    config,
    weights,
    form: 'state-dict',
    assumptions: [
      `${heads} attention heads as given, so attention is scaled by ${attentionScale.toPrecision(6)}`,
      `LayerNorm epsilon ${normEpsilon} in the blocks, ${hints.normEpsilon === undefined ? 'the usual value' : 'as given'}`,
      `LayerNorm epsilon ${config.encoder.poolNormEpsilon} after pooling and BatchNorm epsilon ${config.inception.batchNormEpsilon}, ` +
        'the values of the published model',
    ],
    unchecked,
  };
}

/** What DataParallel and torch.compile put before every name. */
const PREFIXES = ['module.', '_orig_mod.'];

function withoutPrefix(tensors: ReadonlyMap<string, TensorRef>): ReadonlyMap<string, TensorRef> {
  const prefix = PREFIXES.find((candidate) => [...tensors.keys()].every((name) => name.startsWith(candidate)));
  if (prefix === undefined) return tensors;
  return withoutPrefix(new Map(Array.from(tensors, ([name, ref]) => [name.slice(prefix.length), ref])));
}

/** Reads the tensors the configuration announces, and refuses any other: it would be part of another model. */
async function readWeights(
  file: TorchFile,
  options: TorchFileOptions,
  config: AstroMaeConfig,
  refs: ReadonlyMap<string, TensorRef>,
): Promise<{ readonly weights: Weights; readonly unchecked: string | undefined }> {
  const specs = weightSpecs(config);
  const known = new Set(specs.map((spec) => spec.name));
  for (const { name, dims } of specs) {
    const ref = refs.get(name);
    const shape = `a tensor of shape [${dims.join(', ')}]`;
    if (!ref) throw new CheckpointMismatchError(file.name, name, 'missing', shape);
    if (ref.shape.length !== dims.length || ref.shape.some((size, axis) => size !== dims[axis])) {
      throw new CheckpointMismatchError(file.name, name, `of shape [${ref.shape.join(', ')}]`, shape);
    }
  }
  for (const [name, ref] of refs) {
    if (!known.has(name) && !UNUSED.some((pattern) => pattern.test(name))) {
      const found = `a tensor of shape [${ref.shape.join(', ')}]`;
      throw new CheckpointMismatchError(file.name, name, found, 'no such tensor in an AstroMAE of this configuration');
    }
  }
  const weights = new Map<string, FloatTensor>();
  for (const { name, dims } of specs) {
    const data = toFloat32(await file.tensor(valueOf(refs, name)));
    if (!data.every((value) => Number.isFinite(value))) {
      throw new CheckpointMismatchError(file.name, name, 'partly infinite or not a number', 'finite weights');
    }
    weights.set(name, floats(dims, data));
  }
  return { weights, unchecked: whyUnchecked(file, options, await file.finishCheck()) };
}

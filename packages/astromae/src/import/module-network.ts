import type { ModuleNode } from '@cosmicai/torchfile';
import { CheckpointMismatchError } from './errors.ts';
import { ModuleView } from './module-view.ts';

/** Classes that are a network; all others are what it was wrapped in. */
export const NETWORKS = ['ViT_Astro', 'Input_Mix_Model', 'VisionTransformer'] as const;

/** Wrappers that do nothing but call the module within. */
const TRANSPARENT = new Set(['DataParallel', 'DistributedDataParallel', 'OptimizedModule', 'AveragedModel']);

export interface FoundModule {
  readonly network: ModuleView;
  readonly assumptions: readonly string[];
}

/**
 * The network within whatever it was trained in, at any depth.
 *
 * @param wanted path of the one to take, where there are several
 * @throws CheckpointMismatchError for none, for several, and for one beside which its wrapper holds weights of its own
 */
export function networkModule(file: string, root: ModuleNode, wanted: string | undefined): FoundModule {
  const found = distinct(networksWithin(new ModuleView(file, root), []));
  const chosen =
    wanted === undefined ? found : found.filter(({ network }) => network.path === wanted.replace(/\.$/, ''));
  const [only, ...more] = chosen;
  if (!only && found.length === 0) throw unlike(innermost(new ModuleView(file, root)));
  if (!only || more.length > 0) {
    const paths = found.map(({ network }) => network.path).join(', ');
    throw new CheckpointMismatchError(
      file,
      'the saved module',
      `one with several networks (${paths})`,
      'the path of one (--prefix)',
    );
  }
  if (wanted === undefined)
    only.wrappers.forEach((wrapper) => {
      refuseOtherWeights(wrapper, only.network);
    });
  const foreign = only.wrappers.filter(({ className }) => !TRANSPARENT.has(className));
  return {
    network: only.network,
    assumptions: foreign.map(
      ({ node, path }) =>
        `${node.className}${path === '' ? '' : ` (${path})`} answers what ${only.network.path} answers, unchanged`,
    ),
  };
}

/** Whether there is one at all. */
export function hasNetworkModule(file: string, root: ModuleNode): boolean {
  return networksWithin(new ModuleView(file, root), []).length > 0;
}

interface Wrapped {
  readonly network: ModuleView;
  readonly wrappers: readonly ModuleView[];
}

/** A module that stands under two names is one network. */
function distinct(found: readonly Wrapped[]): Wrapped[] {
  return found.filter(
    ({ network }, index) => found.findIndex((other) => other.network.node === network.node) === index,
  );
}

function networksWithin(view: ModuleView, wrappers: readonly ModuleView[]): Wrapped[] {
  if (NETWORKS.some((name) => name === view.className)) return [{ network: view, wrappers }];
  return view.items().flatMap((child) => (isPart(child) ? [] : networksWithin(child, [...wrappers, view])));
}

/** The module within AstroMAE that would be a network of its own. */
function isPart({ path }: ModuleView): boolean {
  return path === 'inception_model' || path.endsWith('.inception_model');
}

/** What stands in the wrappers that do nothing. */
function innermost(view: ModuleView): ModuleView {
  const [child, ...more] = view.items();
  return TRANSPARENT.has(view.className) && child && more.length === 0 ? innermost(child) : view;
}

function unlike(view: ModuleView): CheckpointMismatchError {
  return view.mismatch(
    `a ${view.node.className}`,
    `${NETWORKS.join(' or ')}; the state_dict() of another class is read by its tensors`,
  );
}

/** A wrapper with weights beside the network's does more than call it: a head of its own, say. */
function refuseOtherWeights(wrapper: ModuleView, network: ModuleView): void {
  for (const name of wrapper.node.parameters.keys()) {
    if (wrapper.hasParameter(name)) {
      throw wrapper.mismatch(
        `a ${wrapper.node.className} with a parameter ${name} beside ${network.path}`,
        `nothing but ${network.path}`,
      );
    }
  }
  for (const child of wrapper.items()) {
    const isOnTheWay = network.path === child.path || network.path.startsWith(`${child.path}.`);
    if (!isOnTheWay && hasParameters(child)) {
      throw child.mismatch(
        `a ${child.node.className} with weights beside ${network.path}`,
        `nothing but ${network.path}`,
      );
    }
  }
}

function hasParameters(view: ModuleView): boolean {
  return (
    [...view.node.parameters.values()].some((parameter) => parameter !== null) ||
    view.items().some((child) => hasParameters(child))
  );
}

/**
 * @throws CheckpointMismatchError for code that would run with a module: it is not run, so predictions would differ
 */
export function refuseHooks(file: string, root: ModuleNode): void {
  const [hook] = root.hooks;
  if (hook) {
    throw new CheckpointMismatchError(
      file,
      root.path,
      `a ${root.className} with ${hook.name} in its ${hook.kind}, code that changes what it answers`,
      'a module without hooks; remove them, or save its state_dict()',
    );
  }
  for (const child of root.children.values()) refuseHooks(file, child);
}

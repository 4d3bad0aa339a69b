import { holdsModule, mappingEntries, openTorchFile, readModuleTree, readStateDicts } from '@cosmicai/torchfile';
import type { ByteSource } from '@cosmicai/torchfile';
import { hasNetworkModule } from './module-network.ts';
import { hasNetwork } from './networks-found.ts';

/**
 * Whether a checkpoint has a module or tensors that only networks of AstroMAE have, under whatever names. Whether it then fits, importCheckpoint
 * says.
 *
 * @throws TorchFileError for a file that is damaged, hostile, or no torch file
 */
export async function holdsAstroMae(source: ByteSource): Promise<boolean> {
  const file = await openTorchFile(source);
  const roots = [file.root, ...(mappingEntries(file.root) ?? []).map(([, value]) => value)];
  const modules = roots.map((root) => ({ ...file, root })).filter((within) => holdsModule(within));
  return modules.length > 0
    ? modules.some((within) => hasNetworkModule(file.name, readModuleTree(within)))
    : hasNetwork(readStateDicts(file));
}

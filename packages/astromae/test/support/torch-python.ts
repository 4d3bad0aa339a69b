import { spawnSync } from 'node:child_process';

/** A Python that can import torch: the one COSMICAI_PYTHON names, or python3; undefined when there is none. */
export function torchPython(): string | undefined {
  const python = process.env.COSMICAI_PYTHON ?? 'python3';
  const { status } = spawnSync(python, ['-c', 'import torch, numpy'], { stdio: 'ignore' });
  return status === 0 ? python : undefined;
}

import { spawnSync } from 'node:child_process';

/** A Python that can import these: the one COSMICAI_PYTHON names, or python3; undefined when there is none. */
export function torchPython(modules = 'torch, numpy'): string | undefined {
  const python = process.env.COSMICAI_PYTHON ?? 'python3';
  const { status } = spawnSync(python, ['-c', `import ${modules}`], { stdio: 'ignore' });
  return status === 0 ? python : undefined;
}

import type { RendezvousSize } from '@cosmicai/payload';
import type { StageOptions } from './stage-options.ts';

const UNITS_PER_VCPU = 1024;

/** The server at which a stage's ranks meet; null: it has none. */
export function rendezvousSize({ rendezvous }: Pick<StageOptions, 'rendezvous'>): RendezvousSize | null {
  if (!rendezvous.enabled) return null;
  return {
    vcpus: rendezvous.cpu / UNITS_PER_VCPU,
    memoryMb: rendezvous.memory,
    architecture: rendezvous.architecture === 'ARM64' ? 'arm64' : 'x86_64',
    ...(rendezvous.mode === 'on-demand' && { idleMinutes: rendezvous.idle_minutes }),
  };
}

import { parseJsonAs } from '@cosmicai/payload';
import { z } from 'zod';
import { NETWORK_NAMES, networkConfigSchema, networkName, type NetworkConfig } from './config.ts';
import type { Metadata } from './onnx/encode.ts';
import { ModelFileError } from './onnx/errors.ts';

/** Keys of metadata_props; provenance has a key of its own for each entry. */
const KEYS = {
  architecture: 'cosmicai.architecture',
  config: 'cosmicai.config',
  folded: 'cosmicai.folded',
  weightsType: 'cosmicai.weights',
} as const;
const PROVENANCE = 'cosmicai.provenance.';

export type WeightsType = 'fp32' | 'fp16';

/** What a compiled file says of itself. */
export interface ModelDescription {
  readonly config: NetworkConfig;
  readonly folded: boolean;
  readonly weightsType: WeightsType;
  /** Where the weights came from, as given at compile time. */
  readonly provenance: Readonly<Record<string, string>>;
}

export function toMetadata({ config, folded, weightsType, provenance }: ModelDescription): Metadata {
  return {
    [KEYS.architecture]: networkName(config),
    [KEYS.config]: JSON.stringify(config),
    [KEYS.folded]: String(folded),
    [KEYS.weightsType]: weightsType,
    ...Object.fromEntries(Object.entries(provenance).map(([key, value]) => [PROVENANCE + key, value])),
  };
}

const flagsSchema = z.object({
  [KEYS.folded]: z.enum(['true', 'false']),
  [KEYS.weightsType]: z.enum(['fp32', 'fp16']),
});

/** @throws ModelFileError when the file does not describe itself as this compiler's files do */
export function fromMetadata(metadata: Metadata): ModelDescription {
  const flags = flagsSchema.safeParse(metadata);
  const config = metadata[KEYS.config];
  if (!NETWORK_NAMES.some((name) => name === metadata[KEYS.architecture]) || config === undefined || !flags.success) {
    const keys = Object.keys(metadata).join(', ');
    throw new ModelFileError(`The model's metadata lacks its configuration (it has: ${keys || 'nothing'})`);
  }
  return {
    config: parseJsonAs(networkConfigSchema, config, `${KEYS.config} of the model's metadata`),
    folded: flags.data[KEYS.folded] === 'true',
    weightsType: flags.data[KEYS.weightsType],
    provenance: Object.fromEntries(
      Object.entries(metadata)
        .filter(([key]) => key.startsWith(PROVENANCE))
        .map(([key, value]) => [key.slice(PROVENANCE.length), value]),
    ),
  };
}

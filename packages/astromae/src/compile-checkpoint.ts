import { createHash } from 'node:crypto';
import type { ByteSource, TorchFileOptions } from '@cosmicai/torchfile';
import { compileAstroMae, type CompileOptions } from './compile.ts';
import { importCheckpoint, type ImportedCheckpoint } from './import/import-checkpoint.ts';
import type { StateDictHints } from './import/state-dict-config.ts';
import { describeSample, type SampleNames } from './spec.ts';

export interface CompiledCheckpoint extends Omit<ImportedCheckpoint, 'weights'> {
  /** Bytes of the ONNX file. */
  readonly model: Uint8Array;
}

/** Bytes read at once for the checksum. */
const CHUNK = 8 * 1024 * 1024;

/**
 * From a checkpoint to an ONNX file in one step. The file's provenance names the checkpoint, its sha-256, how it was saved
 * and what was assumed; further entries come from `options.metadata`. A network of other bands, pixels, features or answers than the
 * published one says so in its spec.
 *
 * @throws as importCheckpoint does
 */
export async function compileCheckpoint(
  source: ByteSource,
  options: CompileOptions & StateDictHints & SampleNames & Pick<TorchFileOptions, 'checkCrc'> = {},
): Promise<CompiledCheckpoint> {
  const {
    heads,
    normEpsilon,
    prefix: wanted,
    bands,
    features,
    grid,
    metadata,
    checkCrc = true,
    ...compileOptions
  } = options;
  const { config, weights, prefix, form, unchecked, ...found } = await importCheckpoint(
    source,
    { heads, normEpsilon, prefix: wanted },
    { checkCrc },
  );
  const sample = describeSample(source.name, config, { bands, features, grid });
  const assumptions = [...found.assumptions, ...sample.assumptions];
  const provenance = {
    checkpoint: source.name.slice(source.name.lastIndexOf('/') + 1),
    checkpoint_sha256: await sha256(source),
    checkpoint_form: form,
    ...(form === 'module' || prefix === '' ? {} : { checkpoint_prefix: prefix }),
    ...(assumptions.length > 0 ? { assumptions: assumptions.join('; ') } : {}),
    ...metadata,
  };
  return {
    model: compileAstroMae(config, weights, { ...compileOptions, metadata: provenance, sample: sample.metadata }),
    config,
    prefix,
    form,
    assumptions,
    unchecked,
  };
}

async function sha256(source: ByteSource): Promise<string> {
  const hash = createHash('sha256');
  for (let start = 0; start < source.size; start += CHUNK) {
    hash.update(await source.read(start, Math.min(start + CHUNK, source.size)));
  }
  return hash.digest('hex');
}

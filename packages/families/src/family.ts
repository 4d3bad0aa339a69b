import type { ByteSource } from '@cosmicai/store';
import type { SampleNames } from '@cosmicai/astromae';

/** What is said beside a checkpoint, of what it doesn't show or how it is compiled. */
export interface ImportOptions extends SampleNames {
  /** Attention heads. */
  readonly heads?: number | undefined;
  /** LayerNorm epsilon of the blocks. */
  readonly normEpsilon?: number | undefined;
  /** Which of several networks in the file: what stands before its names. */
  readonly prefix?: string | undefined;
  /** False keeps the literal graph. Default true. */
  readonly fold?: boolean;
  /** How matrices are stored; default fp32. */
  readonly weightsType?: 'fp32' | 'fp16';
  /** False: bytes are not compared with the sums that lie beside them. Default true. */
  readonly checkCrc?: boolean;
}

/** A checkpoint as ONNX. */
export interface CompiledModel {
  /** Bytes of the ONNX file; the same for the same checkpoint and options. */
  readonly model: Uint8Array;
  /** What the file doesn't show and was taken from elsewhere, in sentences. */
  readonly assumptions: readonly string[];
  /** Why damage to the file could have gone unnoticed though it was to be checked. */
  readonly unchecked: string | undefined;
}

/** What a family says of a model that it compiled. */
export interface CompiledReport {
  /** What `model inspect` prints first, name and value. */
  readonly pairs: readonly (readonly [name: string, value: string])[];
  /** Where the weights came from. */
  readonly provenance: Readonly<Record<string, string>>;
  /** What `model inspect --json` has more than of any model. */
  readonly json: object;
}

/** Networks whose checkpoints are compiled to ONNX without Python. */
export interface ModelFamily {
  /** For messages: `AstroMAE`. */
  readonly name: string;
  /** Its checkpoints, to follow “a checkpoint of”: `torch.save (state dict) of AstroMAE`. */
  readonly reads: string;
  /** What it heeds of the options; any other is refused by name. */
  readonly heeds: readonly (keyof ImportOptions)[];
  /** What its models say under `cosmicai.architecture`. */
  readonly architectures: readonly string[];
  /**
   * Whether a checkpoint has what only this family's have, by its names, not by whether all of it fits: what doesn't fit is then
   * this family's to tell. No two may claim the same checkpoint.
   *
   * @throws UserInputError for a file that it can't read
   */
  recognises(checkpoint: ByteSource): Promise<boolean>;
  /** @throws UserInputError naming the first thing that doesn't fit, or isn't shown and must be given */
  compile(checkpoint: ByteSource, options: ImportOptions): Promise<CompiledModel>;
  /**
   * @param model the bytes of a file that names one of its architectures
   * @throws UserInputError when it isn't as it was compiled
   */
  describe(model: Uint8Array): CompiledReport;
}

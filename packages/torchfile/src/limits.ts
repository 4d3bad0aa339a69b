/** What one file may cost to read. Every field has a default that fits models of some 10,000 tensors. */
export interface TorchFileLimits {
  /** Entries of the zip's central directory. */
  readonly maxEntries: number;
  /** Bytes of data.pkl after decompression. */
  readonly maxPickleBytes: number;
  /** Opcodes of data.pkl; each makes at most one small node, so this bounds memory too. */
  readonly maxOpcodes: number;
  /** Bytes of one tensor, as stored and as handed out. */
  readonly maxTensorBytes: number;
  /** Nodes visited and levels descended when a module tree or state dict is read. */
  readonly maxNodes: number;
  readonly maxDepth: number;
}

export const DEFAULT_LIMITS: TorchFileLimits = {
  maxEntries: 20_000,
  maxPickleBytes: 8 * 1024 * 1024,
  // AstroMAE's whole module takes about 30,000.
  maxOpcodes: 300_000,
  maxTensorBytes: 2 * 1024 * 1024 * 1024,
  maxNodes: 100_000,
  maxDepth: 200,
};

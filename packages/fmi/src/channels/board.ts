/** Where messages are put up under a name and taken down by those who know it: an object store or a Redis server. */
export interface Board {
  /** Between two looks for something that isn't there yet: the first pause, growing to the last, ms. */
  readonly pollMs: { readonly first: number; readonly last: number };
  /** Between two signs of life of a rank that waits, ms. */
  readonly beatMs: number;
  /** @param to the rank that reads it, or undefined for everybody */
  put(key: string, bytes: Uint8Array, to: number | undefined): Promise<void>;
  get(key: string): Promise<Buffer | undefined>;
  /** True for exactly one of many concurrent calls. */
  putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean>;
  remove(key: string): Promise<void>;
  /** Removes everything below a folder, without looking at anything else. */
  removeFolder(folder: string): Promise<void>;
  /** Calls back with the key of what was put up for this rank; a board that can't is polled only. */
  watch?(rank: number, onPut: (key: string) => void): void;
  close(): Promise<void>;
}

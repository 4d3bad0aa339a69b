import { listed, shellWord, UserInputError, type RunLayout } from '@cosmicai/payload';
import { getIfThere, NotFoundError, readableAddress, sha256Of, type ObjectStore } from '@cosmicai/store';
import { checkPlanFiles, readRecord } from '../plan/read-plan.ts';
import { changedSinceProof } from '../verify/verify-folder.ts';
import { readProof } from './read-proof.ts';

/** Reads files of a run that was summarized, each as `proof.json` has it. */
export interface ProvenFiles {
  /**
   * Undefined: the run has none.
   *
   * @throws UserInputError when it is damaged, gone, or none of the run's
   */
  find(key: string): Promise<Buffer | undefined>;
  /**
   * Compares all of them, and of a run without a proof its plan with its record.
   *
   * @throws UserInputError naming each that isn't what was written
   */
  checkAll(): Promise<void>;
  /** @throws NotFoundError when the run has none; UserInputError as `find` does */
  read(key: string): Promise<Buffer>;
}

/**
 * Of a run without a proof, as those of earlier versions and one that is being summarized anew, nothing is compared.
 *
 * @throws UserInputError when the proof is damaged
 */
export async function provenFiles(store: ObjectStore, layout: RunLayout): Promise<ProvenFiles> {
  const { proof, isThere, problem } = await readProof(store, layout);
  const folder = readableAddress(store.url, layout.folder);
  const refused = (what: string) =>
    new UserInputError(`${what}What mends it says: cosmicai verify ${shellWord(folder)}`);
  const wrong = (key: string, how: string) => refused(`${readableAddress(store.url, key)} ${how}. `);
  if (proof === undefined && isThere) throw wrong(layout.proof, problem);
  const known = proof && new Map(proof.objects.map(({ key, sha256 }) => [`${layout.folder}/${key}`, sha256]));
  const find = async (key: string) => {
    const bytes = await getIfThere(store, key);
    if (known === undefined) return bytes;
    const sha256 = known.get(key);
    if (sha256 === undefined) {
      if (bytes !== undefined) throw wrong(key, 'is none of the files that the run left');
      return undefined;
    }
    if (bytes === undefined) throw wrong(key, 'is gone');
    if (sha256Of(bytes) !== sha256) throw wrong(key, 'is not what was written: its SHA-256 is another');
    return bytes;
  };
  return {
    find,
    async checkAll() {
      if (proof === undefined) {
        await checkPlanFiles(store, layout, await readRecord(store, layout));
        return;
      }
      const changed = await changedSinceProof(store, layout, proof);
      const [first, ...others] = changed;
      if (first !== undefined && others.length === 0) throw wrong(first.what, first.problem);
      const named = changed.map(({ what, problem }) => `${what.slice(layout.folder.length + 1)} ${problem}`);
      if (named.length > 0)
        throw refused(`${named.length} files in ${folder} are not what the run left:\n${listed(named, '  ')}\n`);
    },
    async read(key) {
      const bytes = await find(key);
      if (bytes === undefined) throw new NotFoundError(store.url, key);
      return bytes;
    },
  };
}

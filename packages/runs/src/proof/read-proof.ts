import {
  NewerFormatError,
  parseJsonAs,
  proofFileSchema,
  UserInputError,
  type ProofFile,
  type RunLayout,
} from '@cosmicai/payload';
import { getIfThere, isSealed, type ObjectStore } from '@cosmicai/store';

/** What `proof.json` of a run says, or what is wrong about it. */
export type ProofRead =
  | { readonly proof: ProofFile; readonly isThere: true; readonly problem?: undefined }
  | { readonly proof?: undefined; readonly isThere: boolean; readonly problem: string };

export async function readProof(store: ObjectStore, { proof: key }: Pick<RunLayout, 'proof'>): Promise<ProofRead> {
  const text = (await getIfThere(store, key))?.toString();
  if (text === undefined)
    return { isThere: false, problem: 'is missing: the run was not summarized, or by an earlier version' };
  const broken = { isThere: true, problem: 'is not what was written: its seal is broken' };
  try {
    const proof = parseJsonAs(proofFileSchema, text, key);
    return isSealed(text) ? { proof, isThere: true } : broken;
  } catch (error) {
    if (!(error instanceof UserInputError)) throw error;
    // How a later version seals isn't known here.
    return error instanceof NewerFormatError || isSealed(text) ? { isThere: true, problem: error.message } : broken;
  }
}

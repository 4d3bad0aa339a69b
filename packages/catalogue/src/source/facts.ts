import { QUALITY_FLAGS, specIn } from '@cosmicai/payload';
import type { WholeRun } from '@cosmicai/runs';
import type { Fact } from '../table/column.ts';

/** Whose names the objects have: their own, that of their place in a partition, or the one where there is no other. */
export type IdSource = 'object' | 'place' | 'either';

const IDS: Readonly<Record<IdSource, string>> = {
  object: "the objects' own names",
  place: '<partition>#<index>: the objects have no names of their own, index is the place in the partition from 0',
  either: "the objects' own names, and <partition>#<index> of those that have none",
};

/** Where a table is from: what a reader needs to trust it, to find the run again and to know what the columns mean. */
export function factsOf(
  { record, results, missing, proof, status }: WholeRun,
  { software, ids }: { readonly software: string; readonly ids: IdSource },
): Fact[] {
  const { outputs, ...spec } = specIn(results[0] ?? {});
  const ranks = [...missing.keys()].sort((a, b) => a - b);
  return [
    { name: 'run_id', keyword: 'RUNID', value: record.run.run_id, about: 'run that predicted' },
    { name: 'run_created_at', keyword: 'RUNDATE', value: record.created_at, about: 'when it was planned' },
    { name: 'run_status', keyword: 'RUNSTAT', value: status ?? 'NOT SUMMARIZED', about: 'what became of it' },
    { name: 'model_sha256', keyword: 'MODELSHA', value: proof.models.join(' '), about: 'SHA-256 of the model' },
    { name: 'model_spec', keyword: 'MODELSPC', value: JSON.stringify(spec), about: 'what the model takes, as JSON' },
    ...(outputs === undefined
      ? []
      : [
          {
            name: 'model_output',
            keyword: 'MODELOUT',
            value: JSON.stringify(outputs.length === 1 ? outputs[0] : outputs),
            about: 'what the model answers, as JSON',
          },
        ]),
    { name: 'galaxies', keyword: 'GALAXIES', value: proof.galaxies, about: 'rows of the table' },
    { name: 'proof', keyword: 'RUNPROOF', value: proof.statement, about: 'what is known of the run' },
    ...(ranks.length === 0
      ? []
      : [
          {
            name: 'partial',
            keyword: 'PARTIAL',
            value: `${ranks.length} of ${ranks.length + results.length} ranks have no predictions and are left out: ${ranks.join(', ')}`,
            about: 'what is missing',
          },
        ]),
    { name: 'ids', keyword: 'IDSOURCE', value: IDS[ids], about: 'what id is' },
    { name: 'flags', keyword: 'FLAGBITS', value: JSON.stringify(flagBits()), about: 'bits of flags, as JSON' },
    { name: 'software', keyword: 'CREATOR', value: software, about: 'what wrote this' },
  ];
}

function flagBits(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(QUALITY_FLAGS).map(([name, { bit, meaning }]) => [String(bit), `${name}: ${meaning}`]),
  );
}

import { describe, UserInputError } from '@cosmicai/payload';

/** What schedulers and registries take as a name, and how that is told. Sources: their own references, named at each. */
const GRAMMARS = {
  /** https://slurm.schedmd.com/sbatch.html#OPT_time */
  'time limit': [
    /^(?:\d+(?::\d+){0,2}|\d+-\d+(?::\d+){0,2}|infinite|unlimited)$/i,
    'minutes, hours:minutes:seconds, days-hours, days-hours:minutes:seconds or infinite',
  ],
  partition: [/^[\w.,-]+$/, 'letters, digits, ".", "_" and "-", with commas between several'],
  account: [/^[\w.@-]+$/, 'letters, digits, ".", "_", "@" and "-"'],
  /** RFC 1123 labels: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
  namespace: [/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/, 'up to 63 lower-case letters, digits and "-"'],
  'service account': [
    /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/,
    'lower-case letters, digits, "-" and "."',
  ],
  'volume claim': [
    /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/,
    'lower-case letters, digits, "-" and "."',
  ],
  /** https://github.com/distribution/reference: [host[:port]/]path[:tag][@digest] */
  'container image': [
    /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*(?::\d{1,5})?\/)?[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@sha256:[a-f0-9]{64})?$/,
    'host:port/path:tag in lower case, such as registry.example.org/cosmicai:1',
  ],
} as const;

/** @throws UserInputError when a scheduler would refuse it; undefined is let pass */
export function checkName(what: keyof typeof GRAMMARS, name: string | undefined): void {
  const [grammar, expected] = GRAMMARS[what];
  if (name === undefined || grammar.test(name)) return;
  throw new UserInputError(`The ${what} is ${describe(name)}: expected ${expected}.`);
}

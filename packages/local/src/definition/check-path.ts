import { replaceUnquoted, type PathUse } from './paths.ts';
import { INTRINSICS } from './support-table.ts';

/** `$`, `$.a.b`, `$['a b']`, `$.a[0]`, and the same on `$$`: paths that name one value. */
const ONE_VALUE = /^\$\$?(?:\.[\p{L}_][\p{L}\p{N}_-]*|\[\d+\]|\['(?:[^'\\]|\\.)+'\]|\["(?:[^"\\]|\\.)+"\])*$/u;
const CONTEXT = /^\$\$\.(?:Execution\.(?:Id|Name|Input|StartTime)|StateMachine\.(?:Id|Name)|Map\.Item\.)/;

/**
 * What this engine can't do with a path, or undefined.
 *
 * @param mapItems whether `$$.Map.Item` has a value there: only in the ItemSelector of a Map
 */
export function pathProblem(use: PathUse, mapItems: boolean): string | undefined {
  if (!use.text.includes('States.')) return plainPathProblem(use.text, mapItems);
  if (!use.inTemplate) return 'an intrinsic function outside Parameters, ResultSelector and ItemSelector';
  let problem: string | undefined;
  replaceUnquoted(use.text, (part) => {
    for (const [name] of part.matchAll(/States\.\w+/g)) {
      if (!INTRINSICS.includes(name)) problem ??= `the intrinsic function ${name}`;
    }
    for (const [path] of part.matchAll(/\$[^\s,()]*/g)) problem ??= plainPathProblem(path, mapItems);
    return part;
  });
  return problem;
}

function plainPathProblem(path: string, mapItems: boolean): string | undefined {
  if (/^\$[A-Za-z_]/.test(path)) return `the workflow variable ${path} (Assign)`;
  if (!path.startsWith('$')) return `the path ${path}: a path begins with $`;
  if (!ONE_VALUE.test(path) && !hasQuotedStep(path)) {
    return `the path ${path}: only paths to one value are, without wildcards, slices, filters and ".."`;
  }
  if (!path.startsWith('$$')) return undefined;
  if (!CONTEXT.test(path)) return `the context field ${path}`;
  if (path.startsWith('$$.Map.') && !mapItems) return `${path} outside the ItemSelector of a Map`;
  return undefined;
}

/** Inside an intrinsic call, quoted steps such as `$['a b']` have been cut out and leave `$[`. */
function hasQuotedStep(path: string): boolean {
  return /^\$\$?(?:\.[\p{L}_][\p{L}\p{N}_-]*|\[\d+\])*\[$/u.test(path);
}

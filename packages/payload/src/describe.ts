import { visible } from './visible.ts';

const LONGEST_VALUE_SHOWN = 60;

/** A value as people would recognise it in an error message, cut to one short line. Any value has one, also what is not JSON. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'nothing';
    case 'string':
      // Cut first: the rest of a long text needn't be looked at.
      return cut(JSON.stringify(value.slice(0, LONGEST_VALUE_SHOWN + 1)), value.length + 2);
    case 'object': {
      const text = jsonOf(value);
      return cut(text.slice(0, LONGEST_VALUE_SHOWN + 1), text.length);
    }
    case 'function':
    case 'symbol':
      return typeof value;
    default:
      return String(value);
  }
}

/** The path of a field as people read it: names joined by dots, each cut to what can be shown. */
export function describePath(path: readonly PropertyKey[]): string {
  const names = path.map((part) => visible(String(part).slice(0, LONGEST_VALUE_SHOWN)));
  return names.join('.') || '(root)';
}

function jsonOf(value: object | null): string {
  try {
    const text: unknown = JSON.stringify(value);
    // An object's own toJSON may answer nothing.
    return typeof text === 'string' ? text : 'nothing';
  } catch {
    // It goes round in circles, too deep for the stack, or holds a BigInt.
    if (Array.isArray(value)) return `a list of ${value.length}`;
    const fields = Object.keys(value ?? {}).length;
    return `an object with ${fields} field${fields === 1 ? '' : 's'}`;
  }
}

function cut(text: string, length: number): string {
  if (length <= LONGEST_VALUE_SHOWN) return visible(text);
  return `${visible(text.slice(0, LONGEST_VALUE_SHOWN))}… (${length} characters)`;
}

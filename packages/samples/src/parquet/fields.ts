import type { SchemaElement, SchemaTree } from 'hyparquet';
import type { NumberType } from '../new-values.ts';

/** How the values of a top-level column are made of what the library hands out. */
export type FieldKind =
  | { readonly kind: 'numbers'; readonly type: NumberType }
  | { readonly kind: 'text' }
  /** Arrays of one shape, which the first row tells. */
  | { readonly kind: 'lists'; readonly type: NumberType }
  /** Bytes of something, which the first row tells. */
  | { readonly kind: 'bytes'; readonly inStruct: boolean };

export interface Field {
  readonly name: string;
  /** Undefined: it can't be read, as `problem` says. */
  readonly kind: FieldKind | undefined;
  readonly problem?: string;
}

const NOT_READ = 'is of a type that isn’t read: neither numbers, text, lists of numbers nor bytes';

export function fieldOf(tree: SchemaTree): Field {
  const { name } = tree.element;
  const kind = kindOf(tree);
  return kind === undefined ? { name, kind, problem: NOT_READ } : { name, kind };
}

function kindOf(tree: SchemaTree): FieldKind | undefined {
  const { element, children } = tree;
  if (element.repetition_type === 'REPEATED') return undefined;
  if (children.length === 0) {
    const type = numberType(element);
    if (type !== undefined) return { kind: 'numbers', type };
    if (isText(element)) return { kind: 'text' };
    return isBytes(element) ? { kind: 'bytes', inStruct: false } : undefined;
  }
  const item = itemOf(tree);
  if (item !== undefined) {
    const type = leafType(item);
    return type === undefined ? undefined : { kind: 'lists', type };
  }
  // As the hub's data sets have images: struct<bytes, path>.
  const bytes = children.find((child) => child.element.name === 'bytes' && child.children.length === 0);
  return bytes !== undefined && isBytes(bytes.element) ? { kind: 'bytes', inStruct: true } : undefined;
}

/** What a list is of. */
function itemOf({ element, children }: SchemaTree): SchemaTree | undefined {
  const isList = element.converted_type === 'LIST' || element.logical_type?.type === 'LIST';
  return isList && children.length === 1 && children[0]?.children.length === 1 ? children[0].children[0] : undefined;
}

function leafType(tree: SchemaTree): NumberType | undefined {
  if (tree.children.length === 0) return numberType(tree.element);
  const item = itemOf(tree);
  return item === undefined ? undefined : leafType(item);
}

const CONVERTED: Readonly<Record<string, NumberType>> = {
  INT_8: 'int8',
  INT_16: 'int16',
  INT_32: 'int32',
  INT_64: 'int64',
  UINT_8: 'uint8',
  UINT_16: 'uint16',
  UINT_32: 'uint32',
  UINT_64: 'uint64',
};

function numberType({ type, converted_type: converted, logical_type: logical }: SchemaElement): NumberType | undefined {
  if (logical?.type === 'FLOAT16') return 'float32';
  if (logical !== undefined && logical.type !== 'INTEGER') return undefined;
  const named = converted === undefined ? undefined : CONVERTED[converted];
  if (converted !== undefined && named === undefined) return undefined;
  if (type === 'BOOLEAN') return 'bool';
  if (type === 'FLOAT') return 'float32';
  if (type === 'DOUBLE') return 'float64';
  if (type === 'INT32') return named ?? 'int32';
  return type === 'INT64' ? (named ?? 'int64') : undefined;
}

function isText({ type, converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  return type === 'BYTE_ARRAY' && (converted === 'UTF8' || converted === 'ENUM' || logical?.type === 'STRING');
}

function isBytes({ type, converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  return (type === 'BYTE_ARRAY' || type === 'FIXED_LEN_BYTE_ARRAY') && converted === undefined && logical === undefined;
}

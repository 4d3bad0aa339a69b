/** Something in a flatbuffer that others point to (https://flatbuffers.dev/internals/). */
export type Node =
  | { readonly text: string }
  | { readonly vector: readonly Node[] }
  /** By the number of the field; undefined: its default. */
  | { readonly table: readonly (Field | undefined)[] };

/** A number within a table, or what the table points to. */
export type Field = { readonly bytes: 1 | 2 | 4; readonly value: number } | Node;

/** Room for any number, so that each is aligned whatever its size. */
const SLOT = 8;

/** The bytes of a flatbuffer, filled up to a multiple of 8. */
export function flatbuffer(root: Node): Buffer {
  const bytes = new GrowingBytes();
  const at = bytes.reserve(4, SLOT);
  bytes.point(at, put(bytes, root));
  return bytes.all(SLOT);
}

/** @returns where it is. What it points to comes behind it, as offsets have no sign. */
function put(bytes: GrowingBytes, node: Node): number {
  if ('text' in node) return putText(bytes, node.text);
  if ('vector' in node) {
    const at = bytes.reserve(4 + 4 * node.vector.length, 4);
    bytes.set(4, at, node.vector.length);
    for (const [place, item] of node.vector.entries()) bytes.point(at + 4 + 4 * place, put(bytes, item));
    return at;
  }
  return putTable(bytes, node.table);
}

function putText(bytes: GrowingBytes, text: string): number {
  const content = Buffer.from(text);
  // A zero byte ends it.
  const at = bytes.reserve(4 + content.length + 1, 4);
  bytes.set(4, at, content.length);
  bytes.copy(content, at + 4);
  return at;
}

/** Where fields are, by number, and then the fields. */
function putTable(bytes: GrowingBytes, fields: readonly (Field | undefined)[]): number {
  const offsets = bytes.reserve(4 + 2 * fields.length, 2);
  const at = bytes.reserve(SLOT * (1 + fields.length), SLOT);
  bytes.set(2, offsets, 4 + 2 * fields.length);
  bytes.set(2, offsets + 2, SLOT * (1 + fields.length));
  bytes.set(4, at, at - offsets);
  for (const [place, field] of fields.entries()) {
    if (field === undefined) continue;
    const slot = SLOT * (1 + place);
    bytes.set(2, offsets + 4 + 2 * place, slot);
    if ('bytes' in field) bytes.set(field.bytes, at + slot, field.value);
    else bytes.point(at + slot, put(bytes, field));
  }
  return at;
}

class GrowingBytes {
  #bytes = Buffer.alloc(1024);
  #length = 0;

  /** Zeros, and where they are: at a multiple of `alignment`. */
  reserve(count: number, alignment: number): number {
    const at = Math.ceil(this.#length / alignment) * alignment;
    this.#length = at + count;
    while (this.#length > this.#bytes.length)
      this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length)]);
    return at;
  }

  set(bytes: 1 | 2 | 4, at: number, value: number): void {
    this.#bytes.writeUIntLE(value, at, bytes);
  }

  /** Makes the four bytes at a place point to another, behind it. */
  point(at: number, to: number): void {
    this.set(4, at, to - at);
  }

  copy(content: Buffer, at: number): void {
    content.copy(this.#bytes, at);
  }

  all(alignment: number): Buffer {
    this.reserve(0, alignment);
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }
}

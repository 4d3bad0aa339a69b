import { isIP } from 'node:net';
import type { Endpoint } from '../peer-link.ts';

/** Bytes that fit no message; the sender isn't one of ours, or is broken. */
export class MalformedMessageError extends Error {}

/** Reads a message body front to back; every read is bounds-checked. */
export class BodyReader {
  readonly #body: Buffer;
  #offset = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  take(length: number): Buffer {
    const end = this.#offset + length;
    if (end > this.#body.length) {
      throw new MalformedMessageError(`message of ${this.#body.length} bytes ends where byte ${end} was expected`);
    }
    const part = this.#body.subarray(this.#offset, end);
    this.#offset = end;
    return part;
  }

  /** A longer body than its fields is as wrong as a shorter one. */
  end(): void {
    if (this.#offset !== this.#body.length) {
      throw new MalformedMessageError(`${this.#body.length - this.#offset} bytes after the end of the message`);
    }
  }
}

/** One field of a message: how it is written and read. Numbers are big-endian. */
export interface Field<T> {
  write(value: T): Buffer;
  read(from: BodyReader): T;
}

export type ValueOf<F> = F extends Field<infer T> ? T : never;

export const u8: Field<number> = {
  write: (value) => Buffer.of(value),
  read: (from) => from.take(1).readUInt8(),
};

export const u16: Field<number> = {
  write: (value) => {
    const bytes = Buffer.allocUnsafe(2);
    bytes.writeUInt16BE(value);
    return bytes;
  },
  read: (from) => from.take(2).readUInt16BE(),
};

export const u32: Field<number> = {
  write: (value) => {
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeUInt32BE(value);
    return bytes;
  },
  read: (from) => from.take(4).readUInt32BE(),
};

export const bool: Field<boolean> = {
  write: (value) => u8.write(value ? 1 : 0),
  read: (from) => {
    const flag = u8.read(from);
    if (flag > 1) throw new MalformedMessageError(`flag ${flag} is neither 0 nor 1`);
    return flag === 1;
  },
};

/** Exactly `length` bytes. */
export function bytes(length: number): Field<Buffer> {
  return {
    write: (value) => {
      if (value.length !== length) throw new RangeError(`expected ${length} bytes, got ${value.length}`);
      return value;
    },
    // A copy: the frame's memory is the socket's.
    read: (from) => Buffer.from(from.take(length)),
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 text of at most `limit` bytes behind a 16-bit length. */
export function text(limit: number): Field<string> {
  return {
    write: (value) => {
      const encoded = Buffer.from(value);
      if (encoded.length > limit) throw new RangeError(`text of ${encoded.length} bytes; at most ${limit} are allowed`);
      return Buffer.concat([u16.write(encoded.length), encoded]);
    },
    read: (from) => {
      const length = u16.read(from);
      if (length > limit) throw new MalformedMessageError(`text of ${length} bytes; at most ${limit} are allowed`);
      const encoded = from.take(length);
      try {
        return utf8.decode(encoded);
      } catch {
        throw new MalformedMessageError('text that is not UTF-8');
      }
    },
  };
}

/** At most `limit` values behind a 16-bit count. */
export function list<T>(item: Field<T>, limit: number): Field<readonly T[]> {
  return {
    write: (values) => {
      if (values.length > limit) throw new RangeError(`list of ${values.length}; at most ${limit} are allowed`);
      return Buffer.concat([u16.write(values.length), ...values.map((value) => item.write(value))]);
    },
    read: (from) => {
      const count = u16.read(from);
      if (count > limit) throw new MalformedMessageError(`list of ${count}; at most ${limit} are allowed`);
      return Array.from({ length: count }, () => item.read(from));
    },
  };
}

/** One of a few names, as one byte. */
export function choice<Name extends string>(codes: Readonly<Record<Name, number>>): Field<Name> {
  const names = new Map(Object.entries<number>(codes).map(([name, code]) => [code, name as Name]));
  return {
    write: (value) => u8.write(codes[value]),
    read: (from) => {
      const code = u8.read(from);
      const name = names.get(code);
      if (name === undefined)
        throw new MalformedMessageError(`code ${code} is not one of ${[...names.keys()].join(', ')}`);
      return name;
    },
  };
}

/** A numeric address (IPv4 or IPv6) and a port from 1 to 65535. */
export const endpoint: Field<Endpoint> = {
  write: ({ host, port }) => Buffer.concat([address.write(host), u16.write(port)]),
  read: (from) => {
    const host = address.read(from);
    const port = u16.read(from);
    if (isIP(host) === 0) throw new MalformedMessageError(`${JSON.stringify(host)} is not a numeric address`);
    if (port === 0) throw new MalformedMessageError('port 0 names no endpoint');
    return { host, port };
  },
};

/** The longest IPv6 address with an embedded IPv4 one takes 45 characters. */
const address = text(45);

/** Fields one after another. */
export function struct<Shape extends Record<string, Field<unknown>>>(
  shape: Shape,
): Field<{ readonly [Key in keyof Shape]: ValueOf<Shape[Key]> }> {
  type Value = { readonly [Key in keyof Shape]: ValueOf<Shape[Key]> };
  const fields = Object.entries(shape) as [keyof Shape, Field<unknown>][];
  return {
    write: (value) => Buffer.concat(fields.map(([key, field]) => field.write(value[key]))),
    read: (from) => Object.fromEntries(fields.map(([key, field]) => [key, field.read(from)])) as Value,
  };
}

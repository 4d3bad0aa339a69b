import { formatOf, type Table } from '../../src/index.ts';

/** The bytes of a table in a format. */
export async function written(table: Table, format: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of formatOf('', format).write(table)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

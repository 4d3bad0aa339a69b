import { UserInputError } from '@cosmicai/payload';
import { bufferSource, type ByteSource } from '@cosmicai/store';
import { openPartition } from '@cosmicai/torchfile';
import {
  FORMATS,
  openGalaxies,
  openSamples,
  splitSamples,
  UnknownFormatError,
  type SampleFormat,
  type SamplesPart,
} from '../src/index.ts';
import { memorySource } from './memory-source.ts';
import { galaxies, partitionBytes } from './partitions.ts';

/** The reads of a file, in order. */
function counted(bytes: Uint8Array): { readonly file: ByteSource; readonly reads: [number, number][] } {
  const whole = bufferSource('1.pt', bytes);
  const reads: [number, number][] = [];
  const read: ByteSource['read'] = (start, end) => {
    reads.push([start, end]);
    return whole.read(start, end);
  };
  return { file: { ...whole, read }, reads };
}

/** Lists of numbers, one to a line. */
const lines: SampleFormat = {
  name: 'lines',
  signature: 'a text that begins with #lines',
  begins: (head) => Buffer.from(head.subarray(0, 6)).toString() === '#lines',
  async open(file) {
    const [, ...rows] = Buffer.from(await file.read(0, file.size))
      .toString()
      .trim()
      .split('\n');
    return memorySource(file.name, rows.length, [
      [{ name: 'value', type: 'float64', shape: [] }, Float64Array.from(rows, Number)],
    ]);
  },
};

describe('openSamples', () => {
  it('asks the store for no more than the format itself does', async () => {
    const bytes = await partitionBytes(galaxies(12));
    const [direct, recognised] = [counted(bytes), counted(bytes)];
    const partition = await openPartition(direct.file);
    for await (const _ of partition.batches({ size: 5 }));
    const source = await openGalaxies(recognised.file);
    for await (const _ of source.batches({ size: 5 }));
    expect(recognised.reads).toEqual(direct.reads);
  });

  it('hands out images as views on what was read', async () => {
    const bytes = new Uint8Array(await partitionBytes(galaxies(12)));
    const source = await openGalaxies(bufferSource('1.pt', bytes));
    for await (const { images } of source.batches({ size: 5 })) expect(images.buffer).toBe(bytes.buffer);
  });

  it.each([
    ['a picture', '\x89PNG\r\n\x1a\n', 'a.pt, byte 0: this is a picture'],
    ['a page', '<!DOCTYPE html><html>', 'this is an HTML page'],
    ['nothing', '', /no torch.* file: expected a zip made by torch.save, which begins with 504b0304.*; found nothing/],
    ['anything', 'GALAXIES', /which begins with 504b0304.*; found bytes 47414c4158494553/],
  ])('names %s that it is given', async (_, head, message) => {
    const opening = openSamples(bufferSource('a.pt', Buffer.from(head, 'latin1')));
    await expect(opening).rejects.toBeInstanceOf(UnknownFormatError);
    await expect(opening).rejects.toThrow(message);
  });

  it('finds a format that was added, and names it among those that it expects', async () => {
    const formats = [...FORMATS, lines];
    const source = await openSamples(bufferSource('a.pt', Buffer.from('#lines\n1\n2.5\n')), {}, formats);
    expect((await source.read(1, 2)).values.get('value')).toEqual(Float64Array.of(2.5));
    const unknown = openSamples(bufferSource('a.pt', Buffer.from('GALAXIES')), {}, formats);
    await expect(unknown).rejects.toThrow(
      /no torch.* or lines file: expected a zip made by torch.save, which begins with 504b0304.* or a text that begins with #lines/,
    );
  });
});

describe('splitSamples', () => {
  it('splits a torch file', async () => {
    const batch = galaxies(5);
    const file = bufferSource('all.pt', await partitionBytes(batch));
    const written: Uint8Array[] = [];
    const sink = async ({ content }: SamplesPart) => {
      const pieces: Uint8Array[] = [];
      for await (const piece of content) pieces.push(piece);
      written.push(Buffer.concat(pieces));
    };
    const parts = await splitSamples(file, 2 * 20_508, sink);
    expect(parts.map(({ name, count }) => [name, count])).toEqual([
      ['1.pt', 2],
      ['2.pt', 2],
      ['3.pt', 1],
    ]);
    const last = await openGalaxies(bufferSource('3.pt', written[2] ?? new Uint8Array(0)));
    expect((await last.read(0, 1)).redshift).toEqual(batch.redshift.slice(4));
  });

  it('says of a format that can not be split which can', async () => {
    const file = bufferSource('a.txt', Buffer.from('#lines\n1\n'));
    const splitting = splitSamples(file, 100, () => Promise.resolve(), {}, [...FORMATS, lines]);
    await expect(splitting).rejects.toThrow(UserInputError);
    await expect(splitting).rejects.toThrow(
      'a.txt is a lines file, which can’t be split bit for bit; files of these formats can: torch.',
    );
  });
});

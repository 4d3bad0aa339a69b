import { partitionNames, partitionsIn } from '../src/index.ts';

const listed = (...keys: string[]) => keys.map((key) => ({ key, size: 1 }));
const keysOf = (items: readonly { readonly key: string }[]) => items.map(({ key }) => key);

describe('partitionsIn', () => {
  it('takes the partition files right in the folder, and tells of those further down that it leaves', () => {
    const found = partitionsIn(listed('100MB/1.pt', '100MB/old/2.pt', '100MB/old/3.pt', '100MB/notes.txt'), '100MB');
    expect(keysOf(found.partitions)).toEqual(['100MB/1.pt']);
    expect(found.warnings).toEqual([
      'partitions right in the folder hide those further down, which are not read: 2 files, old/2.pt, old/3.pt',
    ]);
    expect(keysOf(partitionsIn(listed('1.pt', 'results/2.pt'), '').partitions)).toEqual(['1.pt']);
  });

  it('takes those of all folders below where there are none right in it, without a word', () => {
    const found = partitionsIn(listed('datasets/small/1.pt', 'datasets/large/1.pt'), 'datasets');
    expect(found).toMatchObject({ partitions: [{}, {}], warnings: [] });
  });

  it('says nothing of a folder as simulate, split and published surveys make it', () => {
    const found = partitionsIn(
      listed('1.pt', '2.pt', 'README.md', 'catalogue.csv', 'model.onnx', 'results/0.json'),
      '',
    );
    expect(found).toMatchObject({ partitions: [{}, {}], warnings: [] });
  });

  it('leaves hidden files and folders without a word', () => {
    const found = partitionsIn(listed('d/._1.pt', 'd/1.pt', 'd/.git/2.pt', 'd/.ipynb_checkpoints/1.pt'), 'd');
    expect(found).toMatchObject({ partitions: [{ key: 'd/1.pt' }], warnings: [] });
    expect(keysOf(partitionsIn(listed('.hidden/1.pt'), '.hidden').partitions)).toEqual(['.hidden/1.pt']);
  });

  it('takes files of other formats right in the folder where there is no .pt', () => {
    const formats = ['1.npz', '2.npy', '3.safetensors', '6.parquet', '7.FITS', '8.fit'];
    const found = partitionsIn(
      listed(...formats.map((name) => `d/${name}`), 'd/notes.csv', 'd/runs/predictions/0.parquet'),
      'd',
    );
    expect(keysOf(found.partitions)).toEqual(formats.map((name) => `d/${name}`));
    expect(found.warnings).toEqual([]);
    expect(partitionNames(['b.npz', 'a.txt', '.c.npz'])).toEqual(['b.npz']);
  });

  it('says of HDF5 files what to do', () => {
    expect(partitionsIn(listed('d/1.h5'), 'd')).toEqual({
      partitions: [],
      warnings: ['ranks read no HDF5, make partitions of it with cosmicai convert: 1 file, 1.h5'],
    });
  });

  it('reads no results that lie below', () => {
    expect(partitionsIn(listed('results/runs/r/predictions/0.parquet'), 'results').partitions).toEqual([]);
  });

  it('finds files whose endings are in capitals', () => {
    expect(keysOf(partitionsIn(listed('d/1.pt', 'd/2.PT'), 'd').partitions)).toEqual(['d/1.pt', 'd/2.PT']);
    expect(keysOf(partitionsIn(listed('d/1.NPZ', 'd/2.npz'), 'd').partitions)).toEqual(['d/1.NPZ', 'd/2.npz']);
  });

  it('tells of files of other formats beside .pt files', () => {
    const found = partitionsIn(listed('d/1.pt', 'd/table.fits', 'd/old/x.npz'), 'd');
    expect(keysOf(found.partitions)).toEqual(['d/1.pt']);
    expect(found.warnings).toEqual([
      'where there are .pt files, those of other formats are not read: 1 file, table.fits',
    ]);
  });

  it('names files that look like partitions, five of them and how many', () => {
    const names = ['1.pth.tar', '2.pth', '3.pt.tmp', '4.pt~', '5.pt (1)', '6.pt.gz', '7.ckpt', '8.PTH'];
    const { warnings } = partitionsIn(listed('1.pt', ...names, 'x.ptx', 'script.py'), '');
    expect(warnings).toEqual([
      'only names that end in .pt are partitions, so these are not read: 8 files, 1.pth.tar, 2.pth, 3.pt.tmp, 4.pt~, 5.pt (1) and 3 more',
    ]);
  });

  it('reads of links to one file, and the file, only the file', () => {
    const file = (key: string, identity: string, linked = false) => ({ key, size: 1, identity, linked });
    const objects = [file('a.pt', '1', true), file('b.pt', '1'), file('c.pt', '2', true), file('d.pt', '2', true)];
    const found = partitionsIn(objects, '');
    expect(keysOf(found.partitions)).toEqual(['b.pt', 'c.pt']);
    expect(found.warnings).toEqual(['links to files that are read already are not read: 2 files, a.pt, d.pt']);
  });

  it('tells of empty files, folders named like partitions, and what the listing left out', () => {
    const { warnings } = partitionsIn([{ key: 'd/1.pt', size: 0 }, ...listed('d/22.pt/data.pkl')], 'd', [
      { key: 'd/3.pt', why: 'a link to nothing' },
      { key: 'd/latest', why: 'a link to nothing' },
      { key: 'd/notes.txt', why: 'a link to nothing' },
      { key: 'd/4.pt', why: 'a named pipe' },
      { key: 'd/.lock', why: 'a socket' },
      { key: 'd/._5.pt', why: 'a socket' },
      { key: 'd/old/6.pt', why: 'a socket' },
    ]);
    expect(warnings).toEqual([
      'folders named like partitions are read as folders: 1 folder, 22.pt/',
      'empty partition files will fail: 1 file, 1.pt',
      'not read, being a link to nothing: 2 entries, 3.pt, latest',
      'not read, being a named pipe: 1 entry, 4.pt',
    ]);
  });

  it('says what is there where there are no partitions', () => {
    const { partitions, warnings } = partitionsIn(listed('d/1.xyz', 'd/2.tar', 'd/1.pth'), 'd');
    expect(partitions).toEqual([]);
    expect(warnings).toEqual([
      'only names that end in .pt are partitions, so these are not read: 1 file, 1.pth',
      'other files are not partitions: 2 files, 1.xyz, 2.tar',
    ]);
  });

  it('reads of two names of one file the first', () => {
    const objects = ['a.pt', 'b.pt'].map((key) => ({ key, size: 1, identity: '7' }));
    expect(keysOf(partitionsIn(objects, '').partitions)).toEqual(['a.pt']);
  });

  it('names five files without a word on more when there are no more', () => {
    const { warnings } = partitionsIn(listed('1.pt', 'a.pth', 'b.pth', 'c.pth', 'd.pth', 'e.pth'), '');
    expect(warnings).toEqual([expect.stringMatching(/: 5 files, a\.pth, b\.pth, c\.pth, d\.pth, e\.pth$/)]);
  });

  it('tells of what lies further down, too, where the partitions do', () => {
    const { warnings } = partitionsIn(listed('d/v1.2/1.pt', 'd/v1.2/2.pth'), 'd', [
      { key: 'd/v1.2/latest', why: 'a link to nothing' },
      { key: 'd/v1.2/notes.txt', why: 'a link to nothing' },
      { key: 'd/v1.3/', why: 'a folder that can’t be read' },
    ]);
    expect(warnings).toEqual([
      'only names that end in .pt are partitions, so these are not read: 1 file, v1.2/2.pth',
      'not read, being a link to nothing: 1 entry, v1.2/latest',
      'not read, being a folder that can’t be read: 1 entry, v1.3/',
    ]);
  });
});

import { namesFindings, ObjectNames } from '../src/quality/object-names.ts';

const partition = (name: string, ...ids: (readonly string[] | BigInt64Array | undefined)[]) => {
  const names = new ObjectNames();
  for (const id of ids) names.add(id);
  return { partition: name, names };
};

it('names that several galaxies have are counted, in one partition or in several, and so are empty ones', () => {
  expect(namesFindings([partition('1.pt', ['a', 'b'], ['a', '']), partition('2.pt', ['', 'c', 'b', 'b'])])).toEqual([
    '2 galaxies have an empty name (id), as in 1.pt.',
    '2 names (id) are those of several galaxies (one of them in 1.pt and 2.pt).',
  ]);
  expect(namesFindings([partition('1.pt', BigInt64Array.of(-1n, 2n ** 60n, 2n ** 60n + 1n, -1n))])).toEqual([
    '1 name (id) is that of several galaxies.',
  ]);
  expect(namesFindings([partition('1.pt', ['']), partition('2.pt', undefined)])).toEqual([
    '1 galaxy has an empty name (id), as in 1.pt.',
  ]);
  expect(namesFindings([partition('1.pt', ['a', 'b']), partition('2.pt', BigInt64Array.of(1n, 2n))])).toEqual([]);
  // A number is the name that its digits are.
  expect(namesFindings([partition('1.pt', ['1', 'b']), partition('2.pt', BigInt64Array.of(1n, 2n))])).toEqual([
    '1 name (id) is that of several galaxies (in 1.pt and 2.pt).',
  ]);
});

it('numbers in a row are hashed, so that the smallest hashes are a sample of them', () => {
  const { names } = partition(
    '1.pt',
    BigInt64Array.from({ length: 1000 }, (_, at) => BigInt(at)),
  );
  const below = names.sorted().filter((hash) => hash < 1n << 63n).length;
  expect(Math.abs(below - 500)).toBeLessThan(80);
});

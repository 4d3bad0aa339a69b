import fc from 'fast-check';
import {
  maximum,
  MessageError,
  minimum,
  orderedSum,
  product,
  reduction,
  sum,
  type Communicator,
  type TypedArray,
} from '../src/index.ts';
import { type TestWorld } from '../src/conformance.ts';
import { memoryWorld } from './support/worlds.ts';

describe('values', () => {
  let world: TestWorld;
  let a: Communicator;
  let b: Communicator;
  beforeEach(async () => {
    world = await memoryWorld(2);
    [a, b] = world.ranks as [Communicator, Communicator];
  });
  afterEach(() => world[Symbol.asyncDispose]());

  async function pass(value: unknown): Promise<unknown> {
    const [, got] = await Promise.all([a.send(value, 1), b.recv(0)]);
    return got;
  }

  it('come out as they went in: JSON, numbers, nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.jsonValue({ noUnicodeString: false }), fc.double(), fc.constant(undefined)),
        async (value) => {
          // JSON has one zero only, so inside of objects the sign of zero is lost.
          const wanted = typeof value === 'object' ? (JSON.parse(JSON.stringify(value)) as unknown) : value;
          expect(await pass(value)).toEqual(wanted);
        },
      ),
      { numRuns: 300, seed: 3 },
    );
  });

  it('come out as they went in: typed arrays and Buffers, also parts of larger ones', async () => {
    const arrays: TypedArray[] = [
      Int8Array.of(-1),
      Uint8Array.of(1, 2, 3).subarray(1),
      Uint8ClampedArray.of(300),
      Int16Array.of(-300, 5),
      Uint16Array.of(1, 2, 3).subarray(1),
      Int32Array.of(),
      Uint32Array.of(4e9),
      Float32Array.of(NaN, -0),
      Float64Array.of(1, Infinity, 1e-300).subarray(1),
      BigInt64Array.of(-5n),
      BigUint64Array.of(2n ** 63n),
      Buffer.from('text'),
    ];
    for (const array of arrays) {
      const got = await pass(array);
      expect(got).toEqual(array);
      expect(Object.getPrototypeOf(got)).toBe(Object.getPrototypeOf(array));
    }
  });

  it.each([
    ['NaN inside an object', { a: [NaN] }],
    ['undefined in an array', [1, undefined]],
    ['a bigint', { n: 5n }],
    ['a Date', { at: new Date(0) }],
    ['a Map', new Map([[1, 2]])],
    ['a function', () => 1],
    ['a DataView', new DataView(new ArrayBuffer(8))],
  ])('are refused rather than changed: %s', async (_name, value) => {
    await expect(a.send(value, 1)).rejects.toThrow(MessageError);
  });

  it('may be changed by the sender as soon as send has resolved', async () => {
    const value = Float64Array.of(1, 2);
    await a.send(value, 1);
    value.fill(0);
    expect(await b.recv(0)).toEqual(Float64Array.of(1, 2));
  });

  it('of results share no memory with what was passed in', async () => {
    const mine = [Float64Array.of(1), Float64Array.of(2)];
    const gathered = await world.all((c, rank) => c.gather(mine[rank], 0));
    const reduced = await world.all((c, rank) => c.reduce(mine[rank]!, sum, 0));
    const shares = await world.all((c, rank) => c.scatter(rank === 0 ? mine : undefined, 0));
    gathered[0]![0]!.fill(9);
    reduced[0]!.fill(9);
    shares[0]!.fill(9);
    expect(mine).toEqual([Float64Array.of(1), Float64Array.of(2)]);
  });

  it('are shared evenly when the root scatters one typed array', async () => {
    const shares = await world.all((c) => c.scatter(c.rank === 0 ? Float64Array.of(1, 2, 3, 4) : undefined));
    expect(shares).toEqual([Float64Array.of(1, 2), Float64Array.of(3, 4)]);
  });

  it('are reduced element by element by the built-in reductions', async () => {
    const values = [Float64Array.of(1, -5, NaN), Float64Array.of(3, 4, 1)];
    const by = async (f: typeof sum): Promise<Float64Array> =>
      (await world.all((c, rank) => c.allreduce(values[rank]!, f)))[1]!;
    expect(await by(sum)).toEqual(Float64Array.of(4, -1, NaN));
    expect(await by(orderedSum)).toEqual(Float64Array.of(4, -1, NaN));
    expect(await by(product)).toEqual(Float64Array.of(3, -20, NaN));
    expect(await by(minimum)).toEqual(Float64Array.of(1, -5, NaN));
    expect(await by(maximum)).toEqual(Float64Array.of(3, 4, NaN));
    expect(await world.all((c, rank) => c.allreduce(BigInt64Array.of(BigInt(rank) - 5n), sum))).toEqual([
      BigInt64Array.of(-9n),
      BigInt64Array.of(-9n),
    ]);
  });

  it('may be of any kind for a function of one’s own, JSON included', async () => {
    const longest = reduction((x: { name: string }, y: { name: string }) => (y.name.length > x.name.length ? y : x), {
      associative: true,
      commutative: false,
    });
    const got = await world.all((c, rank) => c.allreduce({ name: rank === 0 ? 'a' : 'longer' }, longest));
    expect(got).toEqual([{ name: 'longer' }, { name: 'longer' }]);
  });
});

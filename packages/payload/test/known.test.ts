import { itemAt, valueOf } from '../src/index.ts';

it('takes an item that is there, whatever it is', () => {
  expect(itemAt([1, 0], 1)).toBe(0);
  expect(itemAt([null], 0)).toBeNull();
  expect(itemAt(Float32Array.of(0.5), 0)).toBe(0.5);
  expect(() => itemAt([1, 2], 2)).toThrow(new RangeError('A list of 2 has no item 2.'));
  expect(() => itemAt([1, 2], -1)).toThrow(RangeError);
});

it('takes the value of a key that is there, whatever it is', () => {
  const map = new Map([
    ['a', 0],
    ['b', null],
  ]);
  expect(valueOf(map, 'a')).toBe(0);
  expect(valueOf(map, 'b')).toBeNull();
  expect(() => valueOf(map, 'c')).toThrow(new RangeError('A map of 2 has no key c.'));
});

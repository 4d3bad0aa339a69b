import { once } from '../src/index.ts';

it('loads once for all who ask, also at the same time', async () => {
  let loads = 0;
  const number = once(() => Promise.resolve(++loads));
  expect(await Promise.all([number(), number()])).toEqual([1, 1]);
  expect(await number()).toBe(1);
});

it('tries again what failed', async () => {
  let loads = 0;
  const number = once(() => (++loads === 1 ? Promise.reject(new Error('no')) : Promise.resolve(loads)));
  await expect(number()).rejects.toThrow('no');
  expect(await number()).toBe(2);
});

import { defined } from '../src/index.ts';

it('leaves out what is undefined and nothing else, in the same order', () => {
  const fields = defined({ none: undefined, no: false, zero: 0, empty: '', nothing: null, list: [undefined] });
  expect(Object.entries(fields)).toEqual([
    ['no', false],
    ['zero', 0],
    ['empty', ''],
    ['nothing', null],
    ['list', [undefined]],
  ]);
});

it('has a type by which a field that may be undefined may be missing', () => {
  const name: string | undefined = undefined;
  const given: { readonly count: number; readonly name?: string } = defined({ count: 1, name });
  expect(given).toStrictEqual({ count: 1 });
});

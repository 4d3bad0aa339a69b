import { budgetLeft, chooseLayers, type Layer, type MeasuredLayer } from '../src/layers.ts';

const layer = (input: string): Layer => ({ input, products: [] });
const measured = (input: string, gain: number, change: number): MeasuredLayer => ({
  layer: layer(input),
  way: 'columns',
  rows: 1,
  floatTime: 10,
  integerTime: 10 - gain,
  change,
});
const chosen = (layers: readonly MeasuredLayer[], budget: number) =>
  chooseLayers(layers, budget)
    .map((one) => one.layer.input)
    .sort();

describe('layers in integers', () => {
  it('are those that are faster', () => {
    expect(chosen([measured('slower', -1, 0), measured('same', 0, 0), measured('faster', 1, 0)], 1)).toEqual([
      'faster',
    ]);
  });

  it('stay within the change that they may make together, which adds as independent ones do', () => {
    const alike = ['a', 'b', 'c'].map((input) => measured(input, 1, 3));
    expect(chosen(alike, 3)).toEqual(['a']);
    expect(chosen(alike, 4.3)).toEqual(['a', 'b']);
    expect(chosen(alike, 5.2)).toEqual(['a', 'b', 'c']);
  });

  it('save most for what they change', () => {
    expect(chosen([measured('little', 1, 3), measured('much', 4, 4)], 4)).toEqual(['much']);
    // One that is too large leaves its place to others.
    expect(chosen([measured('huge', 9, 5), measured('small', 0.1, 1)], 4)).toEqual(['small']);
  });

  it('leave to others what they do not use', () => {
    const alike = ['a', 'b'].map((input) => measured(input, 1, 3));
    expect(budgetLeft(alike, 5)).toBeCloseTo(Math.sqrt(7));
    expect(budgetLeft(alike, 4)).toBe(0);
    expect(budgetLeft([], 4)).toBe(4);
  });

  it('are none of those that change endlessly', () => {
    expect(chosen([measured('endless', 9, Infinity), measured('unknown', 9, NaN)], 1)).toEqual([]);
  });
});

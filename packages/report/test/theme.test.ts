import { DARK, LIGHT, type Theme } from '../src/index.ts';

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}

describe.each<[string, Theme]>([
  ['light', LIGHT],
  ['dark', DARK],
])('the %s theme', (_, theme) => {
  it.each(['ink', 'muted', 'accent', 'good', 'bad', 'warn'] as const)(
    'sets %s text readably on both grounds',
    (role) => {
      expect(contrast(theme[role], theme.paper)).toBeGreaterThanOrEqual(4.5);
      expect(contrast(theme[role], theme.panel)).toBeGreaterThanOrEqual(4.5);
    },
  );

  it('draws series so that they stand out from the ground', () => {
    for (const colour of theme.series) expect(contrast(colour, theme.paper)).toBeGreaterThanOrEqual(3);
  });

  it('draws density the stronger the more: contrast to the ground grows', () => {
    const contrasts = theme.density.map((colour) => contrast(colour, theme.paper));
    expect(contrasts).toEqual([...contrasts].sort((a, b) => a - b));
    expect(contrasts[0]).toBeGreaterThan(2);
  });
});

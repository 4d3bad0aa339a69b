/** Names of filters: SDSS's and others' letters, WISE, GALEX, Hubble's and Webb's numbers. */
const BAND = /^(u|g|r|i|z|y|j|h|k|ks|w[1-4]|fuv|nuv|[fF]\d{3}(w|m|n|lp|x|w2|m2))$/i;

/** The band that a name ends in: g of `HSC-G`, `sdss_g` and `g`. Undefined: it ends in none. */
export function bandAtEnd(name: string): string | undefined {
  const word = name.split(/[^A-Za-z0-9]+/).at(-1) ?? '';
  return BAND.test(word) ? word.toLowerCase() : undefined;
}

/** The bands that names end in, if each has one of its own; undefined of one name alone, which is a galaxy's. */
export function bandsOf(names: readonly string[]): readonly string[] | undefined {
  const bands = names.map((name) => bandAtEnd(name)).filter((band) => band !== undefined);
  return names.length > 1 && bands.length === names.length && new Set(bands).size === bands.length ? bands : undefined;
}

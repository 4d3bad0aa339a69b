/** Whether a file name ends like one of these, in capitals or not. @param endings in small letters, with their dots */
export function hasEnding(name: string, ...endings: readonly string[]): boolean {
  const small = name.toLowerCase();
  return endings.some((ending) => small.endsWith(ending));
}

/** Takes out of a list what matches, in order. */
export function takeWhere<T>(list: T[], matches: (item: T) => boolean): T[] {
  const taken = list.filter(matches);
  if (taken.length > 0) list.splice(0, list.length, ...list.filter((item) => !matches(item)));
  return taken;
}

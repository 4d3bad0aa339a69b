/**
 * The item at an index that the caller knows to be in the list.
 *
 * @throws RangeError when it isn't: a bug of the caller, told where it is instead of as an `undefined` further on
 */
export function itemAt<Item>(list: ArrayLike<Item>, index: number): Item {
  const item = list[index];
  if (item === undefined) throw new RangeError(`A list of ${list.length} has no item ${index}.`);
  return item;
}

/**
 * The value of a key that the caller knows to be in the map.
 *
 * @throws RangeError when it isn't: a bug of the caller
 */
export function valueOf<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): Value {
  const value = map.get(key);
  if (value === undefined) throw new RangeError(`A map of ${map.size} has no key ${String(key)}.`);
  return value;
}

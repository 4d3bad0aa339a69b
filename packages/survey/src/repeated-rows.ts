/** How many rows of a table are the same as an earlier one, number for number. */
export function countRepeated(table: Float64Array, width: number): number {
  const words = new Uint32Array(table.buffer, table.byteOffset, table.length * 2);
  const wordsOf = (row: number) => words.subarray(row * width * 2, (row + 1) * width * 2);
  const latest = new Map<number, number>();
  // Of the row before with the same hash; rows with the same hash are compared.
  const before = new Int32Array(table.length / width).fill(-1);
  let repeated = 0;
  for (let row = 0; row < before.length; row++) {
    const own = wordsOf(row);
    const hash = hashOf(own);
    const previous = latest.get(hash) ?? -1;
    let other = previous;
    before[row] = previous;
    latest.set(hash, row);
    while (other !== -1 && !equal(own, wordsOf(other))) other = before[other] ?? -1;
    if (other === -1) continue;
    repeated++;
    // Chains hold each row once.
    latest.set(hash, previous);
  }
  return repeated;
}

/** FNV-1a, over words of 32 bits. */
function hashOf(words: Uint32Array): number {
  let hash = 0x811c9dc5;
  for (const word of words) hash = Math.imul(hash ^ word ^ (word >>> 15), 0x01000193);
  return hash;
}

function equal(left: Uint32Array, right: Uint32Array): boolean {
  return left.every((word, index) => word === right[index]);
}

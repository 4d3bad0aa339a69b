/** Items in another form, one by one; leaving the loop ends what they come from. */
export async function* changed<Item, Result>(
  items: AsyncIterable<Item>,
  change: (item: Item) => Result,
): AsyncGenerator<Result, void, undefined> {
  for await (const item of items) yield change(item);
}

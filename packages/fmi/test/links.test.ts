import { memoryWorld, rendezvousWorld } from './support/worlds.ts';

describe('the links of a communicator', () => {
  it.each([
    ['direct', false],
    ['relay', false],
    ['direct', true],
  ] as const)('tell how ranks reach each other: %s, encrypted: %p', async (kind, encrypted) => {
    await using world = await rendezvousWorld(kind, { encrypt: encrypted })(3);
    expect(world.ranks.map((c) => c.links)).toEqual([[], [], []]);

    await world.all((c) => c.allgather(c.rank));
    await world.all((c) => c.send('hello', (c.rank + 1) % 3));
    await world.all((c) => c.recv((c.rank + 2) % 3));

    const linkTo = (peer: number) => ({ peer, kind, encrypted, setupMs: expect.any(Number) as number });
    expect(world.ranks.map((c) => c.links)).toEqual([
      [linkTo(1), linkTo(2)],
      [linkTo(0), linkTo(2)],
      [linkTo(0), linkTo(1)],
    ]);
  });

  it('go by the ranks of the part in a part of a world', async () => {
    await using world = await rendezvousWorld('direct')(3);
    const parts = await world.all(async (c) => {
      const part = await c.split(c.rank === 1 ? 1 : 0, -c.rank);
      await part!.barrier();
      return part!.links.map(({ peer }) => peer);
    });
    expect(parts).toEqual([[0], [], [1]]);
  });

  it('are none where ranks meet without any', async () => {
    await using world = await memoryWorld(2);
    await world.all((c) => c.barrier());
    expect(world.ranks.map((c) => c.links)).toEqual([[], []]);
  });
});

import { killRounds, ways, type Way } from './support/kill-rounds.ts';

describe.each(Object.keys(ways) as Way[])('kill -9 of one of 8 processes, %s', (way) => {
  it('is reported by the other seven, who name the right one', async () => {
    const victims = [0, 5, 7];
    for await (const { victim, survivors } of killRounds(victims.length, 8, way, (round) => victims[round]!)) {
      expect(survivors.map(({ rank, lost }) => ({ rank, lost }))).toEqual(
        [0, 1, 2, 3, 4, 5, 6, 7].filter((rank) => rank !== victim).map((rank) => ({ rank, lost: victim })),
      );
    }
  });
});

import { checkMeetsAtStage, rendezvousService } from '../src/stage/rendezvous-service.ts';

const EARLIER = [
  ['RendezvousClusterName', 'cosmicai-dev'],
  ['RendezvousServiceName', 'rendezvous'],
] as const;
const check = (outputs: readonly (readonly [string, string])[]) => () =>
  checkMeetsAtStage('dev', rendezvousService(new Map(outputs)));

it.each(['on-demand', 'always'])('ranks can meet at a stage whose server is there %s', (mode) => {
  expect(check([...EARLIER, ['RendezvousMode', mode]])).not.toThrow();
  expect(rendezvousService(new Map([...EARLIER, ['RendezvousMode', mode]]))?.onDemand).toBe(mode === 'on-demand');
});

it('can not meet where the stage has no server, or one that its functions can not find', () => {
  expect(check([['BucketName', 'galaxies']])).toThrow(/Stage dev has no rendezvous server\. Set rendezvous\.enabled/);
  expect(check(EARLIER)).toThrow(/deployed by an older version.*cosmicai deploy dev/);
});

import { UserInputError } from '@cosmicai/payload';

/** Where a stage's rendezvous server runs, by the outputs of its stack. */
export interface RendezvousService {
  readonly cluster: string;
  readonly service: string;
  /** Whether it is there for runs only; undefined: CheckRendezvous of this deployment can't find it, as an earlier version's can't. */
  readonly onDemand: boolean | undefined;
}

/** @returns undefined when the stage has no rendezvous server */
export function rendezvousService(outputs: ReadonlyMap<string, string>): RendezvousService | undefined {
  const cluster = outputs.get('RendezvousClusterName');
  const service = outputs.get('RendezvousServiceName');
  const mode = outputs.get('RendezvousMode');
  if (cluster === undefined || service === undefined) return undefined;
  return { cluster, service, onDemand: mode === undefined ? undefined : mode === 'on-demand' };
}

/** @throws UserInputError unless ranks can meet at the stage's own server: CheckRendezvous finds it, and starts it where needed */
export function checkMeetsAtStage(stage: string, server: RendezvousService | undefined): void {
  if (server === undefined) {
    throw new UserInputError(
      `Stage ${stage} has no rendezvous server. Set rendezvous.enabled in config/${stage}.yml and deploy it again (cosmicai deploy ${stage}), or name another server: rendezvous_endpoint in the payload, --rendezvous for a ping.`,
    );
  }
  if (server.onDemand === undefined) {
    throw new UserInputError(
      `The rendezvous server of stage ${stage} was deployed by an older version, whose functions can't find it by themselves. Deploy it again: cosmicai deploy ${stage}`,
    );
  }
}

import type { Concurrency, Identity, StackState, Statement } from '@cosmicai/deploy';

export interface BucketState {
  /** Undefined: S3 doesn't say. */
  readonly region: string | undefined;
  /** Whether the payload that deploying leaves in it is there. */
  readonly hasPayload: boolean;
}

/** A function, in Lambda's words. */
export interface FunctionState {
  readonly state: string;
  readonly reason: string | undefined;
  /** How its last change went. */
  readonly lastUpdate: string;
}

/** The service of the rendezvous server. */
export interface ServerState {
  readonly desired: number;
  readonly running: number;
  /** Undefined where it may not be looked at. */
  readonly image: string | undefined;
  /** What ECS last said of it. */
  readonly lastEvent: string | undefined;
}

/** What the checks of a stage look at in an account; undefined is what isn't there. All but `identity` may be denied. */
export interface StageView {
  /** @throws EnvironmentError when there are no credentials that work */
  identity(): Promise<Identity>;
  /** By how many milliseconds AWS's clock was ahead of this machine's at its answers so far; undefined: it didn't say. */
  clockSkewMs(): number | undefined;
  concurrency(): Promise<Concurrency | undefined>;
  stack(name: string): Promise<StackState | undefined>;
  bucket(name: string): Promise<BucketState | undefined>;
  functionState(name: string): Promise<FunctionState | undefined>;
  server(cluster: string, service: string): Promise<ServerState | undefined>;
  hasContainersRole(): Promise<boolean>;
  /**
   * Which actions of statements the policies of a user or a role refuse.
   *
   * @param caller ARN, as STS tells it
   * @throws Error when it may not be asked, or there is nobody whose policies could be
   */
  refusedActions(caller: string, statements: readonly Statement[]): Promise<string[]>;
}

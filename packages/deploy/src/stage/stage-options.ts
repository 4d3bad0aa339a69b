import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { UserInputError } from '@cosmicai/payload';
import { inRepository, root } from '../root.ts';

type LambdaArchitecture = 'x86_64' | 'arm64';

/** The options of a stage that deploying reads; all of them stand in config/default.yml. */
export interface StageOptions {
  readonly region: string;
  readonly init: { readonly architecture: LambdaArchitecture };
  readonly inference: {
    readonly architecture: LambdaArchitecture;
    readonly model: string;
    readonly memory: number;
    readonly reserved_concurrency: number;
    /** Environments kept ready behind the alias `provisioned`; 0: none. */
    readonly provisioned_concurrency: number;
    /** MB of /tmp. */
    readonly ephemeral_storage: number;
  };
  readonly summarize: { readonly architecture: LambdaArchitecture };
  /** Kind of the Map's child executions. */
  readonly map_execution_type: 'STANDARD' | 'EXPRESS';
  /** Time-out of a rank's function. */
  readonly rank_seconds: number;
  readonly prefixes: {
    readonly data: readonly string[];
    readonly results: readonly string[];
    readonly models: readonly string[];
  };
  readonly rendezvous: {
    readonly enabled: boolean;
    readonly mode: 'on-demand' | 'always';
    /** After so long without a run a server on demand ends. */
    readonly idle_minutes: number;
    /** Units of Fargate: 1024 are one vCPU. */
    readonly cpu: number;
    /** MB. */
    readonly memory: number;
    readonly architecture: 'X86_64' | 'ARM64';
    readonly port: number;
    /** Image on top of which the server's is made, with a tag. */
    readonly base_image: string;
    /** Registry of the stage's image; '' : the account's own. */
    readonly registry: string;
    /** DNS name of the server; '' : none. */
    readonly name: string;
  };
  /** Network of the functions; without subnets they have none of their own. */
  readonly vpc: { readonly subnet_ids: readonly string[] };
  /** Other buckets from which functions may read. */
  readonly data_buckets: readonly string[];
  /** '' : alarms aren't mailed. */
  readonly alarm_email: string;
  readonly encrypt_alarms: boolean;
  /** Of a month; 0: none. */
  readonly budget: { readonly monthly: number };
  readonly deployment: { readonly bucket: string; readonly method: 'changesets' | 'direct' };
}

const config = createRequire(import.meta.url)(join(root, 'config/options.cjs')) as {
  stageOptions(stage: string, folder?: string): StageOptions;
};

/**
 * The folder of the stages' files where it isn't config/ of the repository: COSMICAI_STAGES or, for an installed command, `config`
 * where the user stands.
 */
export function stagesFolder(): string | undefined {
  return process.env.COSMICAI_STAGES ?? (inRepository ? undefined : resolve('config'));
}

/** Where a stage's file lies, or would. */
export function stageFile(stage: string): string {
  return join(stagesFolder() ?? join(root, 'config'), `${stage}.yml`);
}

/** @throws UserInputError naming the file and the option when the stage's file is wrong */
export function stageOptions(stage: string): StageOptions {
  try {
    return config.stageOptions(stage, stagesFolder());
  } catch (error) {
    throw new UserInputError((error as Error).message, { cause: error });
  }
}

export function bucketName(stage: string, account: string, region: string): string {
  return `cosmicai-${stage}-${account}-${region}`;
}

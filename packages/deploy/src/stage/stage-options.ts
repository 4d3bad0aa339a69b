import { createRequire } from 'node:module';
import { UserInputError } from '@cosmicai/payload';

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
  readonly prefixes: {
    readonly data: readonly string[];
    readonly results: readonly string[];
    readonly models: readonly string[];
  };
  readonly rendezvous: {
    readonly enabled: boolean;
    /** Units of Fargate: 1024 are one vCPU. */
    readonly cpu: number;
    /** MB. */
    readonly memory: number;
    readonly architecture: 'X86_64' | 'ARM64';
    readonly port: number;
    /** DNS name of the server; '' : none. */
    readonly name: string;
  };
  readonly deployment: { readonly bucket: string };
}

const config = createRequire(import.meta.url)('../../../../config/options.cjs') as {
  stageOptions(stage: string): StageOptions;
};

/** @throws UserInputError naming the file and the option when the stage's file is wrong */
export function stageOptions(stage: string): StageOptions {
  try {
    return config.stageOptions(stage);
  } catch (error) {
    throw new UserInputError((error as Error).message, { cause: error });
  }
}

export function bucketName(stage: string, account: string, region: string): string {
  return `cosmicai-${stage}-${account}-${region}`;
}

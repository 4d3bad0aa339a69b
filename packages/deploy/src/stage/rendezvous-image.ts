import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { EnvironmentError } from '@cosmicai/payload';
import { command } from './run-stacks.ts';
import { inRepository, root } from '../root.ts';
import type { StageOptions } from './stage-options.ts';

const service = join(root, 'services/rendezvous');

/** Tag of the image pushed last, if there is one: what a deployment without Docker goes on with. */
export async function newestImage(stage: string, region: string): Promise<string | undefined> {
  const { DescribeImagesCommand, ECRClient } = await import('@aws-sdk/client-ecr');
  const ecr = new ECRClient({ region });
  try {
    const command = new DescribeImagesCommand({ repositoryName: repository(stage), filter: { tagStatus: 'TAGGED' } });
    const { imageDetails = [] } = await ecr.send(command);
    const [newest] = imageDetails.sort((a, b) => Number(b.imagePushedAt ?? 0) - Number(a.imagePushedAt ?? 0));
    return newest?.imageTags?.[0];
  } catch (error) {
    if ((error as Error).name === 'RepositoryNotFoundException') return undefined;
    throw error;
  }
}

export function hasDocker(): boolean {
  try {
    execFileSync('docker', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Builds the image and pushes it to the stage's repository. Answers its tag. */
export async function pushImage(
  stage: string,
  account: string,
  options: StageOptions,
  now: Date,
  signal: AbortSignal,
): Promise<string> {
  const { region } = options;
  const { ECRClient, GetAuthorizationTokenCommand } = await import('@aws-sdk/client-ecr');
  const ecr = new ECRClient({ region });
  const registry = `${account}.dkr.ecr.${region}.amazonaws.com`;
  const tag = now.toISOString().replaceAll(/[:.]/g, '-');
  const image = `${registry}/${repository(stage)}:${tag}`;
  const platform = options.rendezvous.architecture === 'ARM64' ? 'linux/arm64' : 'linux/amd64';
  if (inRepository) await command(process.execPath, ['build.ts'], { cwd: service, signal });
  await command('docker', ['build', '--platform', platform, '--tag', image, '.'], { cwd: service, signal });
  const { authorizationData = [] } = await ecr.send(new GetAuthorizationTokenCommand());
  const token = authorizationData[0]?.authorizationToken;
  if (token === undefined)
    throw new EnvironmentError(`The image registry ${registry} gave no password; try again later.`);
  const [user = '', password = ''] = Buffer.from(token, 'base64').toString().split(':');
  await command('docker', ['login', '--username', user, '--password-stdin', registry], {
    cwd: service,
    signal,
    input: password,
  });
  await command('docker', ['push', image], { cwd: service, signal });
  return tag;
}

function repository(stage: string): string {
  return `cosmicai-${stage}-rendezvous`;
}

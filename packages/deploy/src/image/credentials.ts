import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { EnvironmentError, UserInputError } from '@cosmicai/payload';
import { z } from 'zod';
import type { Repository } from './registry.ts';

/** The registry of an account of AWS in a region, with a password for half a day. */
export async function ownRegistry(region: string): Promise<Pick<Repository, 'registry' | 'credentials'>> {
  const { ECRClient, GetAuthorizationTokenCommand } = await import('@aws-sdk/client-ecr');
  const { authorizationData = [] } = await new ECRClient({ region }).send(new GetAuthorizationTokenCommand());
  const { authorizationToken: token, proxyEndpoint } = authorizationData[0] ?? {};
  if (token === undefined || proxyEndpoint === undefined)
    throw new EnvironmentError('The image registry of the account gave no password; try again later.');
  return { registry: proxyEndpoint, credentials: credentialsIn(token) };
}

/** Of what `docker login` writes (https://docs.docker.com/reference/cli/docker/login/), that which holds passwords. */
const loginsSchema = z.object({ auths: z.record(z.string(), z.object({ auth: z.string().optional() })).default({}) });

/** Docker Hub's registry has another name in that file. */
const HUB = { host: 'registry-1.docker.io', name: 'https://index.docker.io/v1/' };

/**
 * The repository with the password that this user has for its registry: of AWS's own, what the account gives; of others, what was left in
 * Docker's file of logins.
 *
 * @throws UserInputError when that file is not one, EnvironmentError when AWS gives none
 */
export async function withCredentials(
  repository: Repository,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Repository> {
  const { host } = new URL(repository.registry);
  const [, region] = /^\d+\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(host) ?? [];
  if (region !== undefined) return { ...repository, ...(await ownRegistry(region)) };
  const { DOCKER_CONFIG: folder = join(environment.HOME ?? homedir(), '.docker') } = environment;
  const { auth } = (await loginsIn(join(folder, 'config.json')))[host === HUB.host ? HUB.name : host] ?? {};
  return auth === undefined ? repository : { ...repository, credentials: credentialsIn(auth) };
}

async function loginsIn(file: string): Promise<z.infer<typeof loginsSchema>['auths']> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '{}';
    throw error;
  });
  try {
    return loginsSchema.parse(JSON.parse(text)).auths;
  } catch (error) {
    throw new UserInputError(`${file} is not a file of logins as docker login writes it. Log in again.`, {
      cause: error,
    });
  }
}

function credentialsIn(encoded: string): NonNullable<Repository['credentials']> {
  const [, user = '', password = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? [];
  return { user, password };
}

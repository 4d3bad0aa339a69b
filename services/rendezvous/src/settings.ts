import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { defaultHealthPort, defaultPort } from '@cosmicai/rendezvous';
import { decimal, flag, integer, matching, parseAs, text, UserInputError } from '@cosmicai/payload';
import { z } from 'zod';

export const usage = `Usage: rendezvous [options]

Introduces the ranks of a run to each other and relays for those that can't connect directly.
Each option can also be given in the environment, as COSMICAI_RENDEZVOUS_ and its name (COSMICAI_RENDEZVOUS_HEALTH_PORT).

  --port PORT              peers connect here (default ${defaultPort})
  --health-port PORT       /healthz and /metrics (default ${defaultHealthPort})
  --host ADDRESS           listen on this address only
  --allow-v1               serve TCPunch v1 clients, which can't authenticate
  --refuse-v2              don't serve TCPunch v2 clients, which can't authenticate either
  --max-connections N      connections of all kinds (default 20000)
  --max-per-address N      connections from one address (default 10000)
  --max-relays N           relayed pairs at a time (default 4096)
  --drain-seconds N        what relays in progress get on SIGTERM (default 25)
  --idle-minutes N         end when nothing was to do for so long: no rank, no run that is open, nobody waiting (default 0: never)
  --ecs-service NAME       CLUSTER/SERVICE of ECS that is set to no tasks before, so that it starts no other server
  --log-level LEVEL        debug, info, warn or silent (default info)
  --help

Secrets come only from the environment, because a command line is for all to read: COSMICAI_RENDEZVOUS_SECRETS, or a file
named by COSMICAI_RENDEZVOUS_SECRETS_FILE. The first one is current; more, separated by blanks, are still accepted.

Example: COSMICAI_RENDEZVOUS_SECRETS=$(openssl rand -hex 32) rendezvous --port 10000
`;

const settingsSchema = z.object({
  port: integer(0, 65_535).default(defaultPort),
  'health-port': integer(0, 65_535).default(defaultHealthPort),
  host: text('an address of this machine').optional(),
  'allow-v1': flag.default(false),
  'refuse-v2': flag.default(false),
  'max-connections': integer(1, 1_000_000).optional(),
  'max-per-address': integer(1, 1_000_000).optional(),
  'max-relays': integer(0, 1_000_000).optional(),
  'drain-seconds': integer(0, 3_600).default(25),
  'idle-minutes': decimal(0, 1_440).default(0),
  'ecs-service': matching((value) => /^[\w-]+\/[\w-]+$/.test(value), 'CLUSTER/SERVICE').optional(),
  'log-level': z.enum(['debug', 'info', 'warn', 'silent'], { error: 'debug, info, warn or silent' }).default('info'),
});

export interface Settings extends z.output<typeof settingsSchema> {
  readonly secrets: readonly string[];
}

const prefix = 'COSMICAI_RENDEZVOUS_';

/**
 * Settings from the command line and, where that says nothing, the environment.
 * @returns undefined when help was asked for
 * @throws InvalidInputError, UserInputError
 */
export function readSettings(args: readonly string[], environment: NodeJS.ProcessEnv): Settings | undefined {
  const given = parseFlags(args);
  if (given.help === true) return undefined;
  const names = Object.keys(settingsSchema.shape);
  const fromEnvironment = names
    .map((name) => [name, environment[prefix + name.toUpperCase().replaceAll('-', '_')]] as const)
    .filter(([, value]) => value !== undefined && value !== '');
  const input: unknown = { ...Object.fromEntries(fromEnvironment), ...given };
  return { ...parseAs(settingsSchema, input, 'rendezvous settings'), secrets: readSecrets(environment) };
}

function parseFlags(args: readonly string[]): Record<string, string | boolean | undefined> {
  const option = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        port: option,
        'health-port': option,
        host: option,
        'allow-v1': { type: 'boolean' },
        'refuse-v2': { type: 'boolean' },
        'max-connections': option,
        'max-per-address': option,
        'max-relays': option,
        'drain-seconds': option,
        'idle-minutes': option,
        'ecs-service': option,
        'log-level': option,
        help: { type: 'boolean' },
      },
    });
    return values;
  } catch (error) {
    throw new UserInputError(`${(error as Error).message}\n\n${usage}`);
  }
}

function readSecrets(environment: NodeJS.ProcessEnv): readonly string[] {
  const file = environment[`${prefix}SECRETS_FILE`];
  const text = environment[`${prefix}SECRETS`] ?? (file === undefined ? '' : readSecretsFile(file));
  return text.split(/\s+/).filter((secret) => secret !== '');
}

function readSecretsFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserInputError(`${prefix}SECRETS_FILE names ${path}, which can't be read: ${(error as Error).message}`);
  }
}

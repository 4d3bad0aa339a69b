import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { EnvironmentError } from '@cosmicai/payload';

/**
 * The secret shared with the rendezvous server: the first of COSMICAI_RENDEZVOUS_SECRETS, as the server itself reads it, else
 * the value of the Secrets Manager entry that COSMICAI_RENDEZVOUS_SECRET names.
 */
export async function rendezvousSecret(environment: NodeJS.ProcessEnv): Promise<string> {
  const given = environment.COSMICAI_RENDEZVOUS_SECRETS?.trim().split(/\s+/)[0];
  if (given !== undefined && given !== '') return given;
  const name = environment.COSMICAI_RENDEZVOUS_SECRET;
  if (name === undefined) {
    throw new EnvironmentError(
      'fmi_enabled is set, but no secret of the rendezvous server is known here: set COSMICAI_RENDEZVOUS_SECRETS to the one the server runs with.',
    );
  }
  const { SecretString: value } = await new SecretsManagerClient({}).send(
    new GetSecretValueCommand({ SecretId: name }),
  );
  if (value === undefined) throw new EnvironmentError(`The secret ${name} holds no text.`);
  return value;
}

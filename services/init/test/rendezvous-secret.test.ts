import { EnvironmentError } from '@cosmicai/payload';
import { rendezvousSecret } from '../src/rendezvous-secret.ts';

describe('the secret of the rendezvous server', () => {
  it('is the first of those that the server takes', async () => {
    expect(await rendezvousSecret({ COSMICAI_RENDEZVOUS_SECRETS: ' first  second ' })).toBe('first');
    expect(await rendezvousSecret({ COSMICAI_RENDEZVOUS_SECRETS: 'only', COSMICAI_RENDEZVOUS_SECRET: 'arn' })).toBe(
      'only',
    );
  });

  it.each([{}, { COSMICAI_RENDEZVOUS_SECRETS: ' ' }])('must be known', async (environment) => {
    await expect(rendezvousSecret(environment)).rejects.toThrow(EnvironmentError);
    await expect(rendezvousSecret(environment)).rejects.toThrow(
      /^fmi_enabled is set, .* set COSMICAI_RENDEZVOUS_SECRETS/,
    );
  });
});

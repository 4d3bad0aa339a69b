/* The policies as they are handed on to IAM, which refuses one with a key that it doesn't know. */
import { cosmicai } from './support/in-process.ts';

it.each(['deployer', 'runner'])('--json prints the policy of a %s and nothing beside it', async (role) => {
  const { code, stdout, stderr } = await cosmicai('policy', role, '--account', '123456789012', '--json');
  expect({ code, keys: Object.keys(JSON.parse(stdout) as object) }).toEqual({
    code: 0,
    keys: ['Version', 'Statement'],
  });
  expect(stderr).not.toContain('ACCOUNT_ID');
});

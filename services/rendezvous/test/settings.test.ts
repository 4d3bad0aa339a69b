import { InvalidInputError, UserInputError } from '@cosmicai/payload';
import { readSettings } from '../src/settings.ts';

describe('settings of the rendezvous server', () => {
  it('have defaults for everything but the secret', () => {
    const settings = readSettings([], { COSMICAI_RENDEZVOUS_SECRETS: 'one two\n' });
    expect(settings).toMatchObject({ port: 10_000, 'health-port': 10_001, 'allow-v1': false, secrets: ['one', 'two'] });
  });

  it('come from the environment, over which the command line prevails', () => {
    const environment = { COSMICAI_RENDEZVOUS_PORT: '7000', COSMICAI_RENDEZVOUS_ALLOW_V1: 'true' };
    expect(readSettings([], environment)).toMatchObject({ port: 7_000, 'allow-v1': true });
    expect(readSettings(['--port', '8000'], environment)).toMatchObject({ port: 8_000, 'allow-v1': true });
  });

  it('let the server end when nobody needs it', () => {
    expect(readSettings([], {})).toMatchObject({ 'idle-minutes': 0 });
    const environment = {
      COSMICAI_RENDEZVOUS_IDLE_MINUTES: '0.5',
      COSMICAI_RENDEZVOUS_ECS_SERVICE: 'cosmicai-dev/rendezvous',
    };
    expect(readSettings([], environment)).toMatchObject({
      'idle-minutes': 0.5,
      'ecs-service': 'cosmicai-dev/rendezvous',
    });
    expect(() => readSettings(['--ecs-service', 'rendezvous'], {})).toThrow('CLUSTER/SERVICE');
  });

  it('say what is wrong', () => {
    expect(() => readSettings(['--port', 'many'], {})).toThrow(InvalidInputError);
    expect(() => readSettings(['--port', '70000'], {})).toThrow('a whole number from 0 to 65535');
    expect(() => readSettings(['--prot', '1'], {})).toThrow(UserInputError);
    const environment = { COSMICAI_RENDEZVOUS_SECRETS_FILE: '/does/not/exist' };
    expect(() => readSettings([], environment)).toThrow('/does/not/exist');
  });

  it('may be asked for', () => {
    expect(readSettings(['--help'], {})).toBeUndefined();
  });
});

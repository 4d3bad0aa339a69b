import { fileURLToPath } from 'node:url';
import { EnvironmentError } from '@cosmicai/payload';
import { loadDefinition } from '@cosmicai/local';
import { calledFunctions } from '@cosmicai/aws';
import { Workspace } from '../support/workspace.ts';

const MACHINE = fileURLToPath(new URL('../../../../state-machine.asl.yml', import.meta.url));

describe('commands about a stage', () => {
  let workspace: Workspace;
  beforeAll(() => {
    workspace = new Workspace();
  });
  afterAll(() => workspace.remove());

  it.each([
    [['run', '--target', 'aws', '--memory', '512'], '--memory is for --target local, not for --target aws'],
    [['run', 'payload.json', '--target', 'aws', '--attach', 'one'], 'it takes no payload'],
    [['run', '--max-cost', '1'], '--max-cost is for --target aws, not for --target local'],
    [['run', '--target', 'aws', '--max-cost', '1', '--attach', 'one'], "it doesn't go with --attach"],
    [['run', '--target', 'moon'], 'Allowed choices are local, aws'],
    [['clean', 'results', '../other', '--yes'], '"../other" is not a run id'],
    [['clean', 'results', 'never', '--yes'], 'There is no run never in /'],
  ])('%j is wrong use', async (args, message) => {
    const end = await workspace.cosmicai(args);
    expect(end).toMatchObject({ code: 2, stdout: '' });
    expect(end.stderr).toContain(message);
  });

  it('say how to sign in when AWS knows nobody', async () => {
    // No profile, no metadata service: the SDK's chain ends without credentials and without a request.
    const environment = { AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/dev/null', HOME: workspace.folder };
    const end = await workspace.cosmicai(['status', '--target', 'aws'], { environment });
    expect(end).toMatchObject({ code: 1, stdout: '' });
    expect(end.stderr).toContain("AWS doesn't know who you are");
    expect(end.stderr).toContain('aws sso login');
  });
});

describe('the functions of a deployed definition', () => {
  const deployed = (type: string, qualifier: string) =>
    loadDefinition(MACHINE, {
      variables: {
        'sls:stage': 'dev',
        'self:custom.options.map_execution_type': type,
        'self:custom.options.infer_qualifier': qualifier,
      },
    });

  it('are what the state machine of the stacks calls, with the alias it calls them by', () => {
    const called = calledFunctions(deployed('EXPRESS', ':provisioned'));
    expect(called.names).toHaveLength(4);
    expect(called.names.filter((name) => name.includes(':'))).toEqual([]);
    expect(called.rank).toMatch(/^cosmicai-inference-dev-\w+:provisioned$/);
    expect(called.summarize).toBe('cosmicai-summarize-dev-summarize');
    expect(called.childType).toBe('EXPRESS');
    expect(calledFunctions(deployed('STANDARD', '')).childType).toBe('STANDARD');
  });

  it('are missing in a state machine of another make', () => {
    const other = { States: { Only: { Type: 'Succeed' } } };
    expect(() => calledFunctions(other)).toThrow(EnvironmentError);
  });
});

import { join } from 'node:path';
import { checkSupported, functionsOf, loadDefinition } from '../src/index.ts';

const file = join(import.meta.dirname, '../../../state-machine.asl.yml');
const variables = {
  'sls:stage': 'local',
  'self:custom.options.map_execution_type': 'STANDARD',
  'self:custom.options.infer_qualifier': ':live',
};

describe('the deployed state machine', () => {
  it('is supported as it stands', () => {
    const definition = loadDefinition(file, { variables });
    expect(checkSupported(definition)).toEqual([]);
    expect(functionsOf(definition).map(({ name }) => name)).toEqual([
      'cosmicai-init-local-init',
      'cosmicai-init-local-initFmi',
      'cosmicai-inference-local-inference',
      'cosmicai-summarize-local-summarize',
    ]);
  });

  it('names the variable that has no value, and its place', () => {
    expect(() => loadDefinition(file, { variables: { 'sls:stage': 'local' } })).toThrow(
      /\$\{self:custom\.options\.map_execution_type\} at States\.Infer\.ItemProcessor\.ProcessorConfig\.ExecutionType has no value/,
    );
  });

  it('must be there', () => {
    expect(() => loadDefinition('nowhere.asl.yml')).toThrow('Cannot read nowhere.asl.yml as a state machine');
  });
});

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../../test/stacks.ts';
import { pricesOf } from '@cosmicai/metrics';
import { stageOptions, writeStageOptions } from '../src/index.ts';
import { restingCosts, stageAtRest } from '../src/stage/resting-costs.ts';

/** In a folder of stages of its own. */
async function inStages<T>(work: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = await temporaryFolder('stages');
  process.env.COSMICAI_STAGES = folder;
  try {
    return await work(folder);
  } finally {
    delete process.env.COSMICAI_STAGES;
  }
}

/** The options of a stage with that file. */
async function optionsOf(yaml: string): Promise<ReturnType<typeof stageOptions>> {
  return await inStages(async (folder) => {
    await writeFile(join(folder, 'own.yml'), yaml);
    return stageOptions('own');
  });
}

describe('what Lambda would refuse half-way', () => {
  it.each([
    ['inference: { memory: 12 }', 'inference.memory must be a whole number from 128 to 10240, not 12.'],
    ['summarize: { memory: 20000 }', 'summarize.memory must be a whole number from 128 to 10240, not 20000.'],
    ['init: { memory: 512.5 }', 'init.memory must be a whole number'],
    ['inference: { ephemeral_storage: 100 }', 'inference.ephemeral_storage must be a whole number from 512 to 10240'],
    ['inference: { reserved_concurrency: -3 }', 'inference.reserved_concurrency must be a whole number of at least 0'],
    ['inference: { architecture: x64 }', 'inference.architecture must be x86_64 or arm64, not "x64".'],
  ])('is refused as %s', async (yaml, why) => {
    await expect(optionsOf(yaml)).rejects.toThrow(why);
  });
});

describe('a file of a stage', () => {
  it.each([
    ['a: b: c', /own\.yml is not valid YAML: Nested mappings/],
    ['[1, 2]', /own\.yml must hold options by their names, not a list\.$/],
    ['just words', /own\.yml must hold options by their names, not a string\.$/],
  ])('is refused as %s', async (yaml, why) => {
    await expect(optionsOf(yaml)).rejects.toThrow(why);
  });
});

describe('a budget', () => {
  it.each([
    ['region: us-gov-west-1\nbudget: { monthly: 5 }', /no budgets in us-gov-west-1.*standard account/],
    ['budget: { monthly: -1 }', /budget\.monthly must be 0 or more, not -1/],
    ['budget: { monthly: 5, tell_at_percent: [] }', /one to five different whole numbers/],
    ['budget: { monthly: 5, tell_at_percent: [80, 80] }', /not \[80, 80\]/],
    ['budget: { monthly: 5, tell_at_percent: [0.5] }', /not \[0\.5\]/],
    ['budget: { monthly: 5, tell_at_percent: [1, 2, 3, 4, 5, 6] }', /one to five/],
  ])('is refused as %s', async (yaml, why) => {
    await expect(optionsOf(yaml)).rejects.toThrow(why);
  });

  it('is none where nobody asks for one, in every partition', async () => {
    expect((await optionsOf('region: us-gov-west-1')).budget.monthly).toBe(0);
    expect((await optionsOf('region: cn-north-1\nbudget: { monthly: 5, currency: CNY }')).budget.monthly).toBe(5);
  });
});

describe('a file of options', () => {
  it('that is written for a stage has them all, and changes nothing until one is chosen', async () => {
    await inStages(async (folder) => {
      const byDefault = stageOptions('survey');
      const file = await writeStageOptions('survey');
      expect(file).toBe(join(folder, 'survey.yml'));
      expect(stageOptions('survey')).toEqual(byDefault);
      const text = await readFile(file, 'utf8');
      for (const chosen of ['inference:', '  memory: 3008', "alarm_email: ''"])
        expect(text).toContain(`\n#${chosen}\n`);
      await writeFile(
        file,
        text.replace('\n#inference:', '\ninference:').replace('\n#  memory: 3008', '\n  memory: 1769'),
      );
      expect(stageOptions('survey').inference).toEqual({ ...byDefault.inference, memory: 1769 });
      // With all of them chosen they are the defaults.
      await writeFile(file, text.replace(/^#(?=\s*[a-z_]+:)/gm, ''));
      expect(stageOptions('survey')).toEqual(byDefault);
      await expect(writeStageOptions('survey')).rejects.toThrow(/is there already/);
      await expect(writeStageOptions('Survey')).rejects.toThrow(/2 to 16 lower-case letters/);
    });
  });

  it('is not needed for the stage of the stand-in, whose own is taken first', async () => {
    await inStages(async (folder) => {
      expect(stageOptions('local').deployment.method).toBe('direct');
      await writeFile(join(folder, 'local.yml'), 'region: eu-west-1\n');
      expect(stageOptions('local')).toMatchObject({ region: 'eu-west-1', deployment: { method: 'changesets' } });
    });
  });
});

describe('what a stage costs while nothing runs', () => {
  it('is told with what it is for', async () => {
    const own = restingCosts(await optionsOf(''));
    expect(own).toMatch(
      /^While nothing runs it costs 1\.40 USD a month \(alarms 0\.40, key of the alarms 1\.00\), and what is stored/,
    );
    expect(restingCosts(await optionsOf('encrypt_alarms: false\nregion: eu-west-1'))).toMatch(
      /costs 0\.40 USD a month, at the prices of us-east-1 \(alarms 0\.40\)/,
    );
  });

  it('has the server and what is kept warm', async () => {
    const { provisioned, rendezvous } = stageAtRest(
      await optionsOf(
        'inference: { provisioned_concurrency: 2, memory: 1024 }\nrendezvous: { enabled: true, cpu: 512, architecture: ARM64 }',
      ),
    );
    expect(provisioned).toEqual({ environments: 2, memoryMb: 1024, architecture: 'x86_64' });
    expect(rendezvous).toMatchObject({ vcpus: 0.5, architecture: 'arm64' });
    expect(pricesOf().at_rest).toBeDefined();
  });
});

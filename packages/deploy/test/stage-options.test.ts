import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../../test/stacks.ts';
import { stageOptions } from '../src/index.ts';

/** The options of a stage with that file. */
async function optionsOf(yaml: string): Promise<ReturnType<typeof stageOptions>> {
  const folder = await temporaryFolder('stages');
  await writeFile(join(folder, 'own.yml'), yaml);
  process.env.COSMICAI_STAGES = folder;
  try {
    return stageOptions('own');
  } finally {
    delete process.env.COSMICAI_STAGES;
  }
}

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

import { mkdirSync, writeFileSync } from 'node:fs';
import { printedJson, Workspace } from './support/workspace.ts';

const HEADER = 'z_spec,model_u,model_g,model_r,model_i,model_z,ext_u,ext_g,ext_r,ext_i,ext_z';
const ROW = '0.1,19.5,18.0,17.2,16.8,16.5,0.2,0.15,0.1,0.08,0.06';

let workspace: Workspace;
beforeAll(() => (workspace = new Workspace()));
afterAll(() => workspace.remove());

async function simulate(content: string, ...more: string[]) {
  writeFileSync(workspace.path('galaxies.csv'), content);
  return await workspace.cosmicai(['simulate', '--catalogue', 'galaxies.csv', '-n', '3', '-o', 'out', ...more]);
}

describe('cosmicai simulate --catalogue', () => {
  it('renders what CasJobs writes, without a word beside the files', async () => {
    const end = await simulate(
      ['#Table1', HEADER, ROW, ROW.replace('0.1', '0.2'), ROW.replace('0.1', '0.3')].join('\n'),
      '--json',
    );
    expect(end.code).toBe(0);
    expect(printedJson(end)).toMatchObject({
      files: [{ key: '1.pt', galaxies: 3 }],
      catalogue: { rows: 3, usable: 3, left_out_bad: 0, left_out_redshift: 0, repeated: 0 },
    });
    expect(end.stderr).not.toContain('galaxies.csv');
  });

  it('refuses a placeholder at its line, and leaves it out and counts it when asked', async () => {
    const content = [HEADER, ROW, ROW.replace('19.5', '-9999'), ROW, ROW.replace('0.1', '2.3')].join('\n');
    const refused = await simulate(content);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/galaxies.csv, line 3, column model_u: found "-9999".*--skip-bad/);
    const end = await simulate(content, '--skip-bad', '--json');
    expect(end.code).toBe(0);
    expect(printedJson(end)).toMatchObject({
      files: [{ galaxies: 3 }],
      catalogue: { rows: 4, usable: 2, left_out_bad: 1, left_out_redshift: 1, repeated: 1 },
    });
    for (const said of [
      /1 of 4 rows are left out for bad/,
      /line 5: z = 2.3/,
      /1 of 2 galaxies are the same/,
      /shown up to 2 times/,
    ])
      expect(end.stderr).toMatch(said);
  });

  it('takes names of columns, and refuses a folder, nothing there, and options without a catalogue', async () => {
    const named = await simulate([HEADER.replace('z_spec', 'specz'), ROW].join('\n'), '--columns', 'z_spec=specz');
    expect(named.code).toBe(0);
    mkdirSync(workspace.path('folder'));
    const wrong: [string[], RegExp][] = [
      [['--catalogue', 'nothing.csv'], /There is no file .*nothing.csv/],
      [['--catalogue', 'folder'], /is a folder/],
      [['--catalogue', 'galaxies.csv', '--columns', 'z_spec'], /Expected pairs such as/],
      [['--skip-bad'], /give --catalogue too/],
    ];
    for (const [args, message] of wrong) {
      const end = await workspace.cosmicai(['simulate', '-o', 'never', ...args]);
      expect(end.code).toBe(2);
      expect(end.stderr).toMatch(message);
      expect(end.stderr).not.toMatch(/^\s+at /m);
    }
    expect(workspace.exists('never')).toBe(false);
  });
});

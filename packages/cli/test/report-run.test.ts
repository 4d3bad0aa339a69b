import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BrokenOffError, type Outcome } from '@cosmicai/engine';
import type { Terminal } from '../src/output/terminal.ts';
import { reportExecution } from '../src/run/report-run.ts';

const folder = mkdtempSync(join(tmpdir(), 'cosmicai-report-run-'));
afterAll(() => rmSync(folder, { recursive: true }));

const silent = { write: () => undefined };
const terminal = { stdout: silent, stderr: silent } as unknown as Terminal;
const commands = { goOn: 'cosmicai run --resume here', follow: '', stop: '' };

it.each(['SUCCEEDED', 'FAILED'] as const)(
  'a run that %s and whose results are gone names how to go on',
  async (status) => {
    const outcome: Outcome = {
      execution: folder,
      directory: folder,
      status,
      output: null,
      events: [],
      reports: [],
      definition: {},
      place: { bucket: pathToFileURL(folder).href, resultPath: 'results', runId: 'gone' },
    };
    const error: unknown = await reportExecution(outcome, commands, {}, terminal).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BrokenOffError);
    expect(error).toMatchObject({ goOn: commands.goOn, message: expect.stringContaining('summary.json') as string });
  },
);

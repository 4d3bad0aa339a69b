import { billJson, costTable } from '../src/index.ts';
import { RANKS_ALONE } from '../src/bill.ts';
import { exampleReport } from './example-report.ts';

const REPORT = exampleReport();
const alone = { ...REPORT, costNote: RANKS_ALONE };

describe('the bill of a run', () => {
  it('has its lines, the day of its prices, and what it leaves out', () => {
    const { usd, items } = REPORT.cost!;
    expect(JSON.parse(billJson(REPORT)!)).toMatchObject({
      ...{ run_id: REPORT.runId, usd, items, note: REPORT.costNote },
      prices: { region: 'us-east-1', date: REPORT.prices!.date },
    });
    expect(costTable(REPORT).title).toBe('Bill');
  });

  it('is not what the ranks cost alone, which is called so', () => {
    expect(billJson(alone)).toBeUndefined();
    expect(costTable(alone).title).toBe('Cost of the ranks');
    expect(billJson({ ...REPORT, cost: null })).toBeUndefined();
  });
});

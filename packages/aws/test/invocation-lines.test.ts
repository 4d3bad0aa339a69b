import { namesOtherRun, withoutOtherRuns } from '../src/run/invocation-lines.ts';

let at = 0;
const line = (stream: string, message: string) => ({ at: at++, functionName: 'f', stream, message: `${message}\n` });
const says = (runId: string, message: string) => JSON.stringify({ run_id: runId, message });

/** What Lambda and a rank write in one invocation. */
const invocation = (stream: string, id: string, runId: string) => [
  line(stream, `START RequestId: ${id} Version: $LATEST`),
  line(stream, says(runId, 'rank begins')),
  line(stream, 'a line of a library'),
  line(stream, `END RequestId: ${id}`),
  line(stream, `REPORT RequestId: ${id}\tDuration: 1.00 ms`),
];

describe('lines of an execution', () => {
  it('are not those of invocations for another run, of which all goes, whatever the order of streams', () => {
    const mine = [line('a', 'INIT_START Runtime Version: nodejs'), ...invocation('a', '1', 'mine')];
    const other = invocation('a', '2', 'other');
    const besides = [line('b', 'INIT_START Runtime Version: nodejs'), ...invocation('b', '3', 'other')];
    // The end of the span cuts this one off.
    const cut = invocation('b', '4', 'other').slice(0, 2);
    const late = invocation('a', '5', 'mine');
    const all = [...mine, ...other, ...late, ...besides, ...cut];
    const woven = [
      mine[0]!,
      besides[0]!,
      besides[1]!,
      ...mine.slice(1),
      ...besides.slice(2),
      ...other,
      ...cut,
      ...late,
    ];
    for (const lines of [all, woven]) {
      const kept = withoutOtherRuns(lines, 'mine');
      expect(kept).toEqual(lines.filter((one) => mine.includes(one) || late.includes(one)));
      const of = (text: string) => kept.filter(({ message }) => message.includes(text)).length;
      expect(of('REPORT ')).toBe(of('rank begins'));
    }
  });

  it('stay where nothing tells whose they are', () => {
    const unnamed = [line('a', 'START RequestId: 1'), line('a', 'not JSON'), line('a', 'REPORT RequestId: 1')];
    const planning = [line('a', 'START RequestId: 2'), line('a', says('', 'no run yet'))];
    expect(withoutOtherRuns([...unnamed, ...planning], 'mine')).toEqual([...unnamed, ...planning]);
  });

  it('of Lambda’s JSON format are told apart likewise', () => {
    const record = (type: string) => line('a', JSON.stringify({ type: `platform.${type}`, record: {} }));
    const mine = [record('start'), line('a', says('mine', 'rank begins')), record('report')];
    const other = [record('start'), line('a', says('other', 'rank begins')), record('report')];
    expect(withoutOtherRuns([...mine, ...other], 'mine')).toEqual(mine);
  });

  it('one by one are judged by what they name themselves', () => {
    expect(
      [says('other', 'x'), says('mine', 'x'), '{}', 'no JSON'].map((message) => namesOtherRun({ message }, 'mine')),
    ).toEqual([true, false, false, false]);
  });
});

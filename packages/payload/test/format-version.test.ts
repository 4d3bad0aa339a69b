import { z } from 'zod';
import {
  executionRecordSchema,
  FORMAT,
  InvalidInputError,
  NewerFormatError,
  newerFormatOf,
  parseAs,
  parseEventLog,
  parseJsonAs,
  rankResultSchema,
  runRecordSchema,
  runSummarySchema,
  withFormat,
} from '../src/index.ts';

const execution = { events: [], definition: {} };
const newer = FORMAT + 1;

describe('the format of a file', () => {
  it('is the last key, once, whatever was told before', () => {
    expect(Object.entries(withFormat({ format: 1, a: 1 }))).toEqual([
      ['a', 1],
      ['format', FORMAT],
    ]);
  });

  it('may be absent, or any that is known', () => {
    expect(parseAs(executionRecordSchema, execution, 'e')).toEqual(execution);
    for (const format of [1, FORMAT]) {
      expect(parseAs(executionRecordSchema, { ...execution, format }, 'e')).toEqual({ ...execution, format });
    }
  });

  it.each(['2', 0, -1, 1.5, null, NaN])('%p is none', (format) => {
    const read = () => parseAs(executionRecordSchema, { ...execution, format }, 'e');
    expect(read).toThrow(InvalidInputError);
    expect(read).toThrow(/format: found .*; allowed: a format from 1 to/);
  });

  it.each([
    ['rank result', rankResultSchema],
    ['summary', runSummarySchema],
    ['run record', runRecordSchema],
    ['list of rank results', z.array(rankResultSchema)],
  ])('of a later version is told before anything that is wrong in the %s', (_name, schema) => {
    const value = schema instanceof z.ZodArray ? [{ format: newer }] : { format: newer };
    const read = () => parseJsonAs(schema, JSON.stringify(value), 'results/0.json');
    expect(read).toThrow(NewerFormatError);
    expect(read).toThrow(
      `results/0.json was written by a newer CosmicAI: format ${newer}; this one reads up to ${FORMAT}.`,
    );
  });

  it('of a later version is told by the first line of an event log', () => {
    const started = { id: 1, time: '2026-03-04T05:06:07.000Z', type: 'RunStarted', input: {}, format: newer };
    const log = `${JSON.stringify(started)}\n{"id":2,"type":"Unheard"}\n`;
    expect(() => parseEventLog(Buffer.from(log), 'events.jsonl')).toThrow(
      /^events.jsonl, line 1, was written by a newer CosmicAI/,
    );
  });

  it.each([
    [{ format: newer }, newer],
    [[{ format: 1 }, null, { format: newer }], newer],
    [{ format: FORMAT }, undefined],
    // Somebody else's field of that name.
    [{ format: 'csv' }, undefined],
    [{ format: 2.5 }, undefined],
    [null, undefined],
    ['text', undefined],
  ])('of %j is newer: %p', (value, expected) => {
    expect(newerFormatOf(value)).toBe(expected);
  });
});

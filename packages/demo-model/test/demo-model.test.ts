import { readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { demoModel } from '../src/index.ts';

const card = readFileSync(join(import.meta.dirname, '../../../docs/model-card.md'), 'utf8');

describe('the demo model', () => {
  it('lies where its path says, in the form that its card describes', () => {
    expect(isAbsolute(demoModel())).toBe(true);
    const [, megabytes] = /astromae-demo\.onnx: ([\d.]+) MB, weights in float16/.exec(card) ?? [];
    expect((statSync(demoModel()).size / 2 ** 20).toFixed(1)).toBe(megabytes);
  });

  it('has what it was trained on beside it', () => {
    const trained = readFileSync(join(dirname(demoModel()), 'astromae-demo.trained.json'), 'utf8');
    expect(JSON.parse(trained)).toHaveProperty('redshift');
  });
});

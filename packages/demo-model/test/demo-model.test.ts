import { readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { DEMO_PRECISIONS, demoModel } from '../src/index.ts';

const card = readFileSync(join(import.meta.dirname, '../../../docs/model-card.md'), 'utf8');

describe('the demo model', () => {
  it.each(DEMO_PRECISIONS)('lies where its path says in %s, in the form that its card describes', (precision) => {
    const path = demoModel(precision);
    expect(isAbsolute(path)).toBe(true);
    const name = precision === 'int8' ? 'astromae-demo-int8' : 'astromae-demo';
    const [, megabytes] = new RegExp(`demo-model/${name}\\.onnx: ([\\d.]+) MB`).exec(card) ?? [];
    expect((statSync(path).size / 2 ** 20).toFixed(1)).toBe(megabytes);
  });

  it('calculates in integers where nothing else is asked for', () => {
    expect(demoModel()).toBe(demoModel('int8'));
  });

  it('has what it was trained on beside it', () => {
    const trained = readFileSync(join(dirname(demoModel()), 'astromae-demo.trained.json'), 'utf8');
    expect(JSON.parse(trained)).toHaveProperty('redshift');
  });
});

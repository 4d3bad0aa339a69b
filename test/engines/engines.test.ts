import { demoModel } from '../../packages/demo-model/src/index.ts';
import { engineConformance } from '../../packages/engine/src/conformance.ts';
import { localEngine } from '../../packages/local/src/index.ts';
import { onThisMachine } from './support.ts';

const model = demoModel();

engineConformance('local', () => onThisMachine(model, (context) => localEngine(context, { concurrency: 2 })));

engineConformance('inline', async () => {
  Object.assign(process.env, {
    COSMICAI_MODEL: model,
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
  });
  const { inlineEngine } = await import('./inline-engine.ts');
  return onThisMachine(model, inlineEngine);
});

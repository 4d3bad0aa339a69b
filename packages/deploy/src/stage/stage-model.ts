import { join } from 'node:path';
import { demoModel } from '@cosmicai/demo-model';
import { root } from '../root.ts';

/**
 * @param model as a stage's `inference.model` names it
 * @returns path of the ONNX file, which need not be there; undefined: the stage names none
 */
export function stageModel(model: string): string | undefined {
  if (model === '') return undefined;
  if (model === 'demo') return demoModel();
  return model === 'demo-fp32' ? demoModel('fp32') : join(root, model);
}

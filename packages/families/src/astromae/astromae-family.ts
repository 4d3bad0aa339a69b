import { ASTROMAE_NETWORKS, compileCheckpoint, compiledPairs, holdsAstroMae, inspectModel } from '@cosmicai/astromae';
import type { ModelFamily } from '../family.ts';

/** AstroMAE and the networks that it is made of. */
export const astromae: ModelFamily = {
  name: 'AstroMAE',
  reads: 'torch.save (whole module or state dict) of AstroMAE or one of its parts',
  heeds: [
    ...(['heads', 'normEpsilon', 'prefix', 'fold', 'weightsType'] as const),
    ...(['bands', 'features', 'grid', 'sigma', 'image', 'truth'] as const),
  ],
  architectures: ASTROMAE_NETWORKS,
  recognises: holdsAstroMae,
  compile: compileCheckpoint,
  describe(model) {
    const report = inspectModel(model);
    return { pairs: compiledPairs(report), provenance: report.provenance, json: report };
  },
};

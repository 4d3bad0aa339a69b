import type { Pass } from '../graph/graph.ts';
import { attendWithoutKeyBias } from './attend-without-key-bias.ts';
import { clusterPointwisePcm } from './cluster-pointwise-pcm.ts';
import { foldAttentionScale } from './fold-attention-scale.ts';
import { foldBatchNorm } from './fold-batch-norm.ts';
import { fuseAttention } from './fuse-attention.ts';
import { fuseGelu } from './fuse-gelu.ts';
import { mergeIntoFusion } from './merge-into-fusion.ts';
import { mergeLinears } from './merge-linears.ts';
import { mergePointwise } from './merge-pointwise.ts';
import { poolBeforeLinear } from './pool-before-linear.ts';
import { poolBeforeStem } from './pool-before-stem.ts';
import { shiftByOnes } from './shift-by-ones.ts';
import { sumPositions } from './sum-positions.ts';

/** Every fold, in the order they are applied. */
export const FOLDS: readonly Pass[] = [
  foldBatchNorm,
  foldAttentionScale,
  sumPositions,
  poolBeforeStem,
  mergePointwise,
  clusterPointwisePcm,
  shiftByOnes,
  fuseAttention,
  attendWithoutKeyBias,
  fuseGelu,
  poolBeforeLinear,
  mergeLinears,
  mergeIntoFusion,
];

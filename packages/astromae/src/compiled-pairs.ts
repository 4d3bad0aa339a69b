import type { TrunkConfig } from './config.ts';
import type { ModelReport } from './inspect.ts';

type Pairs = readonly (readonly [name: string, value: string])[];

/** What is known of a model of this system's own compiler, before what any ONNX file tells. */
export function compiledPairs(report: ModelReport): Pairs {
  const { config, parameters, flops } = report;
  const trunk = config.encoder ?? config.transformer;
  const count = (value: number) => value.toLocaleString('en-US');
  return [
    [
      'Architecture',
      `${report.architecture}, ${config.bands} bands of ${config.imageSize} x ${config.imageSize} pixels`,
    ],
    ...(trunk ? trunkPairs(trunk) : []),
    [
      'Parameters',
      `${count(parameters.total)} (${Object.entries(parameters.byBranch)
        .filter(([, size]) => size > 0)
        .map(([branch, size]) => `${branch} ${count(size)}`)
        .join(', ')}); ${count(parameters.fineTuned)} fine-tuned`,
    ],
    [
      'Constants',
      `${count(report.constants)} in the file, weights ${report.weightsType}, ${report.folded ? 'folded' : 'not folded'}`,
    ],
    [
      'FLOP a sample',
      `${(flops.total / 1e6).toFixed(1)} M (Linear ${(flops.linear / 1e6).toFixed(1)}, convolution ${(flops.convolution / 1e6).toFixed(1)}, attention ${(flops.attention / 1e6).toFixed(1)})`,
    ],
  ];
}

function trunkPairs(trunk: TrunkConfig): Pairs {
  return [
    [
      'Encoder',
      `patch ${trunk.patchSize}, embedding ${trunk.embedding}, depth ${trunk.depth}, heads ${trunk.heads}, MLP ${trunk.mlpHidden}, attention bias ${trunk.attentionBias}`,
    ],
    ['PCM', trunk.pcm === null ? 'none: plain ViT blocks' : `kernel ${trunk.pcm.kernel}, groups ${trunk.pcm.groups}`],
  ];
}

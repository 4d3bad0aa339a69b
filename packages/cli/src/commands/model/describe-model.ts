import type { ModelReport } from '@cosmicai/astromae';
import { formatPairs } from '../../output/table.ts';

/** What `model inspect` prints. */
export function describeModel(report: ModelReport): string {
  const { config, parameters, flops } = report;
  const { encoder } = config;
  const count = (value: number) => value.toLocaleString('en-US');
  const ports = (list: ModelReport['inputs']) =>
    list.map((port) => `${port.name} [${port.shape.join(', ')}]`).join(', ');
  return formatPairs([
    [
      'Architecture',
      `${report.architecture}, ${config.bands} bands of ${config.imageSize} x ${config.imageSize} pixels`,
    ],
    [
      'Encoder',
      `patch ${encoder.patchSize}, embedding ${encoder.embedding}, depth ${encoder.depth}, heads ${encoder.heads}, MLP ${encoder.mlpHidden}, attention bias ${encoder.attentionBias}`,
    ],
    [
      'PCM',
      encoder.pcm === null ? 'none: plain ViT blocks' : `kernel ${encoder.pcm.kernel}, groups ${encoder.pcm.groups}`,
    ],
    [
      'Parameters',
      `${count(parameters.total)} (${Object.entries(parameters.byBranch)
        .map(([branch, size]) => `${branch} ${count(size)}`)
        .join(', ')}); ${count(parameters.fineTuned)} fine-tuned`,
    ],
    [
      'Constants',
      `${count(report.constants)} in the file, weights ${report.weightsType}, ${report.folded ? 'folded' : 'not folded'}`,
    ],
    ['File', `${(report.fileBytes / 2 ** 20).toFixed(2)} MB, sha-256 ${report.sha256}`],
    [
      'FLOP a sample',
      `${(flops.total / 1e6).toFixed(1)} M (Linear ${(flops.linear / 1e6).toFixed(1)}, convolution ${(flops.convolution / 1e6).toFixed(1)}, attention ${(flops.attention / 1e6).toFixed(1)})`,
    ],
    ['Inputs', ports(report.inputs)],
    ['Outputs', ports(report.outputs)],
    ...Object.entries(report.provenance).map(([name, value]) => [name, value] as const),
  ]);
}

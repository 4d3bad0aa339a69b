import type { NetworkConfig } from '../config.ts';
import type { StateDictHints } from './state-dict-config.ts';

interface AssumptionHints extends Pick<StateDictHints, 'normEpsilon'> {
  /** The entry of the file that says the number of heads; undefined: it was given. */
  readonly saidBy?: string | undefined;
}

/** All that tensors don't show of a network, in sentences: what was given, and what is as in the published code. */
export function stateDictAssumptions(config: NetworkConfig, hints: AssumptionHints): string[] {
  const { encoder, transformer, inception, magnitudes } = config;
  const trunk = encoder ?? transformer;
  return [
    ...(trunk
      ? [
          `${trunk.heads} attention heads as ${hints.saidBy === undefined ? 'given' : `${hints.saidBy} in the file says`}, so attention is scaled by ${trunk.attentionScale.toPrecision(6)}`,
          `LayerNorm epsilon ${trunk.normEpsilon} in the blocks, ${hints.normEpsilon === undefined ? 'the usual value' : 'as given'}`,
          `LayerNorm epsilon ${trunk.poolNormEpsilon} after pooling${inception ? ` and BatchNorm epsilon ${inception.batchNormEpsilon}` : ''}, ` +
            'the values of the published model',
          'exact GELU in the MLPs' +
            (trunk.pcm
              ? `, SiLU and BatchNorm epsilon ${trunk.pcm.batchNormEpsilon} in the PCM, which leaves out the class token`
              : ''),
          (transformer?.pool === 'class'
            ? 'the class token is what the head gets, after norm'
            : 'the mean of the patches without the class token is what the head gets, after fc_norm') +
            (transformer && config.answer === 'features' ? '; there is no head, so it is the answer' : ''),
        ]
      : inception
        ? [`BatchNorm epsilon ${inception.batchNormEpsilon}, the value of the published model`]
        : []),
    ...(inception
      ? [
          'ReLU after each convolution of an inception block and none after the first; average pools of 2 x 2 pixels after it and ' +
            `${poolPlaces(inception.blocks.map(({ poolAfter }) => poolAfter))}; a maximum of 3 x 3 pixels in the fourth branch`,
        ]
      : []),
    ...(inception && !trunk
      ? [`images of ${config.imageSize} x ${config.imageSize} pixels, which these pools make of them`]
      : []),
    ...(!trunk && !inception ? ['an image beside the magnitudes, which is not read'] : []),
    ...(transformer ? [] : ['ReLU between the Linear layers of branches and heads']),
    ...(transformer === undefined && [encoder, inception, magnitudes].filter(Boolean).length > 1
      ? [`features joined in the order ${joined(config)}`]
      : []),
    'Dropout, if any, does nothing',
    `${trunk ? 'patches side by side, ' : ''}${inception || trunk?.pcm ? 'convolutions that keep the size of their maps, ' : ''}and the rest as in the published code`,
  ];
}

function poolPlaces(pools: readonly boolean[]): string {
  const blocks = pools.flatMap((pool, index) => (pool ? [index + 1] : []));
  return blocks.length === 0 ? 'after no block' : `after the blocks ${blocks.join(', ')}`;
}

function joined({ encoder, inception, magnitudes }: NetworkConfig): string {
  return [encoder && 'encoder', inception && 'inception', magnitudes && 'magnitudes'].filter(Boolean).join(', ');
}

/** A head of several outputs has no trace of what they are. */
export function densityAssumption({ outputs = 1 }: NetworkConfig): string {
  return `a softmax over the ${outputs} outputs of the head, which makes them probabilities of bins`;
}

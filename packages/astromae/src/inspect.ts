import { createHash } from 'node:crypto';
import { networkName, type NetworkName } from './config.ts';
import { fromMetadata, type ModelDescription } from './file-metadata.ts';
import { countFlops, type FlopCount } from './graph/flops.ts';
import { elementCount, type Graph, type Port } from './graph/graph.ts';
import { decodeOnnx } from './onnx/decode.ts';
import { ModelFileError } from './onnx/errors.ts';
import { countParameters, type ParameterCounts } from './weights.ts';

export interface ModelReport extends ModelDescription {
  readonly architecture: NetworkName;
  /** Of the checkpoint, as PyTorch counts them. */
  readonly parameters: ParameterCounts;
  /** What the file stores: folding and merging leave fewer numbers than the checkpoint has parameters. */
  readonly constants: number;
  readonly fileBytes: number;
  /** Of the graph in the file, one sample. */
  readonly flops: FlopCount;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Nodes by operator. */
  readonly operators: Readonly<Record<string, number>>;
  /** Of the whole file, hexadecimal. */
  readonly sha256: string;
}

/**
 * All a compiled file says of itself.
 *
 * @throws ModelFileError when it is not a file of this compiler
 */
export function inspectModel(bytes: Uint8Array): ModelReport {
  const { graph, metadata } = decodeOnnx(bytes);
  const description = fromMetadata(metadata);
  const operators: Record<string, number> = {};
  for (const { op } of graph.nodes) operators[op] = (operators[op] ?? 0) + 1;
  return {
    architecture: networkName(description.config),
    ...description,
    parameters: countParameters(description.config),
    constants: [...graph.constants.values()].reduce((sum, { dims }) => sum + elementCount(dims), 0),
    fileBytes: bytes.byteLength,
    flops: flopsOf(graph),
    inputs: graph.inputs,
    outputs: graph.outputs,
    operators,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
}

function flopsOf(graph: Graph): FlopCount {
  try {
    return countFlops(graph);
  } catch (error) {
    throw new ModelFileError(`The model's graph is not as it was compiled (${String(error)})`, { cause: error });
  }
}

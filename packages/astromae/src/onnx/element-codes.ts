import { TensorProto_DataType } from 'onnx-buf';
import type { ElementType } from '../graph/graph.ts';

export const ELEMENT_CODES: Readonly<Record<ElementType, TensorProto_DataType>> = {
  float32: TensorProto_DataType.FLOAT,
  float16: TensorProto_DataType.FLOAT16,
  int64: TensorProto_DataType.INT64,
};

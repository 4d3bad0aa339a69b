import { pathAt } from '@cosmicai/store';
import type { StartRequest } from './engine.ts';

/** A model by its address in a store is the payload's own, which each rank fetches; others are files of this machine. */
export function withModelInStore<Request extends Pick<StartRequest, 'fields' | 'model'>>(
  request: Request,
): Request & Pick<Required<StartRequest>, 'fields' | 'model'> {
  const { fields = {}, model } = request;
  if (model?.includes('://') !== true || pathAt(model) !== undefined) return { ...request, fields, model };
  const { model_sha256: _ofAnother, ...rest } = fields;
  return { ...request, fields: { ...rest, model }, model: undefined };
}

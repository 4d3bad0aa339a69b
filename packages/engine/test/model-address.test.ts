import { withModelInStore } from '../src/index.ts';

const fields = { bucket: 'galaxies', model_sha256: 'of the one before' };

it('a model by its address becomes the one that the payload names, whatever that was planned with', () => {
  const model = 's3://models/ours.onnx';
  expect(withModelInStore({ fields, model })).toEqual({ fields: { bucket: 'galaxies', model }, model: undefined });
});

it.each(['ours.onnx', '/models/ours.onnx', 'file:///models/ours.onnx', undefined])(
  'a model of this machine, or none, is no affair of the payload: %s',
  (model) => {
    expect(withModelInStore({ fields, model })).toEqual({ fields, model });
  },
);

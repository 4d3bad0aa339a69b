import { torchFile } from '../torch-files.ts';
import {
  COUNT,
  PIXELS,
  IMAGES,
  MAGNITUDES,
  REDSHIFT,
  wave,
  filled,
  put,
  made,
  tensor,
  images,
  right,
  refused,
  kind,
  type BadFolder,
} from './making.ts';

/** Values: every one is read as it is; what is wrong with a galaxy is flagged, not the file refused. */
export const VALUES: readonly BadFolder[] = [
  kind('pixels not a number', right, images(filled(COUNT * PIXELS, NaN))),
  kind('infinite pixels', right, images(filled(COUNT * PIXELS, -Infinity))),
  kind('images all zero', right, images(filled(COUNT * PIXELS, 0))),
  kind('constant images', right, images(filled(COUNT * PIXELS, 7))),
  kind('negative images', right, images(wave(COUNT * PIXELS, -9))),
  kind('magnitudes of -9999', right, made({ data: [wave(COUNT * PIXELS, 2), filled(COUNT * 5, -9999)] })),
  kind('magnitudes not a number', right, made({ data: [wave(COUNT * PIXELS, 2), filled(COUNT * 5, NaN)] })),
  kind('redshifts of 99', right, made({ data: [wave(COUNT * PIXELS), wave(30, 18), filled(COUNT, 99)] })),
  kind('redshifts not a number', right, made({ data: [wave(COUNT * PIXELS), wave(30, 18), filled(COUNT, NaN)] })),
];

export const SHAPES: readonly BadFolder[] = [
  kind(
    'no galaxies',
    { samples: 0 },
    made({
      tensors: [tensor('float32', 0, 5, 32, 32), tensor('float32', 0, 5), tensor('float32', 0)],
      data: [filled(0, 0), filled(0, 0), filled(0, 0)],
    }),
  ),
  kind('redshifts as a column', right, made({ tensors: [IMAGES, MAGNITUDES, tensor('float32', COUNT, 1)] })),
  kind(
    'half precision',
    right,
    made({ tensors: [tensor('float16', COUNT, 5, 32, 32)], data: [new Uint16Array(COUNT * PIXELS)] }),
  ),
  kind(
    'images of 64 x 64',
    right,
    made({ tensors: [tensor('float32', COUNT, 5, 64, 64)], data: [wave(COUNT * PIXELS * 4)] }),
  ),
  kind('one image for all', right, made({ tensors: [{ ...IMAGES, strides: [0, 1024, 32, 1] }], data: [wave(PIXELS)] })),
  kind(
    'every second image of a storage',
    right,
    made({ tensors: [{ ...IMAGES, strides: [2 * PIXELS, 1024, 32, 1] }], data: [wave(2 * COUNT * PIXELS)] }),
  ),
  kind(
    'whole-number images',
    refused(/found int32/),
    made({ tensors: [tensor('int32', COUNT, 5, 32, 32)], data: [new Int32Array(COUNT * PIXELS)] }),
  ),
  kind(
    'whole-number redshifts',
    refused(/found .*int64/),
    made({
      tensors: [IMAGES, MAGNITUDES, tensor('int64', COUNT)],
      data: [wave(COUNT * PIXELS), wave(30), new BigInt64Array(COUNT)],
    }),
  ),
  kind('three bands', refused(/float32 \[6,3,32,32\]/), made({ tensors: [tensor('float32', COUNT, 3, 32, 32)] })),
  kind('images of 31 x 31', refused(/at least 32 x 32/), made({ tensors: [tensor('float32', COUNT, 5, 31, 31)] })),
  kind('images that are not square', refused(/square/), made({ tensors: [tensor('float32', COUNT, 5, 32, 16)] })),
  kind(
    'images without bands',
    refused(/found float32 \[6,32,32\]/),
    made({ tensors: [tensor('float32', COUNT, 32, 32)] }),
  ),
  kind('four magnitudes', refused(/float32 \[6,4\]/), made({ tensors: [IMAGES, tensor('float32', COUNT, 4)] })),
  kind(
    'more images than redshifts',
    refused(/float32 \[5\]/),
    made({ tensors: [IMAGES, MAGNITUDES, tensor('float32', 5)] }),
  ),
  kind(
    'pixels sample by sample last',
    refused(/don't lie sample by sample.*contiguous/),
    made({ tensors: [{ ...IMAGES, strides: [1, 6144, 192, 6] }] }),
  ),
  kind(
    'a tensor too many',
    refused(/found float32.*, float32.*, float32.*, float32/),
    made({
      tensors: [IMAGES, MAGNITUDES, REDSHIFT, REDSHIFT],
      data: [wave(COUNT * PIXELS), wave(30), wave(COUNT), wave(COUNT)],
    }),
  ),
  kind(
    'a TensorDataset of two',
    refused(/expected TensorDataset/),
    put(() => torchFile([IMAGES, REDSHIFT], { 0: wave(COUNT * PIXELS), 1: wave(COUNT) })),
  ),
  kind('a list of tensors', refused(/expected TensorDataset/), made({ wrapping: 'list' })),
  kind('a state dict', refused(/expected TensorDataset/), made({ wrapping: 'dict' })),
  kind('a tensor larger than its storage', refused(/in a storage of 12 elements/), made({ data: [wave(12)] })),
];

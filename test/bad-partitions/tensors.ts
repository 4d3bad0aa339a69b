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
    right,
    made({ tensors: [tensor('int32', COUNT, 5, 32, 32)], data: [new Int32Array(COUNT * PIXELS)] }),
  ),
  kind(
    'whole-number redshifts',
    refused(/2 \(int64\) is of whole numbers/),
    made({
      tensors: [IMAGES, MAGNITUDES, tensor('int64', COUNT)],
      data: [wave(COUNT * PIXELS), wave(30), new BigInt64Array(COUNT)],
    }),
  ),
  kind(
    'three bands',
    refused(/float32 \[3, 32, 32\].*it has 3 channels/),
    made({ tensors: [tensor('float32', COUNT, 3, 32, 32)] }),
  ),
  kind(
    'images of 31 x 31',
    refused(/smaller, 31 pixels wide/),
    made({ tensors: [tensor('float32', COUNT, 5, 31, 31)] }),
  ),
  kind('images that are not square', refused(/square/), made({ tensors: [tensor('float32', COUNT, 5, 32, 16)] })),
  kind(
    'images without bands',
    refused(/float32 \[32, 32\].*it has 1 channel\./),
    made({ tensors: [tensor('float32', COUNT, 32, 32)] }),
  ),
  kind(
    'four magnitudes',
    refused(/1 \(float32 \[4\]\) is not what the model takes, the magnitudes, \[5\]/),
    made({ tensors: [IMAGES, tensor('float32', COUNT, 4)] }),
  ),
  kind(
    'more images than redshifts',
    refused(/a row for each galaxy; found shapes .*, \[5\]/),
    made({ tensors: [IMAGES, MAGNITUDES, tensor('float32', 5)] }),
  ),
  kind(
    'pixels sample by sample last',
    refused(/don't lie sample by sample.*contiguous/),
    made({ tensors: [{ ...IMAGES, strides: [1, 6144, 192, 6] }] }),
  ),
  kind(
    'a tensor too many',
    refused(/found 4\. .*--columns images,magnitudes,redshift,-/),
    made({
      tensors: [IMAGES, MAGNITUDES, REDSHIFT, REDSHIFT],
      data: [wave(COUNT * PIXELS), wave(30), wave(COUNT), wave(COUNT)],
    }),
  ),
  kind(
    'a TensorDataset of two',
    refused(/1 \(float32\) is not what the model takes, the magnitudes/),
    put(() => torchFile([IMAGES, REDSHIFT], { 0: wave(COUNT * PIXELS), 1: wave(COUNT) })),
  ),
  kind('a list of tensors', right, made({ wrapping: 'list' })),
  kind(
    'a state dict',
    refused(/no column is mag_u.*--columns image=layer0.weight,magnitudes=layer1.weight/),
    made({ wrapping: 'dict' }),
  ),
  kind('a tensor larger than its storage', refused(/in a storage of 12 elements/), made({ data: [wave(12)] })),
];

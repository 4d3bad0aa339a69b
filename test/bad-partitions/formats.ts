import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { golden, put, given, refused, kind, partition, type BadFolder } from './making.ts';

export const FORMATS: readonly BadFolder[] = [
  kind('a dict of torch before 1.6', refused(/no column is the image.*a \(float32\)/), (folder) =>
    copyFile(golden('legacy.pt'), join(folder, '1.pt')),
  ),
  kind('TorchScript', refused(/TorchScript/), (folder) => copyFile(golden('torchscript.pt'), join(folder, '1.pt'))),
  kind('a whole module', refused(/expected TensorDataset/), (folder) =>
    copyFile(golden('module.pt'), join(folder, '1.pt')),
  ),
  kind('a bare pickle', refused(/bare pickle/), given(Buffer.from('80049503000000000000004e2e', 'hex'))),
  kind('an HTML page', refused(/HTML page/), given('<!DOCTYPE html>\n<html><body>Sign in</body></html>\n')),
  kind(
    'a store’s error',
    refused(/XML document/),
    given('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'),
  ),
  kind(
    'a Git LFS pointer',
    refused(/pointer of Git LFS/),
    given(`version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12\n`),
  ),
  kind(
    'gzip',
    refused(/gzip/),
    put(async () => gzipSync(await partition())),
  ),
  kind('FITS', refused(/the header of HDU 0 ends/), given(`SIMPLE  =                    T${' '.repeat(2850)}`)),
  kind(
    'HDF5',
    refused(/this HDF5 file can’t be read/),
    given(Buffer.from('\x89HDF\r\n\x1a\n' + '\0'.repeat(500), 'latin1')),
  ),
  kind('a NumPy array', refused(/NumPy array/), given(Buffer.from('\x93NUMPY\x01\0v\0{}', 'latin1'))),
  kind(
    'npz',
    refused(/archive\/zspe is no array of NumPy/),
    put(async () =>
      Buffer.from((await partition()).toString('latin1').replaceAll('archive/data.pkl', 'archive/zspe.npy'), 'latin1'),
    ),
  ),
  kind(
    'another zip',
    refused(/a zip, but not of torch\.save/),
    put(async () =>
      Buffer.from((await partition()).toString('latin1').replaceAll('archive/data.pkl', 'archive/word.xml'), 'latin1'),
    ),
  ),
  kind('Parquet', refused(/Parquet file/), given('PAR1....PAR1')),
  kind('CSV', refused(/no torch.* file: expected a zip/), given('ra,dec,z\n1,2,0.1\n')),
  kind('JSON', refused(/this is JSON/), given('{"redshift": [0.1]}')),
];

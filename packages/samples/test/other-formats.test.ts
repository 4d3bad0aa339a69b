import { bufferSource } from '@cosmicai/store';
import { openSamples, UnknownFormatError } from '../src/index.ts';

it.each([
  ['\x89PNG\r\n\x1a\n', 'a picture'],
  ['\xff\xd8\xff\xe0', 'a picture'],
  ['GIF89a', 'a picture'],
  ['II*\0\x08\0\0\0', 'a TIFF picture'],
  ['ARROW1\0\0', 'an Arrow (Feather) file'],
  ['CDF\x01', 'a NetCDF file of version 3'],
  ['#ASDF 1.0.0\n', 'an ASDF file'],
  ['SQLite format 3\0', 'an SQLite database'],
  ['MATLAB 5.0 MAT-file', 'a file of MATLAB'],
  ['Obj\x01', 'an Avro file'],
  ['%PDF-1.7', 'a PDF document'],
  ['# %ECSV 1.0\n', 'a table (ECSV) without images'],
  ['\x1f\x8b\x08', 'compressed with gzip'],
  ['BZh9', 'compressed with bzip2'],
  ['\x28\xb5\x2f\xfd', 'compressed with bzip2, xz, zstd'],
  ['7z\xbc\xaf\x27\x1c', 'an archive of 7-Zip or RAR'],
  [
    'version https://git-lfs.github.com/spec/v1\n',
    'a pointer of Git LFS, not the file itself; fetch the file with: git lfs pull',
  ],
  ['<!DOCTYPE html>', 'an HTML page; the copy went wrong'],
  ['<html><head>', 'an HTML page'],
  ['<?xml version="1.0"?><Error>', 'an XML document, perhaps the error of a store'],
  ['{"redshift": 1}', 'JSON; save its arrays with numpy.savez'],
  ['\x80\x04\x95', 'a bare pickle, which would be executed to read it'],
  ['PK\x05\x06' + '\0'.repeat(18), 'an empty zip'],
  ['\0'.repeat(64), 'begins with zeros'],
])('names %j', async (head, message) => {
  const opening = openSamples(bufferSource('a.pt', Buffer.from(head, 'latin1')));
  await expect(opening).rejects.toBeInstanceOf(UnknownFormatError);
  await expect(opening).rejects.toThrow(message);
  await expect(opening).rejects.toThrow(/^a\.pt, byte 0: this (is|begins)/);
});

it('tar archives and TorchScript are told from what is read', async () => {
  const tar = Buffer.alloc(1024);
  tar.write('ustar', 257);
  await expect(openSamples(bufferSource('a.pt', tar))).rejects.toThrow('a tar archive');
});

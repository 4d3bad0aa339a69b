import { AccessDeniedError, StoreEnvironmentError, StoreError } from '../src/index.ts';
import { fileError } from '../src/file/file-errors.ts';

describe('errors of the file system', () => {
  it.each([
    ['ENOSPC', StoreEnvironmentError, 'the disk is full (ENOSPC). Free some space.'],
    ['EDQUOT', StoreEnvironmentError, 'the disk quota is used up (EDQUOT). Free some space.'],
    [
      'EFBIG',
      StoreEnvironmentError,
      'the file would be larger than files may be (EFBIG). Raise the limit (ulimit -f).',
    ],
    ['EMFILE', StoreEnvironmentError, 'too many files are open (EMFILE). Raise the limit (ulimit -n).'],
    ['EROFS', AccessDeniedError, 'the file system can only be read (EROFS). Name another place.'],
    ['EACCES', AccessDeniedError, 'no permission (EACCES). Check the owner and mode, or name another place.'],
    ['EIO', StoreError, 'EIO: i/o error, write'],
  ])('%s', (code, type, why) => {
    const cause = Object.assign(new Error(`${code}: i/o error, write`), { code });
    const error = fileError('file:///data', 'write "k"', cause);
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ message: `Could not write "k" in /data: ${why}`, cause });
  });
});

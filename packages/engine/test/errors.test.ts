import { messageOf } from '../src/index.ts';

it('errors of the system are told without a stack', () => {
  const error = Object.assign(new Error('ENOSPC: no space left on device, write'), {
    code: 'ENOSPC',
    syscall: 'write',
  });
  expect(messageOf(error)).toBe(
    'The system refuses: ENOSPC: no space left on device, write. The disk is full (ENOSPC). Free some space.',
  );
});

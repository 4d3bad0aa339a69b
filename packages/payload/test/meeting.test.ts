import { meetingText, parseMeeting } from '../src/index.ts';

const runKey = Buffer.from('00ff17', 'hex');

it('is read back with the place to meet at, and without', () => {
  for (const endpoint of ['203.0.113.7:10000', '[2001:db8::1]:10000', undefined])
    expect(parseMeeting(meetingText({ runKey, ...(endpoint !== undefined && { endpoint }) }))).toEqual({
      runKey,
      endpoint,
    });
});

it('gives readers of earlier versions the key', () => {
  expect(Buffer.from(meetingText({ runKey, endpoint: '203.0.113.7:10000' }), 'hex')).toEqual(runKey);
});

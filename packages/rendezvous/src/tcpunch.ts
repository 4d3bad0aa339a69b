export { meetV1, type MeetV1Options } from './client/meet-v1.ts';

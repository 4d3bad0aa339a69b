import { failures } from './support/failures.ts';
import { directWorld, memoryWorld } from './support/worlds.ts';

failures('memory channel', memoryWorld, { noticesCuts: true, deadlineMs: 300 });
failures('direct channel', directWorld, { noticesCuts: true, deadlineMs: 1000 });

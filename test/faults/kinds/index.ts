import type { Kind } from '../schedule.ts';
import { atOnceKinds } from './at-once.ts';
import { clockKinds } from './clocks.ts';
import { diskKinds } from './disks.ts';
import { inputKinds } from './inputs.ts';
import { killKinds } from './kill.ts';
import { resultKinds } from './results.ts';
import { s3AnswerKinds } from './s3-answers.ts';
import { s3AtOnceKinds } from './s3-at-once.ts';
import { s3KillKinds } from './s3-kill.ts';
import { s3ObjectKinds } from './s3-objects.ts';
import { signalKinds } from './signals.ts';
import { stopKinds } from './stops.ts';
import { twiceKinds } from './twice.ts';

/** Every kind of fault that the laboratory knows. */
export const KINDS: readonly Kind[] = [
  ...killKinds,
  ...stopKinds,
  ...signalKinds,
  ...diskKinds,
  ...inputKinds,
  ...resultKinds,
  ...clockKinds,
  ...atOnceKinds,
  ...twiceKinds,
  ...s3AnswerKinds,
  ...s3KillKinds,
  ...s3ObjectKinds,
  ...s3AtOnceKinds,
];

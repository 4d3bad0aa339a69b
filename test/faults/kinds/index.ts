import type { Kind } from '../schedule.ts';
import { killKinds } from './kill.ts';
import { s3AnswerKinds } from './s3-answers.ts';
import { s3AtOnceKinds } from './s3-at-once.ts';
import { s3KillKinds } from './s3-kill.ts';
import { s3ObjectKinds } from './s3-objects.ts';

/** Every kind of fault that the laboratory knows. */
export const KINDS: readonly Kind[] = [
  ...killKinds,
  ...s3AnswerKinds,
  ...s3KillKinds,
  ...s3ObjectKinds,
  ...s3AtOnceKinds,
];

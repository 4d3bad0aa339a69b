import type { Kind } from '../schedule.ts';
import { killKinds } from './kill.ts';

/** Every kind of fault that the laboratory knows. */
export const KINDS: readonly Kind[] = [...killKinds];

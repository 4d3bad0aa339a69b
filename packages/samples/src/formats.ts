import type { SampleFormat } from './format.ts';
import { fits } from './fits/fits-format.ts';
import { torch } from './torch/torch-format.ts';

/** Every format that samples are read from. */
export const FORMATS: readonly SampleFormat[] = [torch, fits];

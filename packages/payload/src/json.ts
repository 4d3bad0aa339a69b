import { z } from 'zod';

/** Any JSON value, as states pass it to each other. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** A value of a document that was parsed as JSON, and so is JSON: it must only be there. */
export const jsonValue = z.custom<Json>((value) => value !== undefined, { error: 'a JSON value' });

import { z } from 'zod';

const rank = z.number().int().min(0);
const u32 = z.number().int().min(0).max(0xffff_ffff);

/** Why a world ended. */
export const noticeSchema = z.object({
  kind: z.enum(['lost', 'mismatch']),
  ranks: z.array(rank).min(1),
  reason: z.string(),
});

const statusSchema = z.object({
  active: z.array(z.object({ context: u32, sequence: u32, signature: u32, waitingOn: z.array(rank) })),
});

/** A sign of life of a rank that waits: the number grows as long as it lives. */
export const beatSchema = z.object({ beat: z.number().int(), status: statusSchema });

/** What a rank is asked: what it is doing, or to pass the question on along the path. */
export const enquirySchema = z.object({ id: u32, path: z.array(rank) });

export const answerSchema = z.object({ id: u32, status: statusSchema.optional() });

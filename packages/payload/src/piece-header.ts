import { z } from 'zod';

const count = z.number().int().nonnegative();

/** What a piece of a rank's predictions says of itself, before the answers for its segments, one after the other. */
export const pieceHeaderSchema = z.object({
  piece_format: z.literal(1),
  /** SHA-256 of what answers depend on besides the partitions: the model, and how galaxies are put into its batches. */
  made_by: z.string(),
  /** Whether its attempt ended with it, because its time did. */
  left_off: z.boolean(),
  /** Milliseconds of reading and inference since the attempt's piece before. */
  spent_ms: z.number().nonnegative(),
  segments: z.array(
    z.object({
      /** Place in DATA_PATH, and the version that was read. */
      place: count,
      size: count,
      etag: z.string(),
      /** First galaxy. */
      from: count,
      /** Numbers in the answers, as many for each galaxy. */
      count,
    }),
  ),
});
export type PieceHeader = Readonly<z.output<typeof pieceHeaderSchema>>;

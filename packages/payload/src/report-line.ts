import { z } from 'zod';

/** What Lambda says of one invocation when it ends. Absent fields were not in the line. */
export const reportLineSchema = z.object({
  requestId: z.string(),
  durationMs: z.number(),
  /** Rounded up to the millisecond; includes the init phase since August 2025. */
  billedDurationMs: z.number(),
  memorySizeMb: z.number(),
  maxMemoryUsedMb: z.number(),
  /** Only on a cold start. */
  initDurationMs: z.number().exactOptional(),
  /** Only on a start from a SnapStart snapshot. */
  restoreDurationMs: z.number().exactOptional(),
  billedRestoreDurationMs: z.number().exactOptional(),
  /** `success`, `error`, `timeout`, `failure`; text lines have it only where something went wrong. */
  status: z.string().exactOptional(),
  errorType: z.string().exactOptional(),
  trace: z
    .object({
      traceId: z.string(),
      segmentId: z.string().exactOptional(),
      sampled: z.boolean().exactOptional(),
    })
    .readonly()
    .exactOptional(),
});
export type ReportLine = Readonly<z.output<typeof reportLineSchema>>;

/** The report of one invocation, with the function it belongs to. */
export const functionReportSchema = reportLineSchema.extend({ functionName: z.string() });
export type FunctionReport = Readonly<z.output<typeof functionReportSchema>>;

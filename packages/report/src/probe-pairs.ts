import type { Probe } from '@cosmicai/bench/probe';
import { DEFAULT_AWS_LIMITS, LAMBDA_COLD_START_FACTOR, sessionsOn, type Calibration } from '@cosmicai/quote';
import { formatNumber, formatSeconds } from './format.ts';

/** The probe and how it is carried over to functions of Lambda: name and value, for the terminal. */
export function describeProbe(
  probe: Probe,
  calibration: Calibration,
  memoryMb: number,
): (readonly [name: string, value: string])[] {
  const { samplesPerSecond, vcpus, coldStartSeconds, memory } = calibration;
  const { memoryMbPerVcpu, s3BytesPerSecond } = DEFAULT_AWS_LIMITS;
  const data = probe.data === null ? 'simulated galaxies' : `galaxies of ${probe.data}`;
  const read = probe.readBytesPerSecond;
  const perVcpu = samplesPerSecond / vcpus;
  const given = memoryMb / memoryMbPerVcpu;
  const sessions = sessionsOn(memoryMb);
  const figure = (value: number) => formatNumber(value, 3);
  return [
    ['Probe', `${formatNumber(probe.galaxies)} ${data} at batch size ${probe.batchSize}, one process, one thread`],
    ['Machine', probe.machine],
    [
      'Start',
      `${formatSeconds(probe.startSeconds)} to the handler, ${formatSeconds(probe.modelLoadSeconds)} to load the model`,
    ],
    ['Rate', `${figure(samplesPerSecond)} galaxies/s by the clock, ${formatNumber(vcpus, 2)} cores busy`],
    ['Reading', read === null ? 'none: the galaxies were simulated' : `${figure(read / 2 ** 20)} MB/s to this machine`],
    ['Memory', `${figure(memory.baseMb)} MB at most, with one session`],
    [
      'On Lambda',
      `a vCPU counts as a busy core here: ${figure(perVcpu)} galaxies/s; a rank of ${memoryMb} MB has ${figure(given)}: ${figure(perVcpu * given)} galaxies/s`,
    ],
    ['', `a cold start counts as ${LAMBDA_COLD_START_FACTOR} starts here: ${formatSeconds(coldStartSeconds)}`],
    ['', `partitions come from S3 at ${figure(s3BytesPerSecond / 2 ** 20)} MB/s, however fast they came here`],
    [
      '',
      `${sessions} sessions, one for each core that a rank is given: ${figure(memory.mbPerSession)} MB more for each but the first`,
    ],
  ];
}

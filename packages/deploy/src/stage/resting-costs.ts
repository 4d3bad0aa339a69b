import { costsAtRest, pricesFor, type StageAtRest } from '@cosmicai/metrics';
import { rendezvousSize } from './rendezvous-size.ts';
import type { StageOptions } from './stage-options.ts';

/** Alarms of every stage, and the one that watches the rendezvous server. */
const ALARMS = 4;
const SERVER_ALARMS = 1;

/** What of a stage's stacks is charged for while nothing runs. */
export function stageAtRest(options: StageOptions): StageAtRest {
  const { rendezvous, inference, encrypt_alarms } = options;
  return {
    alarms: ALARMS + (rendezvous.enabled ? SERVER_ALARMS : 0),
    alarmKey: encrypt_alarms,
    provisioned: {
      environments: inference.provisioned_concurrency,
      memoryMb: inference.memory,
      architecture: inference.architecture,
    },
    rendezvous: rendezvousSize(options),
  };
}

/** What a stage costs a month while nothing runs, in a sentence; undefined where no prices are known. */
export function restingCosts(options: StageOptions): string | undefined {
  const { prices, warning } = pricesFor(options.region);
  const lines = costsAtRest(stageAtRest(options), prices);
  if (lines === undefined) return undefined;
  const sum = lines.reduce((usd, line) => usd + line.usd, 0);
  const each = lines.map(({ what, usd }) => `${what} ${usd.toFixed(2)}`).join(', ');
  const at = warning === undefined ? '' : `, at the prices of ${prices.region}`;
  return `While nothing runs it costs ${sum.toFixed(2)} USD a month${at} (${each}), and what is stored (docs/costs.md).`;
}

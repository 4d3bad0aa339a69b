import { withFormat } from '@cosmicai/payload';
import { sha256Of } from './sha256.ts';

const ZEROS = '0'.repeat(64);
const SEAL = /("seal": ")([0-9a-f]{64})(")/;

/** The text of a JSON object with its own SHA-256 under `seal`, so that a change of any byte of it shows. */
export function sealedText(value: object): string {
  const text = `${JSON.stringify(withFormat({ ...value, seal: ZEROS }), null, 1)}\n`;
  return text.replace(SEAL, `$1${sha256Of(text)}$3`);
}

/** Whether a text has a seal that isn't right; those of earlier versions may have none. */
export function isSealBroken(text: string): boolean {
  return SEAL.test(text) && !isSealed(text);
}

/** Whether a text is as it was when it was sealed. */
export function isSealed(text: string): boolean {
  const seal = SEAL.exec(text)?.[2];
  return seal !== undefined && sha256Of(text.replace(SEAL, `$1${ZEROS}$3`)) === seal;
}

import { withFormat } from '@cosmicai/payload';
import { sha256Of } from '@cosmicai/store';

const ZEROS = '0'.repeat(64);
const SEAL = /("seal": ")([0-9a-f]{64})(")/;

/** The text of a JSON object with its own SHA-256 under `seal`, so that a change of any byte of it shows. */
export function sealedText(value: object): string {
  const text = `${JSON.stringify(withFormat({ ...value, seal: ZEROS }), null, 1)}\n`;
  return text.replace(SEAL, `$1${sha256Of(text)}$3`);
}

/** Whether a text is as it was when it was sealed. */
export function isSealed(text: string): boolean {
  const seal = SEAL.exec(text)?.[2];
  return seal !== undefined && sha256Of(text.replace(SEAL, `$1${ZEROS}$3`)) === seal;
}

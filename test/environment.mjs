import '../packages/payload/src/no-telemetry.ts';
import { TestEnvironment } from 'jest-environment-node';

/**
 * Node's environment with the outer realm's typed arrays: native modules (onnxruntime-node) check `instanceof` against
 * those, and jest would otherwise hand tests a second set.
 */
export default class NativeTypedArrayEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    for (const name of [
      'ArrayBuffer',
      'SharedArrayBuffer',
      'DataView',
      'Uint8Array',
      'Int8Array',
      'Uint16Array',
      'Int16Array',
      'Uint32Array',
      'Int32Array',
      'Float32Array',
      'Float64Array',
      'BigInt64Array',
      'BigUint64Array',
      'Uint8ClampedArray',
    ]) {
      this.global[name] = globalThis[name];
    }
  }
}

import variables from './no-telemetry.json' with { type: 'json' };

/**
 * Environment variables that stop native libraries from reporting to their makers. onnxruntime 1.30 otherwise sends a device
 * id and the metadata of every model, and keeps them in the home folder until it has a network. It asks once, when it is loaded.
 */
export const NO_TELEMETRY: Readonly<Record<string, string>> = variables;

// Imported for this, ahead of the library, in a process's main thread: only there does process.env reach native code. A
// worker thread has a copy of its own, so what starts a worker that loads the library imports this too.
Object.assign(process.env, NO_TELEMETRY);

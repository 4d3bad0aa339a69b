import type { Plugin } from 'esbuild';

const BUILTIN = 'builtin-object';

/**
 * What a bundle would load at its start and never uses; a function's start is paid for and waited for each time (docs/performance.md):
 *
 * - Names that a module imports from `node:http` make Node look at all that it exports, some of which Node keeps in a client of 28 ms of a core
 *   that is there for `fetch` alone. Asked for as an object, it isn't touched.
 * - zod's messages in forty languages. Ours are in English, which zod imports by itself.
 */
export const lighterStart: Plugin = {
  name: 'lighter-start',
  setup(build) {
    build.onResolve({ filter: /^(node:)?https?$/ }, ({ path }) => ({ path, namespace: BUILTIN }));
    build.onLoad({ filter: /./, namespace: BUILTIN }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
    build.onLoad({ filter: /[/\\]zod[/\\]v4[/\\]locales[/\\]index\.js$/ }, () => ({
      contents: `export { default as en } from './en.js';`,
    }));
  },
};

/** Whether an input of a build is no file. */
export function isBuiltin(input: string): boolean {
  return input.startsWith(`${BUILTIN}:`);
}

/**
 * Of our own packages a bundle takes what it uses and no more: none of their files does anything by being imported, but the one
 * that switches telemetry off. Without it a task would bring all that a deployment needs.
 */
export const ownPackagesArePure: Plugin = {
  name: 'own-packages-are-pure',
  setup(build) {
    build.onResolve({ filter: /^(@cosmicai\/|\.)/ }, async ({ path, pluginData, ...rest }) => {
      if (pluginData === ASKED || rest.kind === 'entry-point' || path.endsWith('no-telemetry')) return undefined;
      const found = await build.resolve(path, { ...rest, pluginData: ASKED });
      return /[/\\]packages[/\\][^/\\]+[/\\]src[/\\]/.test(found.path) ? { ...found, sideEffects: false } : found;
    });
  },
};

const ASKED = Symbol('asked before');

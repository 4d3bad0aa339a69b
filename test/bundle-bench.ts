/** Bundles a benchmark into one file, as functions are deployed: what reads the sources would take half of the memory. */
export async function bundleBench(entry: string, outfile: string): Promise<void> {
  // Here, as the bundle itself is to run where there is no esbuild.
  const { build } = await import('esbuild');
  await build({
    ...{ entryPoints: [entry], outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' },
    external: ['esbuild', '@aws-sdk/*', 'onnxruntime-node', 'sharp', 'apache-arrow', 'h5wasm'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
}

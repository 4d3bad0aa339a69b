/**
 * What the engine of one machine itself takes for each rank: a run whose functions do nothing. Prints JSON.
 *
 * node packages/local/bench/many-ranks.ts [ranks] > many-ranks.json
 */
import { loadDefinition } from '../src/index.ts';
import { fixture, rankFunctions, Workspace } from '../test/workspace.ts';

const ranks = Number(process.argv[2] ?? 2000);
const workspace = new Workspace();
const definition = loadDefinition(fixture('workflow.asl.yml'), {
  variables: { stage: 'dev' },
  functions: { 'dev-init': 'init', 'dev-check': 'check', 'dev-inference': 'inference', 'dev-summarize': 'summarize' },
});
const inference = { ...rankFunctions.inference, bundle: fixture('functions', 'echo.mjs'), handler: 'same' };
try {
  const before = process.cpuUsage();
  const started = performance.now();
  // Whoever watches, as the command does.
  let events = 0;
  const result = await workspace.run({
    definition,
    functions: { ...rankFunctions, inference },
    input: { folder: workspace.folder, world_size: ranks },
    onEvent: () => events++,
  });
  const { user, system } = process.cpuUsage(before);
  const figures = {
    ...{ ranks, status: result.status, events },
    cpu_ms_per_rank: (user + system) / 1000 / ranks,
    wall_ms_per_rank: (performance.now() - started) / ranks,
    peak_rss_mb: process.resourceUsage().maxRSS / 1024,
  };
  process.stdout.write(`${JSON.stringify(figures, null, 1)}\n`);
} finally {
  workspace.remove();
}

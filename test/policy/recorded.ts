/** What a rehearsal asked of AWS, reduced to what a policy can tell apart. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface AskedFor {
  readonly principal: string;
  /** `service:action`, as IAM names it. */
  readonly action: string;
  /** An example. */
  readonly resource: string;
}

/** Principals that are no part of what users do. */
const OURS = ['rehearsal', 'test', 'nobody'];

/** Each principal, action and kind of resource once, sorted. */
export function reduced(lines: string): AskedFor[] {
  const found = new Map<string, AskedFor>();
  for (const line of lines.trim().split('\n')) {
    const call = JSON.parse(line) as { principal: string; service: string; action: string; resource: string };
    const principal = ofDev(call.principal);
    if (OURS.includes(principal) || !/^(deployer|runner|cosmicai-(\w+-)?dev-)/.test(principal)) continue;
    const resource = example(ofDev(call.resource));
    const asked = { principal, action: `${call.service}:${call.action}`, resource };
    found.set(JSON.stringify(asked), asked);
  }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, asked]) => asked);
}

/** A rehearsal has more stages at times; they are alike. */
function ofDev(name: string): string {
  return name.replace(/(?<=cosmicai-(?:init-|inference-|summarize-)?)(?:one|two)(?=[-/:]|$)/g, 'dev');
}

/** Made-up names are alike: ids of runs, executions and packages, numbers of ranks. */
function example(resource: string): string {
  const [, bucket = '', key] = /^(arn:aws:s3:::[^/]+)(\/.*)?$/.exec(resource) ?? [undefined, '', undefined];
  if (bucket !== '' && key !== undefined) return bucket + exampleKey(key);
  return resource
    .replace(/(execution:[^:/]+):.*/, '$1:one')
    .replace(/(execution:[^:/]+)\/.*/, '$1/Infer:one')
    .replace(/(mapRun:[^:/]+)\/.*/, '$1/Infer:one')
    .replace(/(stack\/[^/]+)\/.*/, '$1/one');
}

function exampleKey(key: string): string {
  return key
    .replace(/^\/serverless\/.*/, '/serverless/one')
    .replace(/\/runs\/[^/]+/, '/runs/one')
    .replace(/^\/results\/[^/]+\/runs/, '/results/runs')
    .replace(/\/map\/.*/, '/map/one')
    .replace(/^\/results\/([^/]+)\/(\d+|combined_data|summary)\.json$/, '/results/first-run/0.json')
    .replace(/^\/datasets\/[^/]+\/.+/, '/datasets/small/1.pt')
    .replace(/(pieces|hashes|names|predictions|reductions)\/.*/, '$1/one')
    .replace(/\/runs\/one\/[^/]+\.json$/, '/runs/one/0.json')
    .replace(/^\/results\/([^/]+\/)?publishing\.json$/, '/results/first-run/publishing.json');
}

/** A line each: principal, action, resource. */
export const GOLDEN = join(import.meta.dirname, 'asked-for.txt');

export function recorded(): AskedFor[] {
  const lines = readFileSync(GOLDEN, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [principal = '', action = '', resource = ''] = line.split(' ');
    return { principal, action, resource };
  });
}

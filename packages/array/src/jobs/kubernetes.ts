import { UserInputError } from '@cosmicai/payload';
import { stringify } from 'yaml';
import {
  ATTEMPTS,
  nameOf,
  partsOf,
  rankArguments,
  summarizeArguments,
  type ArrayJob,
  type GeneratedFile,
  type Part,
} from './array-job.ts';
import { checkName } from './checks.ts';

/** An indexed Job may have 100,000 tasks; so many run at once, at most. */
const MOST_TASKS = 10_000;

export interface KubernetesOptions {
  readonly namespace?: string | undefined;
  /** Whose identity may read the data and write the results (IRSA, Workload Identity). */
  readonly serviceAccount?: string | undefined;
  /** Persistent volume claims, and where each is mounted in a pod: `galaxies:/data`. */
  readonly claims?: readonly string[] | undefined;
}

interface Claim {
  readonly name: string;
  readonly path: string;
}

/** @throws UserInputError */
function claimsOf({ claims = [] }: KubernetesOptions): Claim[] {
  return claims.map((claim) => {
    const [, name = '', path = ''] = /^([^:]+):(\/[^:]*?)\/*$/.exec(claim) ?? [];
    if (path === '')
      throw new UserInputError(`The volume claim is ${claim}: expected its name and an absolute path, galaxies:/data.`);
    checkName('volume claim', name);
    return { name, path };
  });
}

/** What a pod doesn't see it can't read: folders must lie in a volume, at the path that they have here. */
function refuseUnseen({ folders }: ArrayJob, claims: readonly Claim[]): void {
  const unseen = folders.filter((folder) => !claims.some(({ path }) => `${folder}/`.startsWith(`${path}/`)));
  const [first] = unseen;
  if (first === undefined) return;
  throw new UserInputError(
    `The run reads or writes ${unseen.join(' and ')}, which pods don't see. Mount the volume that it lies on at the same path with --claim <name of its claim>:${first}, or plan the run with results and data in a bucket.`,
  );
}

/**
 * An indexed Job for every 10,000 ranks, and one that combines them. A pod that is evicted or whose node goes, as spot nodes do, counts
 * as no failure; a rank that fails for good fails alone.
 *
 * @throws UserInputError when Kubernetes would refuse a name, or pods would not see a folder of the run
 */
export function kubernetesFiles(job: ArrayJob, options: KubernetesOptions = {}): GeneratedFile[] {
  checkName('container image', job.image);
  checkName('namespace', options.namespace);
  checkName('service account', options.serviceAccount);
  refuseUnseen(job, claimsOf(options));
  const parts = partsOf(job.run.world_size, MOST_TASKS);
  const jobs = parts.map((part, index) => rankJob(job, part, nameOf(job, index), parts.length, options));
  const text = jobs.map((each) => stringify(each)).join('---\n');
  return [
    { name: 'ranks.yaml', text },
    { name: 'summarize.yaml', text: stringify(summarizeJob(job, options)) },
  ];
}

function rankJob(job: ArrayJob, part: Part, name: string, parts: number, options: KubernetesOptions): object {
  return {
    ...head(name, job, options),
    spec: {
      completionMode: 'Indexed',
      completions: part.tasks,
      parallelism: Math.min(part.tasks, Math.max(1, Math.floor(job.run.max_concurrency / parts))),
      backoffLimitPerIndex: ATTEMPTS - 1,
      // Which ranks failed, Summarize says; the others go on.
      maxFailedIndexes: part.tasks,
      podFailurePolicy: {
        rules: [
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
          // Wrong input: another try would fail as well.
          { action: 'FailIndex', onExitCodes: { containerName: 'rank', operator: 'In', values: [2] } },
        ],
      },
      template: template('rank', job, rankArguments(job, part), options),
    },
  };
}

function summarizeJob(job: ArrayJob, options: KubernetesOptions): object {
  return {
    ...head(`${nameOf(job)}-summarize`, job, options),
    spec: { backoffLimit: 3, template: template('summarize', job, summarizeArguments(job), options) },
  };
}

function head(name: string, { place: { runId } }: ArrayJob, { namespace }: KubernetesOptions): object {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      labels: { 'app.kubernetes.io/name': 'cosmicai', 'cosmicai/run': runId },
    },
  };
}

function template(
  name: string,
  { image, cpus, memory }: ArrayJob,
  args: readonly string[],
  { serviceAccount, ...options }: KubernetesOptions,
): object {
  const claims = claimsOf(options).map((claim, at) => ({ ...claim, volume: `folder-${at}` }));
  return {
    spec: {
      restartPolicy: 'Never',
      ...(serviceAccount !== undefined && { serviceAccountName: serviceAccount }),
      // Spot nodes are marked by some clouds so that only who can bear it runs there.
      tolerations: [
        { key: 'cloud.google.com/gke-spot', operator: 'Equal', value: 'true', effect: 'NoSchedule' },
        { key: 'kubernetes.azure.com/scalesetpriority', operator: 'Equal', value: 'spot', effect: 'NoSchedule' },
      ],
      ...(claims.length > 0 && {
        volumes: claims.map(({ volume, name: claimName }) => ({ name: volume, persistentVolumeClaim: { claimName } })),
      }),
      containers: [
        {
          name,
          image,
          // Kubernetes would put a variable in the place of $(NAME); $$ stands for one $.
          args: args.map((argument) => argument.replaceAll('$', '$$$$')),
          ...(claims.length > 0 && {
            volumeMounts: claims.map(({ volume, path }) => ({ name: volume, mountPath: path })),
          }),
          resources: {
            requests: { cpu: String(cpus), memory: `${memory}Mi` },
            limits: { memory: `${memory}Mi` },
          },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  };
}

import { accountConcurrency, callerIdentity, describeStack, hasContainersRole } from '@cosmicai/deploy';
import { openStore } from '@cosmicai/store';
import { explained, isDenied, isMissing } from '../services/aws-errors.ts';
import { refusedActions } from './refused-actions.ts';
import type { BucketState, FunctionState, ServerState, StageView } from './stage-view.ts';

/** The account of the SDK's default credentials. */
export function accountView(region: string): StageView {
  let skew: number | undefined;
  return {
    identity: () =>
      callerIdentity(region, (time) => {
        skew = time.getTime() - Date.now();
      }),
    clockSkewMs: () => skew,
    concurrency: () => accountConcurrency(region),
    stack: (name) => explained(`describe the stack ${name}`, () => describeStack(name, region)),
    bucket: (name) => bucketState(name, region),
    functionState: (name) => functionState(name, region),
    server: (cluster, service) => serverState(cluster, service, region),
    hasContainersRole: () => explained('look for the role of ECS', () => hasContainersRole(region)),
    refusedActions: (caller, statements) => refusedActions(caller, statements, region),
  };
}

async function bucketState(name: string, region: string): Promise<BucketState | undefined> {
  const { HeadBucketCommand, S3Client } = await import('@aws-sdk/client-s3');
  const s3 = new S3Client({
    region,
    followRegionRedirects: true,
    forcePathStyle: Boolean(process.env.AWS_ENDPOINT_URL),
  });
  try {
    const { BucketRegion } = await s3.send(new HeadBucketCommand({ Bucket: name }));
    // Another region's objects aren't asked for: that is what is told.
    if (BucketRegion !== undefined && BucketRegion !== region) return { region: BucketRegion, hasPayload: false };
    const payload = await openStore(`s3://${name}`).head('configs/payload.json');
    return { region: BucketRegion, hasPayload: payload !== undefined };
  } catch (error) {
    if ((error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 404) return undefined;
    throw error;
  }
}

async function functionState(name: string, region: string): Promise<FunctionState | undefined> {
  const { GetFunctionConfigurationCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
  try {
    const found = await explained(`describe the function ${name}`, () =>
      new LambdaClient({ region }).send(new GetFunctionConfigurationCommand({ FunctionName: name })),
    );
    return {
      state: found.State ?? 'unknown',
      reason: found.StateReason ?? found.LastUpdateStatusReason,
      lastUpdate: found.LastUpdateStatus ?? 'unknown',
    };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function serverState(cluster: string, service: string, region: string): Promise<ServerState | undefined> {
  const sdk = await import('@aws-sdk/client-ecs');
  const ecs = new sdk.ECSClient({ region });
  const { services: [found] = [] } = await explained(`describe the service ${service}`, () =>
    ecs.send(new sdk.DescribeServicesCommand({ cluster, services: [service] })),
  );
  if (found === undefined || found.status === 'INACTIVE') return undefined;
  const { taskDefinition, desiredCount = 0, runningCount = 0, events: [lastEvent] = [] } = found;
  const { taskDefinition: task } = await explained(`describe the task of ${service}`, () =>
    ecs.send(new sdk.DescribeTaskDefinitionCommand({ taskDefinition })),
  ).catch((error: unknown) => {
    if (isDenied(error)) return { taskDefinition: undefined };
    throw error;
  });
  return {
    desired: desiredCount,
    running: runningCount,
    image: task?.containerDefinitions?.[0]?.image,
    lastEvent: lastEvent?.message,
  };
}

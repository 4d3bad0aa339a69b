import sizes from './fargate-sizes.json' with { type: 'json' };

/**
 * MB of memory that Fargate gives with so many units of processor, of which 1,024 are a vCPU: from, to, in steps of; without steps, in powers
 * of two. AWS's "Task CPU and memory": https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
 */
export const FARGATE_SIZES: Readonly<Record<string, readonly number[]>> = sizes;

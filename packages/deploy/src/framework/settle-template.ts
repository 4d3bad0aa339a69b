/** What of a CloudFormation template is read and changed here. */
export interface Template {
  readonly Resources: Record<string, TemplateResource>;
  readonly Outputs?: Record<string, { Value: unknown }>;
}

interface TemplateResource {
  readonly Type: string;
  readonly DependsOn?: string | string[];
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- properties of any resource
  Properties?: any;
}

/** What of the stage is in the account already. */
export interface InAccount {
  /** Template of the root stack as it was deployed last; undefined: it isn't there. */
  readonly before: Template | undefined;
  /** Whether the stage's bucket exists, in this stack or without one. */
  readonly bucketExists: boolean;
}

export interface SettleOptions {
  /** Whether the server stays with the older protocols that the deployed one speaks. */
  readonly keepTcpunch: boolean;
}

/** What a template has for the tag of an image, and for its base, where the deployment names none. */
export const NO_IMAGE = 'none';

interface EnvironmentVariable {
  readonly Name: string;
  Value: string;
}

/**
 * Fits a root template that was made without looking into the account to what is there: a server that runs keeps its image and goes on,
 * a bucket that an earlier removal left is taken over.
 *
 * @param template is changed
 * @returns what a person should know of, as sentences
 */
export function settleTemplate(
  template: Template,
  { before, bucketExists }: InAccount,
  options: SettleOptions,
): string[] {
  const notes: string[] = [];
  if (bucketExists && before?.Resources.Bucket === undefined && template.Resources.Bucket !== undefined) {
    adoptBucket(template);
    notes.push('The bucket was there before the stack: it is used as it is, with all that is in it.');
  }
  const { RendezvousTask: task, RendezvousService: service } = template.Resources;
  if (task === undefined || service === undefined) return notes;
  keepImage(template, before);
  const hasImage = imageTag(task) !== NO_IMAGE;
  settleCount(template, before);
  if (!hasImage)
    notes.push('The rendezvous server has no image yet, so it is not started: cosmicai deploy pushes one.');
  if (modeOf(before) === 'always' && modeOf(template) === 'on-demand')
    notes.push(
      "The rendezvous server was there around the clock; from now on it ends by itself when no run needs it, and CheckRendezvous starts it for the next. To keep it, say rendezvous.mode: always in the stage's file.",
    );
  if (options.keepTcpunch) notes.push(...keepTcpunch(task, before?.Resources.RendezvousTask));
  if (modeOf(template) === 'on-demand' && speaksTcpunch(task))
    notes.push(
      'The rendezvous server speaks TCPunch, but is there for runs only, and no client of TCPunch starts it. If such clients meet without a run, say rendezvous.mode: always.',
    );
  return notes;
}

/** AWS ends a child of type EXPRESS after so long, retries included; a task of it has to end before. */
const EXPRESS_TASK_SECONDS = 290;

interface StateMachineText {
  readonly States: Record<string, { TimeoutSeconds?: number; readonly ItemProcessor?: StateMachineText }>;
  readonly ProcessorConfig?: { readonly ExecutionType?: string };
}

/**
 * Makes the workflow's definition that of the account's partition of AWS (China and GovCloud name their resources otherwise), and gives
 * the tasks of EXPRESS children time-outs within the five minutes that those have.
 *
 * @param template is changed
 */
export function settleDefinition(template: Template): void {
  const properties = template.Resources.Workflow?.Properties as { DefinitionString?: unknown } | undefined;
  if (typeof properties?.DefinitionString !== 'string') return;
  const machine = JSON.parse(properties.DefinitionString) as StateMachineText;
  for (const { ItemProcessor: children } of Object.values(machine.States)) {
    if (children?.ProcessorConfig?.ExecutionType !== 'EXPRESS') continue;
    for (const state of Object.values(children.States))
      if (state.TimeoutSeconds !== undefined)
        state.TimeoutSeconds = Math.min(state.TimeoutSeconds, EXPRESS_TASK_SECONDS);
  }
  const text = JSON.stringify(machine, undefined, 2).replaceAll('${', '${!');
  properties.DefinitionString = { 'Fn::Sub': text.replaceAll('"arn:aws:', '"arn:${AWS::Partition}:') };
}

/** Removes the bucket from the stack's own resources; what names it then does so by its name. */
function adoptBucket(template: Template): void {
  const name = (template.Resources.Bucket?.Properties as { BucketName: { 'Fn::Sub': string } }).BucketName['Fn::Sub'];
  const arn = `arn:\${AWS::Partition}:s3:::${name}`;
  delete template.Resources.Bucket;
  const renamed = (value: unknown): unknown => {
    if (typeof value === 'string') return value.replaceAll('${Bucket.Arn}', arn).replaceAll('${Bucket}', name);
    if (Array.isArray(value)) return value.map(renamed);
    if (typeof value !== 'object' || value === null) return value;
    const [[key, inner] = []] = Object.entries(value);
    if (key === 'Ref' && inner === 'Bucket') return { 'Fn::Sub': name };
    if (key === 'Fn::GetAtt' && Array.isArray(inner) && inner[0] === 'Bucket') return { 'Fn::Sub': arn };
    return Object.fromEntries(
      Object.entries(value)
        .map(([field, held]) =>
          field === 'DependsOn'
            ? ([field, [held].flat().filter((id) => id !== 'Bucket')] as const)
            : ([field, renamed(held)] as const),
        )
        .filter(([field, held]) => field !== 'DependsOn' || (held as unknown[]).length > 0),
    );
  };
  for (const part of [template.Resources, template.Outputs ?? {}]) Object.assign(part, renamed(part));
}

/** A server that is there already stays as many as it is, none or one: without a count, CloudFormation changes none of a service that it has. */
function settleCount(template: Template, before: Template | undefined): void {
  const { RendezvousTask: task, RendezvousService: service } = template.Resources;
  if (task === undefined || service === undefined) return;
  const onDemand = modeOf(template) === 'on-demand';
  const { DesiredCount: _, ...rest } = service.Properties as { readonly DesiredCount?: number };
  const known = before?.Resources.RendezvousTask;
  const ranAlways = known !== undefined && imageTag(known) !== NO_IMAGE && modeOf(before) === 'always';
  const stays = onDemand ? known !== undefined : ranAlways;
  const begins = !onDemand && imageTag(task) !== NO_IMAGE ? 1 : 0;
  service.Properties = stays ? rest : { ...rest, DesiredCount: begins };
}

/** @returns undefined when there is no server; servers of earlier versions were there around the clock */
function modeOf(template: Template | undefined): unknown {
  if (template?.Resources.RendezvousService === undefined) return undefined;
  return template.Outputs?.RendezvousMode?.Value ?? 'always';
}

function keepImage(template: Template, before: Template | undefined): void {
  const task = template.Resources.RendezvousTask;
  const running = before?.Resources.RendezvousTask;
  if (task === undefined || running === undefined || imageTag(task) !== NO_IMAGE) return;
  containerOf(task).Image = containerOf(running).Image;
  const base = before?.Outputs?.RendezvousImageBase;
  if (base !== undefined && template.Outputs !== undefined) template.Outputs.RendezvousImageBase = base;
}

/** The older protocols prove nothing, so new stages do without; who has clients that speak them must not lose them by the way. */
function keepTcpunch(task: TemplateResource, running: TemplateResource | undefined): string[] {
  if (running === undefined) return [];
  const [now, was] = [containerOf(task).Environment, containerOf(running).Environment];
  const valueOf = (name: string) => was.find(({ Name }) => Name === name)?.Value;
  const v1 = valueOf('COSMICAI_RENDEZVOUS_ALLOW_V1') === 'true';
  const v2 = valueOf('COSMICAI_RENDEZVOUS_REFUSE_V2') !== 'true';
  for (const variable of now) {
    if (variable.Name === 'COSMICAI_RENDEZVOUS_ALLOW_V1') variable.Value = String(v1);
    if (variable.Name === 'COSMICAI_RENDEZVOUS_REFUSE_V2') variable.Value = String(!v2);
  }
  const kept = [...(v1 ? ['v1'] : []), ...(v2 ? ['v2'] : [])];
  if (kept.length === 0) return [];
  return [
    `The rendezvous server goes on with TCPunch ${kept.join(' and ')}, whose clients prove nothing. Without such clients, switch it off: rendezvous.tcpunch: [] in the stage's file; to keep it, say rendezvous.tcpunch: [${kept.join(', ')}].`,
  ];
}

function speaksTcpunch(task: TemplateResource): boolean {
  const valueOf = (name: string) => containerOf(task).Environment.find(({ Name }) => Name === name)?.Value;
  return valueOf('COSMICAI_RENDEZVOUS_ALLOW_V1') === 'true' || valueOf('COSMICAI_RENDEZVOUS_REFUSE_V2') === 'false';
}

function containerOf(task: TemplateResource): { Image: { 'Fn::Sub': string }; Environment: EnvironmentVariable[] } {
  return (task.Properties as { ContainerDefinitions: [ReturnType<typeof containerOf>] }).ContainerDefinitions[0];
}

function imageTag(task: TemplateResource): string {
  return containerOf(task).Image['Fn::Sub'].split(':').at(-1) ?? '';
}

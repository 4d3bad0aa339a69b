import { bucketsOf, hasBucket } from '../stage/has-bucket.ts';
import { bucketName } from '../stage/stage-options.ts';
import { settleDefinition, settleTemplate, type Template } from './settle-template.ts';

type ClientConfig = Readonly<Record<string, unknown>>;

/** The part of the framework that this plugin touches. */
interface Framework {
  readonly processedInput: { readonly commands: readonly string[] };
  readonly service: {
    readonly provider: { readonly compiledCloudFormationTemplate: Template };
    readonly custom: { readonly options: { readonly rendezvous: { readonly tcpunch: readonly string[] } } };
  };
  getProvider(name: 'aws'): {
    getRegion(): string;
    getStage(): string;
    getAwsSdkV3Config(): Promise<ClientConfig>;
    readonly naming: { getStackName(): string };
  };
}

/** Completes what the framework makes of the state machine, and makes `sls deploy` of the root stack look at what is in the account first; packaging asks nobody. */
export default class RootPlugin {
  readonly hooks: Readonly<Record<string, () => Promise<void>>>;
  readonly #framework: Framework;

  constructor(framework: Framework) {
    this.#framework = framework;
    this.hooks = { 'before:aws:package:finalize:saveServiceState': () => this.#settle() };
  }

  async #settle(): Promise<void> {
    const { service } = this.#framework;
    settleDefinition(service.provider.compiledCloudFormationTemplate);
    if (this.#framework.processedInput.commands[0] !== 'deploy') return;
    const provider = this.#framework.getProvider('aws');
    const region = provider.getRegion();
    const config = { region, credentials: (await provider.getAwsSdkV3Config()).credentials };
    const before = await deployedTemplate(provider.naming.getStackName(), config);
    const bucketExists =
      before?.Resources.Bucket !== undefined || (await hasStageBucket(provider.getStage(), region, config));
    const keepTcpunch = service.custom.options.rendezvous.tcpunch.includes('keep');
    const template = service.provider.compiledCloudFormationTemplate;
    for (const note of settleTemplate(template, { before, bucketExists }, { keepTcpunch }))
      process.stderr.write(`Note: ${note}\n`);
  }
}

async function deployedTemplate(stack: string, config: ClientConfig): Promise<Template | undefined> {
  const { CloudFormationClient, GetTemplateCommand } = await import('@aws-sdk/client-cloudformation');
  try {
    const { TemplateBody = '{}' } = await new CloudFormationClient(config).send(
      new GetTemplateCommand({ StackName: stack }),
    );
    return { Resources: {}, ...(JSON.parse(TemplateBody) as Partial<Template>) };
  } catch (error) {
    if (/does not exist/i.test((error as Error).message)) return undefined;
    throw error;
  }
}

async function hasStageBucket(stage: string, region: string, config: ClientConfig): Promise<boolean> {
  const { GetCallerIdentityCommand, STSClient } = await import('@aws-sdk/client-sts');
  const { Account = '' } = await new STSClient(config).send(new GetCallerIdentityCommand());
  return await hasBucket(await bucketsOf(region, config), bucketName(stage, Account, region));
}

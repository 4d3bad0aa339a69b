/** For the options of CloudWatch's embedded metrics: the stage beside the service, where the deployment has named one. */
export function stageDimensions(environment: NodeJS.ProcessEnv): {
  readonly defaultDimensions?: { readonly stage: string };
} {
  const { COSMICAI_STAGE: stage = '' } = environment;
  return stage === '' ? {} : { defaultDimensions: { stage } };
}

import { checkChoiceRule } from './check-choice.ts';
import { checkFields, type Report } from './check-fields.ts';
import { pathProblem } from './check-path.ts';
import { checkDistributedMap } from './check-distributed-map.ts';
import { functionNameOf, isFunctionArn, LAMBDA_INVOKE } from './function-names.ts';
import { pathsOf } from './paths.ts';
import { LONGEST_TIMER_SECONDS } from './prepare.ts';
import * as table from './support-table.ts';
import {
  isDistributedMap,
  isObject,
  ownValue,
  processorConfigOf,
  textOf,
  type Json,
  type JsonObject,
} from './types.ts';
import { nestedMachines, statesOf, type PlacedState } from './walk.ts';

/** Something in a definition that this engine doesn't carry out. */
export interface Unsupported {
  /** e.g. `States.Infer.ItemProcessor.States.InferRank.HeartbeatSeconds`. */
  readonly place: string;
  /** What it is, e.g. `the field HeartbeatSeconds of a Task`. */
  readonly what: string;
}

/**
 * Walks a definition and names everything in it that a run on this machine would not carry out as Step Functions does.
 * An empty list means: supported. Nothing is ever ignored in silence, because the underlying interpreter would.
 */
export function checkSupported(definition: JsonObject): Unsupported[] {
  const found: Unsupported[] = [];
  const report = (place: string, what: string) => void found.push({ place, what });
  checkMachine(definition, '', table.MACHINE_FIELDS, report);
  const places = new Map<string, string>();
  for (const placed of statesOf(definition)) {
    const earlier = places.get(placed.name);
    if (earlier !== undefined) report(placed.place, `the state name "${placed.name}" twice (also ${earlier})`);
    places.set(placed.name, placed.place);
    checkState(placed, report);
  }
  return found;
}

function checkMachine(machine: JsonObject, place: string, allowed: readonly string[], report: Report): void {
  checkFields(machine, allowed, place, 'a state machine', report);
  checkQueryLanguage(machine, place, report);
}

function checkQueryLanguage(object: JsonObject, place: string, report: Report): void {
  if (object.QueryLanguage !== undefined && object.QueryLanguage !== 'JSONPath') {
    report(`${place}${place && '.'}QueryLanguage`, `the query language ${textOf(object.QueryLanguage)}`);
  }
}

function checkState({ place, state }: PlacedState, report: Report): void {
  const type = textOf(state.Type);
  const distributed = isDistributedMap(state);
  const allowed = distributed ? table.DISTRIBUTED_MAP_FIELDS : ownValue(table.STATE_FIELDS, type);
  if (allowed === undefined) {
    report(`${place}.Type`, `the state type ${type}`);
    return;
  }
  const kind = distributed ? 'a distributed Map' : type === 'Map' ? 'an inline Map' : `a ${type}`;
  checkFields(state, allowed, place, kind, report);
  checkQueryLanguage(state, place, report);
  checkPaths(state, place, report);
  checkRetry(state.Retry, `${place}.Retry`, report);
  checkCatch(state.Catch, `${place}.Catch`, report);
  for (const { place: inner, machine } of nestedMachines(state)) {
    checkMachine(machine, `${place}.${inner}`, table.NESTED_MACHINE_FIELDS, report);
  }
  if (type === 'Task') checkTask(state, place, report);
  if (type === 'Map') checkMapMode(state, place, report);
  if (distributed) checkDistributedMap(state, place, report);
  if (type === 'Choice' && Array.isArray(state.Choices)) {
    state.Choices.forEach((rule, index) => checkChoiceRule(rule as Json, `${place}.Choices[${index}]`, report));
  }
  if (typeof state.Seconds === 'number' && state.Seconds > LONGEST_TIMER_SECONDS) {
    report(`${place}.Seconds`, `a wait of more than ${LONGEST_TIMER_SECONDS} seconds`);
  }
}

function checkPaths(state: JsonObject, place: string, report: Report): void {
  for (const use of pathsOf(state)) {
    const mapItems = state.Type === 'Map' && /^(ItemSelector|Parameters)\./.test(use.place);
    const problem = pathProblem(use, mapItems);
    if (problem !== undefined) report(`${place}.${use.place}`, problem);
  }
}

function checkRetry(retry: Json | undefined, place: string, report: Report): void {
  if (!Array.isArray(retry)) return;
  (retry as readonly Json[]).forEach((retrier, index) => {
    if (!isObject(retrier)) return;
    checkFields(retrier, table.RETRIER_FIELDS, `${place}[${index}]`, 'a retrier', report);
    const jitter = retrier.JitterStrategy ?? 'NONE';
    if (jitter !== 'NONE' && jitter !== 'FULL') {
      report(`${place}[${index}].JitterStrategy`, `the jitter strategy ${JSON.stringify(jitter)}`);
    }
  });
}

function checkCatch(catchers: Json | undefined, place: string, report: Report): void {
  if (!Array.isArray(catchers)) return;
  (catchers as readonly Json[]).forEach((catcher, index) => {
    if (isObject(catcher)) checkFields(catcher, table.CATCHER_FIELDS, `${place}[${index}]`, 'a catcher', report);
  });
}

function checkTask(state: JsonObject, place: string, report: Report): void {
  const resource = textOf(state.Resource);
  if (isFunctionArn(resource)) return;
  if (!LAMBDA_INVOKE.test(resource)) {
    report(
      `${place}.Resource`,
      `the resource ${resource}: only Lambda functions and arn:aws:states:::lambda:invoke are`,
    );
    return;
  }
  const parameters = isObject(state.Parameters) ? state.Parameters : {};
  checkFields(parameters, table.LAMBDA_INVOKE_FIELDS, `${place}.Parameters`, 'lambda:invoke', report);
  const name = parameters.FunctionName;
  if (name === undefined && parameters['FunctionName.$'] === undefined) {
    report(`${place}.Parameters`, 'lambda:invoke without FunctionName');
  } else if (name !== undefined && (typeof name !== 'string' || functionNameOf(name) === undefined)) {
    report(`${place}.Parameters.FunctionName`, `the function name ${JSON.stringify(name)}`);
  }
  const invocation = parameters.InvocationType ?? 'RequestResponse';
  if (invocation !== 'RequestResponse') {
    report(`${place}.Parameters.InvocationType`, `the invocation type ${JSON.stringify(invocation)}`);
  }
}

function checkMapMode(state: JsonObject, place: string, report: Report): void {
  const mode = processorConfigOf(state)?.Mode ?? 'INLINE';
  if (mode !== 'INLINE' && mode !== 'DISTRIBUTED')
    report(`${place}.ProcessorConfig.Mode`, `the mode ${JSON.stringify(mode)}`);
}

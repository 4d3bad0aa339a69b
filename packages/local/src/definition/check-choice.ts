import { valueOf } from '@cosmicai/payload';
import type { Report } from './check-fields.ts';
import { CHOICE_OPERATORS, TYPE_TESTS } from './support-table.ts';
import { isObject, type Json, type JsonObject } from './types.ts';

const OPERATORS = [...Object.values(CHOICE_OPERATORS).flat(), ...TYPE_TESTS];
const FIELDS = [...OPERATORS, 'Variable', 'Next', 'Comment', 'And', 'Or', 'Not'];

/** An operator the interpreter doesn't know would make the rule silently false. */
export function checkChoiceRule(rule: Json, place: string, report: Report): void {
  if (!isObject(rule)) {
    report(place, 'a choice rule that is not an object');
    return;
  }
  for (const name of Object.keys(rule)) {
    if (!FIELDS.includes(name)) report(`${place}.${name}`, `the choice field ${name}`);
  }
  const operators = Object.keys(rule).filter((name) => OPERATORS.includes(name));
  const combined = ['And', 'Or', 'Not'].filter((name) => name in rule);
  const known = Object.keys(rule).every((name) => FIELDS.includes(name));
  if (known && operators.length + combined.length !== 1) report(place, 'a choice rule without exactly one operator');
  if (typeof rule.StringMatches === 'string' && /[?[\]{}()!+@\\]/.test(rule.StringMatches)) {
    report(`${place}.StringMatches`, `the pattern ${rule.StringMatches}: only * is a wildcard`);
  }
  for (const name of ['And', 'Or']) {
    const rules = rule[name];
    if (Array.isArray(rules))
      rules.forEach((inner, index) => checkChoiceRule(inner as Json, `${place}.${name}[${index}]`, report));
  }
  if (rule.Not !== undefined) checkChoiceRule(rule.Not, `${place}.Not`, report);
}

const TYPE_OF_OPERATOR: ReadonlyMap<string, string> = new Map(
  Object.entries(CHOICE_OPERATORS).flatMap(([type, names]) => names.map((name) => [name, `Is${type}`] as const)),
);

/**
 * The same rule in terms the interpreter gets right: it takes `IsPresent: false` (and every other negated type test) as
 * never true, and compares values of another type than the operator's, which Step Functions never matches.
 */
export function plainChoiceRule(rule: JsonObject): JsonObject {
  const { Next, Comment: _comment, ...test } = rule;
  const next = Next === undefined ? {} : { Next };
  for (const name of ['And', 'Or'] as const) {
    const rules = test[name];
    if (Array.isArray(rules)) return { [name]: (rules as JsonObject[]).map(plainChoiceRule), ...next };
  }
  if (isObject(test.Not)) return { Not: plainChoiceRule(test.Not), ...next };
  const variable = test.Variable ?? null;
  const operator = Object.keys(test).find((name) => name !== 'Variable') ?? '';
  if (TYPE_TESTS.includes(operator)) {
    return test[operator] === false ? { Not: { Variable: variable, [operator]: true }, ...next } : { ...test, ...next };
  }
  return { And: [{ Variable: variable, [valueOf(TYPE_OF_OPERATOR, operator)]: true }, test], ...next };
}

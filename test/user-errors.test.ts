/* A class of errors that no retry helps is known as one by its name alone, so none may be forgotten. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { globSync } from 'node:fs';
import { parse } from 'yaml';
import { USER_ERRORS, UserInputError } from '../packages/payload/src/index.ts';
import { root } from './stacks.ts';

/** Each class of the sources, with what it extends. */
async function classes(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const file of globSync('{packages,services}/*/src/**/*.ts', { cwd: root })) {
    const text = await readFile(join(root, file), 'utf8');
    for (const [, name, base] of text.matchAll(/^(?:export )?(?:abstract )?class (\w+) extends (\w+)/gm))
      found.set(name!, base!);
  }
  return found;
}

const bases = await classes();
const isA = (name: string | undefined, base: string): boolean =>
  name !== undefined && (name === base || isA(bases.get(name), base));

it('lists every class that extends UserInputError, and no other', () => {
  const ofUsers = [...bases.keys()].filter((name) => isA(name, UserInputError.name));
  expect(ofUsers.length).toBeGreaterThan(20);
  expect([...USER_ERRORS].sort()).toEqual(ofUsers.sort());
});

it('the state machine retries errors of ours only where something across the network failed', async () => {
  const machine = await readFile(join(root, 'state-machine.asl.yml'), 'utf8');
  const names = new Set<string>();
  const collect = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'Retry')
        for (const { ErrorEquals } of inner as { ErrorEquals: string[] }[])
          ErrorEquals.forEach((name) => names.add(name));
      else collect(inner);
    }
  };
  collect(parse(machine));
  const own = [...names].filter((name) => !name.includes('.'));
  expect(own).toContain('StoreError');
  expect(own.filter((name) => !isA(name, 'RemoteError'))).toEqual([]);
});

import { createReadStream, existsSync } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UserInputError } from '@cosmicai/payload';
import { readCatalogue, type Catalogue, type ColumnMapping } from '@cosmicai/survey';
import { InvalidArgumentError } from 'commander';
import { setIn } from '../output/table.ts';
import { printBlock, printLine, type Terminal } from '../output/terminal.ts';

interface CatalogueChoice {
  readonly count: number;
  readonly catalogue?: string;
  readonly columns?: ColumnMapping;
  readonly skipBad?: boolean;
}

/** Parser of `z_spec=redshift,model_u=psfMag_u`. */
export function columnMapping(text: string): ColumnMapping {
  const pairs = text.split(',').map((pair) => {
    const [, ours = '', theirs = ''] = /^\s*([^=\s]+)\s*=\s*(.*\S)\s*$/.exec(pair) ?? [];
    if (theirs === '') throw new InvalidArgumentError('Expected pairs such as z_spec=redshift,model_u=psfMag_u.');
    return [ours, theirs] as const;
  });
  const twice = pairs.find(([ours], index) => pairs.findIndex(([other]) => other === ours) !== index);
  if (twice !== undefined) throw new InvalidArgumentError(`${twice[0]} is given twice.`);
  return Object.fromEntries(pairs);
}

/** Reads the catalogue to be rendered, if one is named, and says on stderr what of it is left out or odd. */
export async function openCatalogue(choice: CatalogueChoice, terminal: Terminal): Promise<Catalogue | undefined> {
  const { catalogue: name, columns, skipBad, count } = choice;
  if (name === undefined) {
    const [pointless] = [columns && '--columns', skipBad === true && '--skip-bad'].filter(Boolean);
    if (pointless !== undefined) throw new UserInputError(`${pointless} is about a catalogue: give --catalogue too.`);
    return undefined;
  }
  const path = resolve(terminal.cwd, name);
  await checkReadable(path);
  const read = await readCatalogue(createReadStream(path), name, {
    ...(columns && { columns }),
    ...(skipBad !== undefined && { skipBad }),
  });
  for (const remark of read.remarks) printBlock(terminal.stderr, setIn(`${name}: ${remark}`));
  if (count > read.rows) {
    const [galaxies, times] = [read.rows === 1 ? 'galaxy is' : 'galaxies are', Math.ceil(count / read.rows)];
    printLine(
      terminal.stderr,
      `${name}: its ${read.rows} ${galaxies} shown up to ${times} times each, with other noise and orientation.`,
    );
  }
  return read;
}

async function checkReadable(path: string): Promise<void> {
  try {
    await access(path, constants.R_OK);
  } catch (error) {
    const reason = existsSync(path) ? `${path} can't be read: its permissions forbid it.` : `There is no file ${path}.`;
    throw new UserInputError(`${reason} --catalogue takes a CSV file of this machine.`, { cause: error });
  }
  if ((await stat(path)).isDirectory()) {
    throw new UserInputError(`${path} is a folder; --catalogue takes one CSV file.`);
  }
}

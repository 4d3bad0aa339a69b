import type { Format } from './format.ts';
import { cellText, lines, quoted } from './text.ts';

/** A line of names, and nothing that CSV has no place for: units, descriptors and where the table is from. */
export const csv: Format = {
  name: 'csv',
  endings: ['.csv'],
  isText: true,
  async *write(table) {
    const { columns } = table;
    yield `${columns.map(({ name }) => quoted(name)).join(',')}\n`;
    const texts = columns.map((column) => cellText(column, ['true', 'false']));
    yield* lines(table.chunks(), texts, ',');
  },
};

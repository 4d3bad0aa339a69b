import type { Table } from '@cosmicai/report';
import { formatTable } from './table.ts';

/** A table of the report package as text, below its title. */
export function formatReportTable(table: Table): string {
  const columns = table.columns.map((title, column) => ({
    title,
    align: table.figures.includes(column) ? ('right' as const) : ('left' as const),
    cell: (row: Table['rows'][number]) => String(row[column] ?? '–'),
  }));
  return formatTable(columns, table.rows);
}

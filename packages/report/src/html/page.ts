import { raw, xml, type Markup } from './markup.ts';
import type { Section } from './parts.ts';
import { STYLE } from './style.ts';

export interface Page {
  readonly title: string;
  readonly header: Markup;
  readonly sections: readonly Section[];
  readonly footer: string;
}

/**
 * One file with everything in it. The policy forbids the page to load or run anything, so that it shows the same in ten years and
 * tells nobody that it was opened; nor may it send a form, or read its links from another address.
 */
export function pageHtml({ title, header, sections, footer }: Page): string {
  return xml`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="color-scheme" content="light dark"><title>${title}</title><style>${raw(STYLE)}</style></head>
<body><header>${header}<nav aria-label="Sections">${sections.map(({ id, title: name }) => xml`<a href="#${id}">${name}</a>`)}</nav></header>
<main>${sections.map(
    ({ id, title: name, content }) =>
      xml`<section id="${id}" aria-labelledby="${id}-h"><h2 id="${id}-h">${name}</h2>${content}</section>`,
  )}</main>
<footer>${footer}</footer></body></html>
`.text;
}

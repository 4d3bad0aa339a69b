import { Reduction } from '@cosmicai/metrics';
import { InvalidInputError } from '@cosmicai/payload';
import sharp from 'sharp';
import { runReportHtml, runReportPlots } from '../src/index.ts';
import { exampleReport } from './example-report.ts';

const REPORT = exampleReport();

/** Figures that went wrong; pictures are base64 and may hold any letters. */
function nonsenseIn(html: string): string[] {
  return html.replace(/base64,[^"]*/g, '').match(/NaN|undefined|Infinity/g) ?? [];
}

describe('report.html', () => {
  it('is one file that loads nothing', async () => {
    const html = await runReportHtml(REPORT);

    expect(html.slice(0, 1000)).toContain('Content-Security-Policy');
    expect(/<script|<link|@import|url\((?!#)/.exec(html)).toBeNull();
    const addresses = [...html.matchAll(/\b(?:src|href)="([^"]*)"/g)].map(([, address]) => address!);
    expect(addresses.length).toBeGreaterThan(10);
    expect(addresses.filter((address) => !/^(#|data:image\/png;base64,)/.test(address))).toEqual([]);
  });

  it('gives every drawing and picture an alternative in words', async () => {
    const html = await runReportHtml(REPORT);

    const drawings = [...html.matchAll(/<svg [^>]*>/g)].map(([tag]) => tag);
    expect(drawings).toHaveLength(6);
    for (const drawing of drawings) {
      expect(drawing).toContain('role="img"');
      const [, ids] = /aria-labelledby="([^"]+)"/.exec(drawing)!;
      for (const id of ids!.split(' ')) {
        const [, words] = new RegExp(`<(?:title|desc) id="${id}">([^<]+)<`).exec(html)!;
        expect(words!.length).toBeGreaterThan(10);
      }
    }
    const pictures = [...html.matchAll(/<img [^>]*>/g)].map(([tag]) => tag);
    expect(pictures).toHaveLength(12);
    expect(pictures.every((tag) => /alt="Galaxy \d+ of [^"]{20,}"/.test(tag))).toBe(true);
  });

  it('shows every figure of the run: ranks, scores, rates by name, bill, prices, model, versions', async () => {
    const html = await runReportHtml(REPORT);

    for (const rank of REPORT.ranks) expect(html).toContain(`<td class="n">${rank.rank}</td>`);
    for (const words of [
      'By the slowest rank',
      'By wall clock',
      'Precision (NMAD)',
      'us-east-1',
      REPORT.model.sha256[0]!,
      'v24.21.0',
      'state transition',
      'Total',
      'each once; 1 model',
    ]) {
      expect(html).toContain(words);
    }
    expect(html.match(/<rect [^>]*rx="8"/g)).toHaveLength(REPORT.machine!.states.length);
  });

  it('shows thousands of ranks by quantiles, and the slowest and the failed by name', async () => {
    const large = exampleReport({ ranks: 1001, galaxies: 100 });
    const slow = { ...large.ranks[700]!, seconds: 77_777 };
    const failedRanks = Array.from({ length: 102 }, (_, at) => ({ rank: 2000 + at, error: 'NoResult: it was killed' }));
    const html = await runReportHtml({ ...large, ranks: large.ranks.with(700, slow), failedRanks });

    for (const words of [
      'The 100 slowest of 1,001 ranks',
      'Quantiles over 1,001 ranks',
      'How many of 1,001 ranks were in which phase',
      'half of them lie in the darker band',
      'Rank 2099 failed: NoResult: it was killed',
      '2 more ranks failed: summary.json names them.',
    ])
      expect(html).toContain(words);
    expect(html).not.toContain('Rank 2100 failed');
    expect(html).not.toContain('Table of all');
    const named = /aria-label="The 100 slowest[\s\S]*?<\/table>/.exec(html)![0];
    expect(named.match(/<tr>/g)).toHaveLength(101);
    expect(/<td class="n">(\d+)<\/td>/.exec(named)![1]).toBe('700');
    expect(html.length).toBeLessThan(1e6);
    expect(nonsenseIn(html)).toEqual([]);
    expect(await runReportHtml(exampleReport({ ranks: 1000, galaxies: 100 }))).toContain('Table of all 1,000 ranks');
  });

  it('escapes whatever a name or an error holds', async () => {
    const evil = '<script>alert("1")</script>';

    const html = await runReportHtml({
      ...REPORT,
      title: evil,
      warnings: [evil],
      configuration: { [evil]: evil },
      failedRanks: [{ rank: 3, error: evil }],
      cutouts: REPORT.cutouts.map((cutout) => ({ ...cutout, partition: `"><img src=x onerror=y>${evil}` })),
    });

    expect(html.includes('<script')).toBe(false);
    expect(html.includes('<img src=x')).toBe(false);
  });

  it('shows what would turn its text around or hide in it', async () => {
    const evil = '\u001b[2J\u202efdp\u2066.\u009b';
    const shown = String.raw`\u001b[2J\u202efdp\u2066.\u009b`;

    const html = await runReportHtml({
      ...REPORT,
      title: evil,
      warnings: [evil],
      configuration: { [evil]: evil },
      failedRanks: [{ rank: 3, error: evil }],
      cutouts: REPORT.cutouts.map((cutout) => ({ ...cutout, partition: evil })),
      // Of results that tell no rank, the plots' axis has the names of partitions.
      ranks: [{ ...REPORT.ranks[0]!, rank: null, label: evil }],
    });

    expect(/<text[^>]*>[^<]*u202efdp/.exec(html)).not.toBeNull();
    expect(html).not.toMatch(/[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(html.split(shown).length).toBeGreaterThan(6);
  });

  it('may load, run and send nothing, and has its links from itself', async () => {
    const [, policy = ''] =
      /<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(await runReportHtml(REPORT)) ?? [];
    expect(policy.split('; ').sort()).toEqual([
      "base-uri 'none'",
      "default-src 'none'",
      "form-action 'none'",
      'img-src data:',
      "style-src 'unsafe-inline'",
    ]);
  });

  it('tells how the ranks met', async () => {
    const links = { direct: 0, relay: 3, encrypted: 3 };
    const meeting = { ranks: 3, links, slowestLinkSeconds: 0.02, firstToLastSeconds: 1.5, longestWaitSeconds: 1.6 };

    expect(await runReportHtml({ ...REPORT, meeting })).toContain(
      'The ranks met over FMI: 3 ranks, links 3 through the relay, encrypted; slowest link',
    );
    expect(await runReportHtml(REPORT)).not.toContain('FMI:');
  });

  it('shows what else could have been chosen, with the run among it', async () => {
    const html = await runReportHtml(REPORT);
    expect(html).toContain(
      'The same partitions on AWS, simulated by the ranks of this run, on Lambda: choices of world size',
    );
    expect(html).toMatch(/Choices that no other beats in both, from 6 s for 0.00200 USD to 14 s for .* This run took /);
    const { frontier } = REPORT;
    const local = await runReportHtml({ ...REPORT, frontier: frontier && { ...frontier, own: null } });
    expect(local).toContain('plot-frontier-title');
    expect(local).not.toContain('This run took');
    expect(await runReportHtml({ ...REPORT, frontier: null })).not.toContain('Time against cost');
  });

  it('leaves out what is not known instead of showing empty frames', async () => {
    const html = await runReportHtml({
      ...REPORT,
      machine: null,
      timeline: [],
      predictions: null,
      scores: null,
      cutouts: [],
      cost: null,
      frontier: null,
      quoteBasis: null,
      reconciliation: [],
      ranks: [],
      wallClockSeconds: null,
      rates: { summedOverRanks: { samplesPerSecond: 0, bitsPerSecond: 0 }, bySlowestRank: null, byWallClock: null },
    });

    expect(html.includes('<svg')).toBe(false);
    expect(nonsenseIn(html)).toEqual([]);
  });

  it('draws N(z) in place of the accuracy where nobody knows the true redshifts', async () => {
    const redshiftHistogram = { bin_width: 0.01, from: 0, counts: [1, 0, 5000, 7], outside: 2 };
    const unlabelled = {
      ...REPORT,
      scores: null,
      unflaggedScores: null,
      withoutTruth: REPORT.samples,
      redshiftHistogram,
    };
    const { worst: _, ...predictions } = new Reduction().predictions();
    const html = await runReportHtml({ ...unlabelled, predictions, cutouts: [] });
    expect(html).toContain('plot-redshift-distribution-title');
    expect(html).toContain('The partitions have no true redshifts, so that there is no accuracy to tell.');
    expect(html).toContain('from 0.0205 to 0.0295 for 90 % of 5,008 galaxies; 2 without a finite one');
    expect(html).not.toContain('plot-redshift-density-title');
    expect(html).not.toContain('Precision (NMAD)');
    expect(nonsenseIn(html)).toEqual([]);
  });

  it('says of how many galaxies the accuracy is where only some have a true redshift', async () => {
    const redshiftHistogram = { bin_width: 0.01, from: 0, counts: [1], outside: 0 };
    const scores = { ...REPORT.scores!, excluded: 12 };
    const html = await runReportHtml({ ...REPORT, scores, withoutTruth: 10, redshiftHistogram });
    expect(html).toContain('10 of 5,112 galaxies have no true redshift; the accuracy is that of the others.');
    expect(html).toContain('2 predictions are left out of the metrics');
    expect(html).toContain('plot-redshift-density-title');
  });

  it('of 1,000 ranks stays small: bars of one colour are one path', async () => {
    const html = await runReportHtml(exampleReport({ ranks: 1000 }));

    expect(html.length).toBeLessThan(3e6);
    expect(html.match(/<(path|rect|line|text|g)\b/g)!.length).toBeLessThan(2500);
    expect(nonsenseIn(html)).toEqual([]);
  });

  it('says what is wrong with data that are no report', async () => {
    await expect(runReportHtml({ ...REPORT, samples: -1 })).rejects.toThrow(InvalidInputError);
    await expect(runReportHtml({ ...REPORT, cutouts: [{ ...REPORT.cutouts[0]!, size: 33 }] })).rejects.toThrow(
      /33 x 33 pixels in 5 bands takes 21780 bytes, but this one has 20480/,
    );
  });
});

describe('the plots as files', () => {
  it('are SVG with colours of their own, and PNG of twice the size', async () => {
    const plots = await runReportPlots(REPORT);

    expect([...plots.keys()].sort()).toEqual([
      'frontier',
      'rank-measures',
      'rank-timeline',
      'redshift-density',
      'redshift-residuals',
      'state-machine',
    ]);
    for (const { svg, png } of plots.values()) {
      expect(svg).not.toContain('var(');
      const [, width] = /width="([\d.]+)"/.exec(svg)!;
      const image = await sharp(png).metadata();
      expect(image.format).toBe('png');
      expect(Math.abs(image.width - 2 * Number(width))).toBeLessThanOrEqual(2);
    }
  });
});

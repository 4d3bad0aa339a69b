import { InvalidInputError, parseAs, UserInputError } from '@cosmicai/payload';
import {
  costOfRun,
  costSchema,
  DEFAULT_RENDEZVOUS_SIZE,
  expressGbSeconds,
  fargateUsage,
  partitionTransfer,
  pricedRegions,
  pricesOf,
  pricesSchema,
  teamsEstimate,
  unpriced,
  type Architecture,
  type LambdaUsage,
} from '../src/index.ts';

const ranks: LambdaUsage = {
  name: 'inference',
  architecture: 'x86_64',
  memoryMb: 2048,
  ephemeralStorageMb: 512,
  requests: 4,
  billedSeconds: 20,
};

describe('the cost of a run', () => {
  it('lists every line with quantity and price, and adds up', () => {
    const cost = costOfRun(
      {
        lambda: [{ ...ranks, ephemeralStorageMb: 2560 }],
        stepFunctions: { standardTransitions: 5, expressRequests: 4, expressGbSeconds: 10 },
        s3: { puts: 6, lists: 1, gets: 9 },
        fargate: { vcpuHours: 0.25, gbHours: 0.5 },
        provisionedConcurrency: { architecture: 'x86_64', memoryMb: 2048, environments: 5, seconds: 60 },
        dataTransfer: { outToInternetGb: 0.1, betweenZonesGb: 2, fromS3ToLambdaGb: 12.6 },
      },
      pricesOf('us-east-1'),
    );

    expect(
      cost.items.map(({ service, item, quantity, unit, usd }) => [
        service,
        item,
        quantity,
        unit,
        Number(usd.toPrecision(9)),
      ]),
    ).toEqual([
      ['Lambda', 'inference duration (x86_64, 2048 MB)', 40, 'GB-second', 0.000666668],
      ['Lambda', 'inference requests', 4, 'request', 0.0000008],
      ['Lambda', 'inference ephemeral storage', 40, 'GB-second', 0.000001236],
      ['Lambda', 'provisioned concurrency (x86_64, 2048 MB)', 600, 'GB-second', 0.00250002],
      ['Step Functions', 'Standard', 5, 'state transition', 0.000125],
      ['Step Functions', 'Express requests', 4, 'request', 0.000004],
      ['Step Functions', 'Express duration', 10, 'GB-second', 0.0001667],
      ['S3', 'PUT', 6, 'request', 0.00003],
      ['S3', 'LIST', 1, 'request', 0.000005],
      ['S3', 'GET', 9, 'request', 0.0000036],
      ['Fargate', 'vCPU', 0.25, 'vCPU-hour', 0.01012],
      ['Fargate', 'memory', 0.5, 'GB-hour', 0.0022225],
      ['Data transfer', 'out to the internet', 0.1, 'GB', 0.009],
      ['Data transfer', 'between zones', 2, 'GB', 0.02],
      ['Data transfer', 'from S3 to Lambda in one region', 12.6, 'GB', 0],
    ]);
    expect(cost.usd).toBeCloseTo(
      cost.items.reduce((sum, item) => sum + item.quantity * item.unitPrice, 0),
      15,
    );
    expect(cost).toMatchObject({ region: 'us-east-1', pricesDate: pricesOf('us-east-1').date });
    expect(parseAs(costSchema, JSON.parse(JSON.stringify(cost)), 'bill')).toEqual(cost);
    expect(() => parseAs(costSchema, { ...cost, usd: 'much' }, 'bill')).toThrow(/usd: found "much"; allowed: a number/);
  });

  it('is a fifth lower on arm64', () => {
    const [x86, arm] = (['x86_64', 'arm64'] as const).map(
      (architecture) => costOfRun({ lambda: [{ ...ranks, architecture, requests: 0 }] }, pricesOf()).usd,
    );

    expect(arm! / x86!).toBeCloseTo(0.8, 5);
  });

  it('charges less for durations in environments kept ready, and names them', () => {
    const { items } = costOfRun({ lambda: [{ ...ranks, provisioned: true }] }, pricesOf());

    expect(items[0]).toMatchObject({
      item: 'inference duration (x86_64, 2048 MB, provisioned)',
      unitPrice: 0.0000097222,
      usd: expect.closeTo(40 * 0.0000097222, 12) as number,
    });
  });

  it('of a server is by its size and time, lower on Arm', () => {
    const usd = (architecture: Architecture) =>
      costOfRun({ lambda: [], fargate: fargateUsage({ vcpus: 1, memoryMb: 3072, architecture }, 90) }, pricesOf()).usd;

    expect(usd('x86_64')).toBeCloseTo((0.04048 + 3 * 0.004445) / 40, 12);
    expect(usd('arm64')).toBeCloseTo((0.03238 + 3 * 0.00356) / 40, 12);
  });

  it('of a server that is there for runs only has the time that it waits for others', () => {
    const size = { vcpus: 0.25, memoryMb: 1024, architecture: 'x86_64' } as const;
    expect(fargateUsage({ ...size, idleMinutes: 10 }, 60)).toEqual(fargateUsage(size, 660));
  });

  it('says what prices of an earlier version do not know', () => {
    const { provisioned_concurrency_gb_second: _, provisioned_duration_gb_second: __, ...lambda } = pricesOf().lambda;
    const { arm64: ___, ...fargate } = pricesOf().fargate;
    const old = parseAs(pricesSchema, { ...pricesOf(), lambda, fargate }, 'price file');
    const usage = {
      lambda: [{ ...ranks, provisioned: true }],
      fargate: fargateUsage({ vcpus: 1, memoryMb: 1024, architecture: 'arm64' }, 3600),
      provisionedConcurrency: { architecture: 'x86_64', memoryMb: 2048, environments: 5, seconds: 60 },
    } as const;

    expect(unpriced(usage, old)).toEqual([
      expect.stringMatching(/us-east-1.*none for provisioned concurrency.*not in the cost/),
      expect.stringMatching(/durations on provisioned concurrency/),
      expect.stringMatching(/Fargate on Arm/),
    ]);
    expect(unpriced(usage, pricesOf())).toEqual([]);
    expect(unpriced({ lambda: [ranks] }, old)).toEqual([]);
    expect(unpriced({ lambda: [ranks, { ...ranks, provisioned: true }] }, old)).toHaveLength(1);
    expect(costOfRun(usage, old).items.map(({ item, unitPrice }) => [item, unitPrice])).toEqual([
      ['inference duration (x86_64, 2048 MB)', 0.0000166667],
      ['inference requests', 0.0000002],
      ['vCPU', 0.04048],
      ['memory', 0.004445],
    ]);
  });

  it('counts what functions read in GB of 2^30 bytes', () => {
    expect(partitionTransfer(3 * 2 ** 29)).toEqual({ fromS3ToLambdaGb: 1.5 });
  });

  it('takes the rendezvous server for as large as the configuration makes it', () => {
    expect(DEFAULT_RENDEZVOUS_SIZE).toEqual({ vcpus: 0.25, memoryMb: 1024, architecture: 'x86_64', idleMinutes: 10 });
  });

  it('charges ephemeral storage only above what is free', () => {
    expect(costOfRun({ lambda: [ranks] }, pricesOf()).items.map(({ item }) => item)).not.toContain(
      'inference ephemeral storage',
    );
  });

  it.each([
    // Published: partition size, ranks, seconds, GB, USD for 12.6 GB.
    [25, 517, 6.55, 2.8, 0.16],
    [50, 259, 11.8, 4.0, 0.2],
    [75, 173, 17.6, 5.9, 0.3],
    [100, 130, 25, 7.0, 0.38],
  ])(
    "by the published system's own formula is its published cost: %d MB",
    (_, requests, durationSeconds, memoryGb, usd) => {
      expect(Math.abs(teamsEstimate({ requests, durationSeconds, memoryGb }) - usd)).toBeLessThanOrEqual(0.005);
    },
  );
});

describe('Express executions', () => {
  it('are billed in steps of 100 ms and chunks of 64 MB', () => {
    expect(expressGbSeconds([0.001, 0.3, 0.301], 65)).toBeCloseTo((0.1 + 0.3 + 0.4) * 0.125, 12);
    expect(expressGbSeconds([])).toBe(0);
  });
});

describe('the price book', () => {
  it('knows every region it lists, with date and source', () => {
    expect(pricedRegions()).toContain('us-east-1');
    for (const region of pricedRegions()) {
      const prices = pricesOf(region);
      expect(prices.region).toBe(region);
      expect(prices.date).toMatch(/^20\d\d-\d\d-\d\d$/);
      expect(prices.source).not.toBe('');
    }
  });

  it('says which regions it knows instead of guessing a price', () => {
    expect(() => pricesOf('mars-north-1')).toThrow(UserInputError);
    expect(() => pricesOf('mars-north-1')).toThrow(/only for us-east-1.*--prices/);
  });

  it("takes a user's own price file and says what is wrong with a bad one", () => {
    const own = { ...pricesOf(), region: 'eu-south-2' };

    expect(parseAs(pricesSchema, own, 'price file').region).toBe('eu-south-2');
    expect(() => parseAs(pricesSchema, { ...own, s3: { put: -1, list: 1, get: 1 } }, 'price file')).toThrow(
      InvalidInputError,
    );
    expect(() => parseAs(pricesSchema, { ...own, s3: { put: -1, list: 1, get: 1 } }, 'price file')).toThrow(/s3\.put/);
    expect(() => parseAs(pricesSchema, { ...own, s3: { put: '1', list: 1, get: 1 } }, 'price file')).toThrow(
      /s3\.put: found "1"; allowed: a price in USD/,
    );
  });
});

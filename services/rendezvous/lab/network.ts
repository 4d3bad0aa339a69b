import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * The lab's networks, all in network namespaces of their own; nothing of the machine's own network is touched.
 *
 *   host-a 10.0.1.2 ── 10.0.1.1 gate-a 198.51.100.2 ──┐
 *                                                      internet (server at 198.18.0.1)
 *   host-b 10.0.2.2 ── 10.0.2.1 gate-b 203.0.113.2 ───┘
 *
 * With one gate, host-b hangs on gate-a, behind an interface of its own.
 */
export const serverAddress = '198.18.0.1';
export const publicA = '198.51.100.2';
export const publicB = '203.0.113.2';

/** Clients of the lab take their ports from here, so that a NAT's port map stays small. */
const localPorts = { first: 40_000, last: 40_999 };

/** A ruleset of nftables for a gate whose outside is the interface `wan`. */
export type Gate = (gate: { readonly publicAddress: string; readonly hostAddress: string }) => string;

export interface Layout {
  /** Undefined: the hosts' own addresses are routed, as without NAT. */
  readonly gate: Gate | undefined;
  /** Host-a is on the internet itself: its gate only routes. */
  readonly openA?: boolean;
  /** Both hosts behind gate-a; else each behind its own. */
  readonly shared: boolean;
}

/** Why the lab can't run here, or undefined. */
export function labObstacle(): string | undefined {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.getuid?.() !== 0) return 'it needs root';
  for (const [command, ...args] of [
    ['ip', '-V'],
    ['nft', '--version'],
  ] as const) {
    try {
      execFileSync(command, args, { stdio: 'ignore' });
    } catch {
      return `${command} is missing (Debian: apt install iproute2 nftables)`;
    }
  }
  try {
    execFileSync('unshare', ['--net', 'true'], { stdio: 'ignore' });
  } catch {
    return 'network namespaces are not allowed';
  }
  return undefined;
}

/** Builds the networks of a layout, and takes them down again. */
export class Network {
  readonly #prefix = `cosmicai-lab-${process.pid}-${++count}`;
  readonly #namespaces: string[] = [];
  readonly #children = new Set<ChildProcess>();

  async build({ gate, shared, openA = gate === undefined }: Layout): Promise<void> {
    for (const name of ['internet', 'gate-a', 'host-a', 'host-b', ...(shared ? [] : ['gate-b'])]) {
      this.#namespaces.push(name);
      await run('ip', ['netns', 'add', this.#name(name)]);
      await this.#ip(name, 'link set lo up');
    }
    for (const router of ['internet', 'gate-a', ...(shared ? [] : ['gate-b'])]) {
      await this.#sysctl(router, 'net.ipv4.ip_forward=1');
    }
    await this.#ip('internet', `addr add ${serverAddress}/32 dev lo`);
    await this.#connect(['gate-a', 'wan', `${publicA}/24`], ['internet', 'to-a', '198.51.100.1/24']);
    await this.#ip('gate-a', 'route add default via 198.51.100.1');
    await this.#connect(['host-a', 'eth0', '10.0.1.2/24'], ['gate-a', 'lan-a', '10.0.1.1/24']);
    await this.#ip('host-a', 'route add default via 10.0.1.1');
    const gateOfB = shared ? 'gate-a' : 'gate-b';
    if (!shared) {
      await this.#connect(['gate-b', 'wan', `${publicB}/24`], ['internet', 'to-b', '203.0.113.1/24']);
      await this.#ip('gate-b', 'route add default via 203.0.113.1');
    }
    await this.#connect(['host-b', 'eth0', '10.0.2.2/24'], [gateOfB, 'lan-b', '10.0.2.1/24']);
    await this.#ip('host-b', 'route add default via 10.0.2.1');
    for (const host of ['host-a', 'host-b']) {
      await this.#sysctl(host, `net.ipv4.ip_local_port_range=${localPorts.first} ${localPorts.last}`);
    }
    if (openA) await this.#ip('internet', `route add 10.0.1.0/24 via ${publicA}`);
    if (gate === undefined) {
      await this.#ip('internet', `route add 10.0.2.0/24 via ${shared ? publicA : publicB}`);
      return;
    }
    if (!openA) await this.#rules('gate-a', gate({ publicAddress: publicA, hostAddress: '10.0.1.2' }));
    if (!shared) await this.#rules('gate-b', gate({ publicAddress: publicB, hostAddress: '10.0.2.2' }));
  }

  /** Starts a Node program inside a namespace. */
  node(
    namespace: 'internet' | 'host-a' | 'host-b',
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.#name(namespace), process.execPath, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env.PATH, ...env },
    });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  async remove(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const name of this.#namespaces.reverse()) {
      await run('ip', ['netns', 'del', this.#name(name)]).catch(() => undefined);
    }
  }

  async #connect(left: readonly [string, string, string], right: readonly [string, string, string]): Promise<void> {
    const [space, device] = left;
    const [otherSpace, otherDevice] = right;
    const peer = ['peer', 'name', otherDevice, 'netns', this.#name(otherSpace)];
    await run('ip', ['-n', this.#name(space), 'link', 'add', device, 'type', 'veth', ...peer]);
    for (const [namespace, name, address] of [left, right]) {
      await this.#ip(namespace, `addr add ${address} dev ${name}`);
      await this.#ip(namespace, `link set ${name} up`);
    }
  }

  async #ip(namespace: string, command: string): Promise<void> {
    await run('ip', ['-n', this.#name(namespace), ...command.split(' ')]);
  }

  async #sysctl(namespace: string, setting: string): Promise<void> {
    await run('ip', ['netns', 'exec', this.#name(namespace), 'sysctl', '-qw', setting]);
  }

  async #rules(namespace: string, rules: string): Promise<void> {
    const nft = run('ip', ['netns', 'exec', this.#name(namespace), 'nft', '-f', '-']);
    nft.child.stdin?.end(rules);
    await nft;
  }

  #name(namespace: string): string {
    return `${this.#prefix}-${namespace}`;
  }
}

let count = 0;

/** The NAT's ports for the clients' ports, for gates that shift them. */
export function shiftedPorts(by: number): string {
  const { first, last } = localPorts;
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index} : ${first + index + by}`).join(', ');
}

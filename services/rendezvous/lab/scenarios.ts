import { shiftedPorts, type Gate, type Layout } from './network.ts';

export interface Scenario extends Layout {
  readonly name: string;
  /** How peers have to meet. */
  readonly expected: 'direct' | 'relay';
  /**
   * May a pair that is expected to need the relay meet directly all the same? Where a gate refuses only what comes before its own
   * host's packet has gone out, packets that cross on their way find both gates open, and the relay isn't needed.
   */
  readonly mayCross?: boolean;
  /** Offer the hosts' own addresses? Off where they would make the scenario too easy. */
  readonly localCandidates: boolean;
}

/** The ways in which a pair may meet. */
export function allowedKinds({ expected, mayCross }: Scenario): readonly ('direct' | 'relay' | 'none')[] {
  return mayCross === true ? [expected, 'direct'] : [expected];
}

/** A chain of nftables: what it hooks into, then its rules. */
function chain(name: string, hook: string, ...rules: string[]): string {
  return `chain ${name} {\n type ${hook};\n ${rules.join('\n ')}\n}\n`;
}

function table(...chains: string[]): string {
  return `table ip lab {\n${chains.join('')}}\n`;
}

/** What a gate does with packets from outside that belong to nothing, be they for the gate itself or for a host. */
function unsolicited(verdict: string): string {
  return fromOutside(`ct state new,invalid ${verdict}`);
}

function fromOutside(refusal: string): string {
  const rule = `iifname "wan" meta l4proto tcp ${refusal}`;
  return (
    chain('input', 'filter hook input priority 0', rule) + chain('forward', 'filter hook forward priority 0', rule)
  );
}

function translation(source: string): string {
  return chain('out', 'nat hook postrouting priority 100', `oifname "wan" meta l4proto tcp ${source}`);
}

/** Linux keeps a connection's source port when it can. */
const portPreserving: Gate = () => table(unsolicited('drop'), translation('masquerade'));

const fullCone: Gate = ({ hostAddress }) =>
  table(
    translation('masquerade'),
    chain('into', 'nat hook prerouting priority -100', `iifname "wan" meta l4proto tcp dnat to ${hostAddress}`),
  );

const shifting: Gate = ({ publicAddress }) =>
  table(unsolicited('drop'), translation(`snat to ${publicAddress} : tcp sport map { ${shiftedPorts(5_000)} }`));

/** A port of its own for each connection. */
const symmetric: Gate = () => table(unsolicited('drop'), translation('masquerade fully-random'));

const resetting: Gate = () => table(unsolicited('reject with tcp reset'), translation('masquerade'));

/** Lets nobody outside begin a connection, whatever the hosts have sent: a filter of packets without a memory of connections. */
const resettingAll: Gate = () =>
  table(fromOutside('tcp flags & (syn | ack) == syn reject with tcp reset'), translation('masquerade'));

/** Packets from inside to the gate's public address aren't turned round. */
const noHairpin = (publicAddress: string) =>
  chain(
    'input',
    'filter hook input priority 0',
    `meta l4proto tcp ip daddr ${publicAddress} ct state new,invalid drop`,
  );

/** Hosts on separate networks behind one gate, which doesn't pass between them either. */
const withoutHairpin: Gate = ({ publicAddress }) =>
  table(
    noHairpin(publicAddress),
    chain('forward', 'filter hook forward priority 0', 'iifname "lan-*" oifname "lan-*" drop'),
    translation('masquerade'),
  );

/** As before, but the gate routes between the two inner networks. */
const withInnerRoute: Gate = ({ publicAddress }) => table(noHairpin(publicAddress), translation('masquerade'));

export const scenarios: readonly Scenario[] = [
  { name: 'no NAT', expected: 'direct', gate: undefined, shared: false, localCandidates: true },
  { name: 'no NAT, hole punching only', expected: 'direct', gate: undefined, shared: false, localCandidates: false },
  {
    name: 'port-preserving NAT that drops SYNs',
    expected: 'direct',
    gate: portPreserving,
    shared: false,
    localCandidates: true,
  },
  { name: 'full cone', expected: 'direct', gate: fullCone, shared: false, localCandidates: true },
  { name: 'shifted ports', expected: 'direct', gate: shifting, shared: false, localCandidates: true },
  {
    name: 'symmetric on one side only',
    expected: 'direct',
    gate: symmetric,
    shared: false,
    openA: true,
    localCandidates: true,
  },
  { name: 'same NAT, reachable inside', expected: 'direct', gate: withInnerRoute, shared: true, localCandidates: true },
  { name: 'symmetric on both sides', expected: 'relay', gate: symmetric, shared: false, localCandidates: true },
  { name: 'same NAT without hairpin', expected: 'relay', gate: withoutHairpin, shared: true, localCandidates: true },
  {
    name: 'routers that answer every SYN with RST',
    expected: 'relay',
    gate: resettingAll,
    shared: false,
    localCandidates: true,
  },
  {
    name: 'routers that answer early SYNs with RST',
    expected: 'relay',
    mayCross: true,
    gate: resetting,
    shared: false,
    localCandidates: true,
  },
];

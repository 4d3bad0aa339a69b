import { floats, integers, type FloatTensor, type Graph, type Node, type Tensor } from './graph.ts';

/**
 * A graph while a pass rewrites it. A replaced node's outputs keep their names, so that readers of them need no change;
 * what nothing reads any more goes when the edit ends.
 */
export class GraphEditor {
  readonly #graph: Graph;
  readonly #constants: Map<string, Tensor>;
  readonly #outputs: ReadonlySet<string>;
  #nodes: Node[];

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#nodes = [...graph.nodes];
    this.#constants = new Map(graph.constants);
    this.#outputs = new Set(graph.outputs.map((port) => port.name));
  }

  /** Nodes of an operator as the graph now stands, in order. */
  all(op: string): Node[] {
    return this.#nodes.filter((node) => node.op === op);
  }

  /** The node that makes a value; undefined for inputs and constants. */
  maker(value: string): Node | undefined {
    return this.#nodes.find((node) => node.outputs.includes(value));
  }

  /** The node that makes a value if it is of that operator. */
  makerOf(value: string | undefined, op: string): Node | undefined {
    const node = value === undefined ? undefined : this.maker(value);
    return node?.op === op ? node : undefined;
  }

  readers(value: string): Node[] {
    return this.#nodes.filter((node) => node.inputs.includes(value));
  }

  /** The one node that reads a value; undefined when there are more, or when it leaves the graph. */
  soleReader(value: string | undefined): Node | undefined {
    if (value === undefined) return undefined;
    const readers = this.readers(value);
    return readers.length === 1 && !this.#outputs.has(value) ? readers[0] : undefined;
  }

  /** A constant of floats; undefined for anything else, as for a value computed. */
  floats(value: string | undefined): FloatTensor | undefined {
    const tensor = value === undefined ? undefined : this.#constants.get(value);
    return tensor?.type === 'float32' ? tensor : undefined;
  }

  /** A constant vector of integers. */
  integers(value: string | undefined): number[] | undefined {
    const tensor = value === undefined ? undefined : this.#constants.get(value);
    return tensor?.type === 'int64' ? Array.from(tensor.data, Number) : undefined;
  }

  /** Adds a constant; when the name is taken, under the name with a number. */
  constant(name: string, tensor: Tensor): string {
    let free = name;
    for (let number = 2; this.#constants.has(free) || this.maker(free); number++) {
      free = `${name}.${number}`;
    }
    this.#constants.set(free, tensor);
    return free;
  }

  removeConstant(name: string): void {
    this.#constants.delete(name);
  }

  vector(name: string, data: Float32Array): string {
    return this.constant(name, floats([data.length], data));
  }

  shape(name: string, dims: readonly number[]): string {
    return this.constant(name, integers(dims));
  }

  /** Puts nodes in the place of one. They must make every output of it that is still read. */
  replace(node: Node, ...nodes: readonly Node[]): void {
    const place = this.#nodes.indexOf(node);
    if (place < 0) {
      throw new Error(`Node ${node.name} is not in the graph`);
    }
    this.#nodes.splice(place, 1, ...nodes);
  }

  /** Puts nodes before all others: they may read constants only. */
  prepend(nodes: readonly Node[]): void {
    this.#nodes.unshift(...nodes);
  }

  /** Ends the edit: the graph without the nodes and constants that no output depends on. */
  finish(): Graph {
    const needed = new Set(this.#outputs);
    const nodes: Node[] = [];
    for (const node of this.#nodes.toReversed()) {
      if (node.outputs.some((output) => needed.has(output))) {
        node.inputs.forEach((input) => needed.add(input));
        nodes.push(node);
      }
    }
    nodes.reverse();
    const names = new Set<string>();
    for (const { name } of nodes) {
      if (names.has(name)) throw new Error(`Two nodes are named ${name}`);
      names.add(name);
    }
    const constants = new Map([...this.#constants].filter(([name]) => needed.has(name)));
    this.#nodes = nodes;
    return { ...this.#graph, nodes, constants };
  }
}

/** A node with one output of its own name. */
export function plainNode(name: string, op: string, inputs: readonly string[], extra: Partial<Node> = {}): Node {
  return { name, op, domain: '', inputs, outputs: [name], attributes: {}, ...extra };
}

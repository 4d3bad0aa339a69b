import { integers, type Attributes, type Domain, type Graph, type Node, type Port, type Tensor } from './graph.ts';

interface NodeOptions {
  readonly attributes?: Attributes;
  readonly domain?: Domain;
}

/** Grows a graph node by node. Every node has one output of the node's own name, unless `split` makes it. */
export class GraphBuilder {
  readonly #name: string;
  readonly #inputs: Port[] = [];
  readonly #outputs: Port[] = [];
  readonly #nodes: Node[] = [];
  readonly #constants = new Map<string, Tensor>();
  readonly #values = new Set<string>();

  constructor(name: string) {
    this.#name = name;
  }

  input(port: Port): string {
    this.#inputs.push(port);
    return this.#define(port.name);
  }

  output(port: Port): void {
    this.#outputs.push(port);
  }

  constant(name: string, tensor: Tensor): string {
    this.#constants.set(this.#define(name), tensor);
    return name;
  }

  /** An int64 vector that belongs to the node of that name. */
  integers(name: string, values: readonly number[]): string {
    return this.constant(name, integers(values));
  }

  /** Adds a node; answers the name of its output, which is the node's. */
  node(name: string, op: string, inputs: readonly string[], options: NodeOptions = {}): string {
    this.#add({ name, op, inputs, outputs: [name], ...filled(options) });
    return name;
  }

  /** Adds a node with several outputs, `name.0`, `name.1` and so on. */
  split(name: string, op: string, count: number, inputs: readonly string[], options: NodeOptions = {}): string[] {
    const outputs = Array.from({ length: count }, (_, index) => `${name}.${index}`);
    this.#add({ name, op, inputs, outputs, ...filled(options) });
    return outputs;
  }

  build(): Graph {
    return {
      name: this.#name,
      inputs: this.#inputs,
      outputs: this.#outputs,
      nodes: this.#nodes,
      constants: this.#constants,
    };
  }

  #add(node: Node): void {
    for (const input of node.inputs) {
      if (input !== '' && !this.#values.has(input)) {
        throw new Error(`Node ${node.name} (${node.op}) reads ${input}, which nothing before it makes`);
      }
    }
    node.outputs.forEach((output) => this.#define(output));
    this.#nodes.push(node);
  }

  #define(name: string): string {
    if (this.#values.has(name)) {
      throw new Error(`The graph has two values named ${name}`);
    }
    this.#values.add(name);
    return name;
  }
}

function filled(options: NodeOptions): { attributes: Attributes; domain: Domain } {
  return { attributes: options.attributes ?? {}, domain: options.domain ?? '' };
}

import { join, relative } from 'node:path';
import ts from 'typescript';

/** A function, by its file and its name there. */
export interface Place {
  readonly file: string;
  readonly name: string;
}

/** Which functions of a program use which others, by what their code names: calls, and functions that are handed on. */
export class CallGraph {
  readonly #root: string;
  readonly #program: ts.Program;
  readonly #checker: ts.TypeChecker;

  /** @param entry file that leads to all others, from the root */
  constructor(root: string, entry: string) {
    const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), (path) => ts.sys.readFile(path)) as {
      config: object;
    };
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    this.#root = root;
    this.#program = ts.createProgram([join(root, entry)], { ...options, noEmit: true, skipLibCheck: true });
    this.#checker = this.#program.getTypeChecker();
  }

  /**
   * The shortest way from one function to another.
   *
   * @throws Error when no such function is there, or no way leads to it
   */
  chain(from: Place, to: Place): Place[] {
    const [start, end] = [this.#find(from), this.#find(to)];
    const cameFrom = new Map<ts.Node, ts.Node | undefined>([[start, undefined]]);
    for (const node of cameFrom.keys()) {
      if (node === end) break;
      for (const used of this.#usedBy(node)) if (!cameFrom.has(used)) cameFrom.set(used, node);
    }
    if (!cameFrom.has(end)) throw new Error(`No way leads from ${from.name} to ${to.name}.`);
    const way: Place[] = [];
    for (let node: ts.Node | undefined = end; node !== undefined; node = cameFrom.get(node))
      way.unshift({ file: relative(this.#root, node.getSourceFile().fileName), name: nameOf(node) });
    return way;
  }

  #find({ file, name }: Place): ts.Node {
    const source = this.#program.getSourceFile(join(this.#root, file));
    let found: ts.Node | undefined;
    const look = (node: ts.Node): void => {
      if (found === undefined && isNamed(node) && nameOf(node) === name) found = node;
      ts.forEachChild(node, look);
    };
    if (source !== undefined) look(source);
    if (found === undefined) throw new Error(`There is no ${name} in ${file}.`);
    return found;
  }

  #usedBy(node: ts.Node): ts.Node[] {
    const used: ts.Node[] = [];
    const look = (child: ts.Node): void => {
      if (ts.isIdentifier(child)) used.push(...this.#declared(child));
      ts.forEachChild(child, look);
    };
    ts.forEachChild(node, look);
    return used;
  }

  #declared(identifier: ts.Identifier): ts.Node[] {
    const named = this.#checker.getSymbolAtLocation(identifier);
    if (named === undefined) return [];
    const symbol = named.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(named) : named;
    return (symbol.declarations ?? []).filter(
      (declaration) => isNamed(declaration) && !declaration.getSourceFile().fileName.includes('node_modules'),
    );
  }
}

type Named =
  ts.FunctionDeclaration | ts.MethodDeclaration | ts.MethodSignature | ts.VariableDeclaration | ts.PropertyAssignment;

function isNamed(node: ts.Node): node is Named {
  return (
    ts.isFunctionDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isMethodSignature(node) ||
    ts.isVariableDeclaration(node) ||
    ts.isPropertyAssignment(node)
  );
}

function nameOf(node: ts.Node): string {
  return isNamed(node) ? (node.name?.getText() ?? '') : '';
}

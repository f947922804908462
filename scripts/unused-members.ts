// Part of `npm run lint`: lists the members of classes, interfaces and object types below src/ that nothing reads but
// tests. Knip, which finds unused files, exports and dependencies, does not look into them.
//
// A value of one type may be read through another one. So a member counts as read where one of its name is read from a
// type that its own can be assigned to. A type without a name is part of what it stands in, and is not looked at.

import { join, relative } from 'node:path';
import {
  isBinaryExpression,
  isBindingElement,
  isClassLikeDeclaration,
  isElementAccessExpression,
  isGetAccessorDeclaration,
  isIndexedAccessTypeNode,
  isInterfaceDeclaration,
  isLiteralTypeNode,
  isMethodDeclaration,
  isMethodSignatureDeclaration,
  isObjectBindingPattern,
  isObjectLiteralExpression,
  isPropertyAccessExpression,
  isPropertyDeclaration,
  isPropertySignatureDeclaration,
  isStringLiteral,
  isTypeAliasDeclaration,
  isTypeLiteralNode,
  ModifierFlags,
  type Node,
  type SourceFile,
  SyntaxKind,
} from 'typescript/unstable/ast';
import {
  API,
  type Project,
  SymbolFlags,
  type Type,
  type Symbol as TypeSymbol,
} from 'typescript/unstable/sync';

export interface UnusedMember {
  /** Path from the project's folder, and line. */
  readonly place: string;
  /** `AttachServer.close`. */
  readonly name: string;
}

interface Exemptions {
  /** Files whose exports are for others to use, with all their members. */
  readonly apis: readonly string[];
  /** Folders and files that count as tests, and what is declared in them as used. */
  readonly tests: readonly string[];
  /** Types, or members as `Type.member`, that somebody else reads. */
  readonly readElsewhere: readonly string[];
}

const ours: Exemptions = {
  apis: ['src/manager/index.ts'],
  tests: ['test/', 'src/sys/scripted.ts'],
  readElsewhere: [
    'SpawnPlan', // by the addon
    'WatchedEvents', // by `for await`
    'FatalError', // by who looks at an error in a debugger
  ],
};

export function findUnusedMembers(folder: string, exemptions: Exemptions): UnusedMember[] {
  const api = new API({ cwd: folder });
  try {
    const project = api.updateSnapshot({ openProjects: [join(folder, 'tsconfig.json')] }).getProjects()[0]!;
    return new Search(folder, project, exemptions).run();
  } finally {
    api.close();
  }
}

class Search {
  readonly #folder: string;
  readonly #project: Project;
  readonly #exemptions: Exemptions;
  /** The declarations that are read. */
  readonly #read = new Set<string>();
  /** The types that they are members of, by the name of the member. */
  readonly #readers = new Map<string, Map<string, Type>>();

  constructor(folder: string, project: Project, exemptions: Exemptions) {
    this.#folder = folder;
    this.#project = project;
    this.#exemptions = exemptions;
  }

  run(): UnusedMember[] {
    const { apis, tests } = this.#exemptions;
    const files = this.#project.rootFiles
      .filter(path => !tests.some(test => relative(this.#folder, path).startsWith(test)))
      .map(path => this.#project.program.getSourceFile(path)!);
    for (const file of files) this.#noteReads(file);
    const exported = new Set(apis.flatMap(path => this.#listExports(join(this.#folder, path))));
    return files
      .filter(file => relative(this.#folder, file.fileName).startsWith('src/'))
      .flatMap(file => this.#findUnused(file, exported));
  }

  #noteReads(file: SourceFile): void {
    const names: Node[] = [];
    const picks: { from: Node; name: string }[] = [];
    for (const node of walk(file)) {
      if (isPropertyAccessExpression(node) && !isAssigned(node)) names.push(node.name);
      else if (isElementAccessExpression(node) && isStringLiteral(node.argumentExpression))
        names.push(node.argumentExpression);
      else if (isBindingElement(node) && isObjectBindingPattern(node.parent)) {
        const name = node.propertyName ?? node.name;
        if (name && !node.dotDotDotToken) picks.push({ from: node.parent, name: name.getText() });
      } else if (isIndexedAccessTypeNode(node) && isLiteralTypeNode(node.indexType)) {
        const { literal } = node.indexType;
        if (isStringLiteral(literal)) picks.push({ from: node.objectType, name: literal.text });
      }
    }
    const { checker } = this.#project;
    for (const symbol of checker.getSymbolAtLocation(names)) this.#noteRead(symbol);
    const types = checker.getTypeAtLocation(picks.map(({ from }) => from));
    for (const [i, { name }] of picks.entries()) {
      const type = types[i];
      this.#noteRead(type && checker.getPropertyOfType(type, name));
    }
  }

  #noteRead(symbol: TypeSymbol | undefined): void {
    for (const handle of symbol?.declarations ?? []) {
      const key = `${handle.path} ${handle.index}`;
      if (this.#read.has(key)) continue;
      this.#read.add(key);
      const owner = handle.resolve()?.parent;
      const type = owner && this.#typeOf(owner);
      if (type === undefined) continue;
      const types = this.#readers.get(symbol!.name) ?? new Map<string, Type>();
      this.#readers.set(symbol!.name, types.set(key, type));
    }
  }

  /** The type that a class, an interface or an object type declares. */
  #typeOf(owner: Node): Type | undefined {
    const { checker } = this.#project;
    if (isTypeLiteralNode(owner)) return checker.getTypeFromTypeNode(owner);
    if (!isClassLikeDeclaration(owner) && !isInterfaceDeclaration(owner)) return undefined;
    const symbol = owner.name && checker.getSymbolAtLocation(owner.name);
    return symbol && checker.getDeclaredTypeOfSymbol(symbol);
  }

  /** Whether a value of the type that `owner` declares can be one of a type whose `name` is read. */
  #isReadThroughAnother(owner: Node, name: string): boolean {
    const type = this.#typeOf(owner);
    return (
      type === undefined ||
      [...(this.#readers.get(name)?.values() ?? [])].some(reader =>
        this.#project.checker.isTypeAssignableTo(type, reader),
      )
    );
  }

  #findUnused(file: SourceFile, exported: ReadonlySet<string>): UnusedMember[] {
    const members = [...walk(file)].filter(isMember);
    const symbols = this.#project.checker.getSymbolAtLocation(members.map(({ name }) => name));
    return members.flatMap((member, i) => {
      const owner = nameOfType(member.parent);
      const symbol = symbols[i];
      if (owner === undefined || symbol === undefined) return [];
      const name = `${owner}.${symbol.name}`;
      const isUsed =
        (member.modifierFlags & ModifierFlags.Override) !== 0 ||
        [owner, name].some(one => this.#exemptions.readElsewhere.includes(one)) ||
        exported.has(`${file.fileName} ${owner}`) ||
        symbol.declarations.some(({ path, index }) => this.#read.has(`${path} ${index}`)) ||
        this.#isReadThroughAnother(member.parent, symbol.name);
      if (isUsed) return [];
      const line = file.text.slice(0, member.name.getStart()).split('\n').length;
      return { place: `${relative(this.#folder, file.fileName)}:${line}`, name };
    });
  }

  /** The exports of the file at `path`: the files that declare them, and their names there. */
  #listExports(path: string): string[] {
    const { checker, program } = this.#project;
    const module = checker.getSymbolAtLocation(program.getSourceFile(path)!);
    return checker.getExportsOfModule(module!).flatMap(symbol =>
      (symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol).declarations.map(
        handle => {
          const declaration = handle.resolve()!;
          return `${declaration.getSourceFile().fileName} ${nameOf(declaration)}`;
        },
      ),
    );
  }
}

type Member = Node & { readonly name: Node; readonly modifierFlags: ModifierFlags };

function isMember(node: Node): node is Member {
  if (isMethodSignatureDeclaration(node) || isPropertySignatureDeclaration(node)) return true;
  if (isMethodDeclaration(node)) return !isObjectLiteralExpression(node.parent);
  return (
    isPropertyDeclaration(node) || (isGetAccessorDeclaration(node) && isClassLikeDeclaration(node.parent))
  );
}

function isAssigned(node: Node): boolean {
  const { parent } = node;
  return (
    isBinaryExpression(parent) && parent.left === node && parent.operatorToken.kind === SyntaxKind.EqualsToken
  );
}

function nameOf(node: Node): string | undefined {
  return (node as Node & { readonly name?: Node }).name?.getText();
}

/** The name of what declares a type: a class, an interface, or the alias of an object type. */
function nameOfType(node: Node): string | undefined {
  return nameOf(isTypeLiteralNode(node) && isTypeAliasDeclaration(node.parent) ? node.parent : node);
}

function* walk(node: Node): Generator<Node> {
  yield node;
  const children: Node[] = [];
  node.forEachChild(child => {
    children.push(child);
  });
  for (const child of children) yield* walk(child);
}

if (import.meta.main) {
  const unused = findUnusedMembers(join(import.meta.dirname, '..'), ours);
  for (const { place, name } of unused) console.error(`${place}: nothing but tests reads ${name}`);
  process.exitCode = unused.length > 0 ? 1 : 0;
}

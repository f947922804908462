// Which changes of a source are tried: each is one that a slip of a hand makes.

import {
  isBinaryExpression,
  isCallExpression,
  isExpressionStatement,
  isIdentifier,
  isIfStatement,
  isNumericLiteral,
  isPrefixUnaryExpression,
  isStringLiteral,
  isTemplateExpression,
  isTypeNode,
  type Node,
  type SourceFile,
  SyntaxKind,
} from 'typescript/unstable/ast';

export interface Mutant {
  /** In characters of the source. */
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  /** What it is, for a reader: the text before and after. */
  readonly what: string;
}

const swaps: Readonly<Partial<Record<SyntaxKind, string>>> = {
  [SyntaxKind.LessThanToken]: '<=',
  [SyntaxKind.LessThanEqualsToken]: '<',
  [SyntaxKind.GreaterThanToken]: '>=',
  [SyntaxKind.GreaterThanEqualsToken]: '>',
  [SyntaxKind.EqualsEqualsEqualsToken]: '!==',
  [SyntaxKind.ExclamationEqualsEqualsToken]: '===',
  [SyntaxKind.AmpersandAmpersandToken]: '||',
  [SyntaxKind.BarBarToken]: '&&',
  [SyntaxKind.PlusToken]: '-',
  [SyntaxKind.MinusToken]: '+',
  [SyntaxKind.PlusEqualsToken]: '-=',
  [SyntaxKind.MinusEqualsToken]: '+=',
};

export function findMutants(file: SourceFile): Mutant[] {
  const found: Mutant[] = [];
  const visit = (node: Node): void => {
    if (isTypeNode(node)) return;
    found.push(...mutate(node, file.text));
    node.forEachChild(child => {
      visit(child);
    });
  };
  visit(file);
  return found;
}

function mutate(node: Node, source: string): Mutant[] {
  const replace = (what: Node, replacement: string): Mutant => {
    const [start, end] = [what.getStart(), what.getEnd()];
    const shown = source.slice(start, end).replaceAll(/\s+/g, ' ');
    return { start, end, replacement, what: `${shown} -> ${replacement || 'nothing'}` };
  };

  if (isBinaryExpression(node)) {
    const { left, operatorToken: operator, right } = node;
    const swapped = isText(left) || isText(right) ? undefined : swaps[operator.kind];
    const shown = (text: string) =>
      source.slice(node.getStart(), node.getEnd()).replaceAll(/\s+/g, ' ') + text;
    const found =
      swapped === undefined ? [] : [{ ...replace(operator, swapped), what: shown(` with ${swapped}`) }];
    if (operator.kind === SyntaxKind.PlusToken || operator.kind === SyntaxKind.MinusToken)
      for (const [side, other] of [
        [left, right],
        [right, left],
      ] as const)
        if (isNumericLiteral(side))
          found.push({ ...replace(node, other.getText()), what: shown(` without ${side.getText()}`) });
    // A flag of several that are joined.
    if (operator.kind === SyntaxKind.BarToken && isFlag(right)) found.push(replace(node, left.getText()));
    if (operator.kind === SyntaxKind.BarToken && isFlag(left)) found.push(replace(node, right.getText()));
    return found;
  }
  if (isPrefixUnaryExpression(node) && node.operator === SyntaxKind.ExclamationToken)
    return [replace(node, node.operand.getText())];
  // The only statement behind an `if` goes with the condition.
  if (isExpressionStatement(node) && !isSuper(node.expression) && !isIfStatement(node.parent))
    return [replace(node, ';')];
  if (isIfStatement(node)) return [replace(node.expression, 'false')];
  if (node.kind === SyntaxKind.TrueKeyword) return [replace(node, 'false')];
  if (node.kind === SyntaxKind.FalseKeyword) return [replace(node, 'true')];
  return [];
}

function isText(node: Node): boolean {
  return (
    isStringLiteral(node) ||
    isTemplateExpression(node) ||
    node.kind === SyntaxKind.NoSubstitutionTemplateLiteral
  );
}

function isFlag(node: Node): boolean {
  return isIdentifier(node) && /^[A-Z][A-Z0-9_]+$/.test(node.text);
}

function isSuper(node: Node): boolean {
  return isCallExpression(node) && node.expression.kind === SyntaxKind.SuperKeyword;
}

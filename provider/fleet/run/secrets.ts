import { Inventory, InventoryHost, PositionedProblem, secretSource, withSecretValues } from "../inventory";

/** Environment variables of secrets that are not set, as is to be told of all hosts before any is touched. */
export function missingSecrets(
  { positionOf }: Pick<Inventory, "positionOf">,
  hosts: readonly InventoryHost[],
  env: NodeJS.ProcessEnv = process.env,
): PositionedProblem[] {
  const source = secretSource(env, () => "of the stack");
  return hosts.flatMap(({ name, args, path }) =>
    withSecretValues(args, source).problems.map((problem) => {
      const at = [...path, ...problem.path];
      return { ...problem, path: at, position: positionOf(at), hosts: [name] };
    }),
  );
}

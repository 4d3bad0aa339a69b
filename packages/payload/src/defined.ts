type Optional<Fields> = { [Name in keyof Fields]: undefined extends Fields[Name] ? Name : never }[keyof Fields];

/** The same fields, where those that may be undefined may be missing instead. */
export type Defined<Fields> = {
  [Name in Exclude<keyof Fields, Optional<Fields>>]: Fields[Name];
} & { [Name in Optional<Fields>]?: Exclude<Fields[Name], undefined> };

/** An object without its fields that are undefined; what is null, empty, 0 or false stays. */
export function defined<Fields extends object>(fields: Fields): Defined<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<Fields>;
}

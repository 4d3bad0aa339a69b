// The package ships its types in TypeScript sources that its package.json does not name.
declare module 'asl-validator' {
  export default function aslValidator(definition: object): {
    readonly isValid: boolean;
    readonly errorsText: (separator?: string) => string;
  };
}

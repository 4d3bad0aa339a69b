/** The package manager, as `npx` takes it. */
export declare const PNPM: string;

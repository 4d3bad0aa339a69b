// `npm run cosmicai -- …` and `pnpm cosmicai …`: package managers start scripts in the repository, the user stands elsewhere.
if (process.env.INIT_CWD !== undefined) process.chdir(process.env.INIT_CWD);
await import('../packages/cli/src/main.ts');
